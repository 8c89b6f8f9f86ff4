package import GrapevineCore

/// A connection in memory: two ends, and a bounded buffer each way.
package final class MemoryPipe: Sendable {
  /// One of the two ends.
  package enum Side: Int, Sendable {
    /// The one that connected.
    case opener
    /// The one that is, or will be, accepted.
    case acceptor

    package var other: Side { self == .opener ? .acceptor : .opener }
  }

  let id: UInt64
  /// The addresses of the ends, where the connection has a network.
  package let addresses: (opener: Endpoint, acceptor: Endpoint)?
  package let monitor: MemoryMonitor<State>

  init(id: UInt64, addresses: (opener: Endpoint, acceptor: Endpoint)?, capacity: Int) {
    self.id = id
    self.addresses = addresses
    monitor = MemoryMonitor(State(capacity: capacity))
  }
}

extension MemoryPipe {
  /// How far the connection is.
  package enum Stage: Sendable {
    /// Nobody has answered.
    case connecting
    /// It waits to be accepted, and the opener may speak.
    case queued
    case accepted
    /// Nobody listens there, or too many wait.
    case refused
    /// The opener gave up before it was accepted.
    case abandoned
  }

  /// How the bytes of one direction end.
  package enum Ending: Sendable {
    /// No more bytes come, but the sender still reads.
    case finished
    /// The sender has closed its end.
    case closed
    /// The sender has closed its end, and what it said is lost.
    case reset
  }

  /// What came of a read.
  package enum ReadOutcome<Bytes> {
    case bytes(Bytes)
    case nothing
    case ended
    case reset
  }

  /// What came of a write.
  package enum WriteOutcome: Sendable {
    /// So many bytes were taken; none if there is no room now.
    case taken(Int)
    /// The peer does not read any more, or this end has said that it ends.
    case broken
  }
}

extension MemoryPipe {
  /// One direction.
  struct Lane {
    var queue = ByteQueue()
    /// How many of the queue's bytes have reached the reader.
    var arrivedCount = 0
    var ending: Ending?
    /// The ending, once it has reached the reader.
    var arrivedEnding: Ending?
    /// While it is cut nothing arrives.
    var isCut = false

    mutating func arrive() {
      guard !isCut else { return }
      arrivedCount = queue.count
      arrivedEnding = ending
    }
  }

  /// What belongs to one end.
  struct End {
    /// The lane that it writes to.
    var lane = Lane()
    var isClosed = false
    /// Closing forgets what is unread and tells the peer of a reset.
    var isResettingOnClose = false
    /// What tells a loop that the end is ready; nil if tasks use it.
    var signal: MemorySignal?
    var interest: Interest = []
    var readTurns = MemoryTurns()
    var writeTurns = MemoryTurns()
  }

  /// All that the lock protects.
  package struct State {
    package fileprivate(set) var stage = Stage.connecting
    fileprivate var capacity: Int
    private var opener = End()
    private var acceptor = End()

    fileprivate init(capacity: Int) { self.capacity = capacity }

    subscript(side: Side) -> End {
      get { side == .opener ? opener : acceptor }
      _modify {
        if side == .opener { yield &opener } else { yield &acceptor }
      }
    }
  }
}

// What an end does.
extension MemoryPipe.State {
  fileprivate var isEstablished: Bool { stage == .queued || stage == .accepted }

  /// Takes bytes for the peer, as many as there is room for.
  package mutating func write(
    _ bytes: some Collection<UInt8>,
    from side: MemoryPipe.Side
  ) -> MemoryPipe.WriteOutcome {
    guard stage != .refused, self[side].lane.ending == nil, !isBroken(for: side) else {
      return .broken
    }
    guard isEstablished else { return .taken(0) }
    let count = min(bytes.count, capacity - self[side].lane.queue.count)
    guard count > 0 else { return .taken(0) }
    self[side].lane.queue.append(bytes.prefix(count))
    self[side].lane.arrive()
    return .taken(count)
  }

  /// Takes what has arrived, and lends it to `body`.
  package mutating func read<Bytes>(
    atMost limit: Int,
    by side: MemoryPipe.Side,
    _ body: (ArraySlice<UInt8>) -> Bytes
  ) -> MemoryPipe.ReadOutcome<Bytes> {
    let arrived = self[side.other].lane.arrivedCount
    let ending = self[side.other].lane.arrivedEnding
    guard stage != .refused, ending != .reset else { return .reset }
    guard arrived > 0 else { return ending == nil ? .nothing : .ended }
    let count = min(limit, arrived)
    self[side.other].lane.arrivedCount -= count
    return .bytes(self[side.other].lane.queue.take(atMost: count, body))
  }

  /// Says that no more bytes come from this end; returns false if the peer is gone already.
  mutating func finishWriting(from side: MemoryPipe.Side) -> Bool {
    guard isEstablished, !isBroken(for: side) else { return false }
    if self[side].lane.ending == nil { self[side].lane.ending = .finished }
    self[side].lane.arrive()
    return true
  }

  /// Closes an end.
  ///
  /// The peer reads what is still there and then sees the end; what it has sent is forgotten.
  package mutating func close(_ side: MemoryPipe.Side) {
    guard !self[side].isClosed else { return }
    // As the kernel does: to close what is not read to the end tells the peer that it is lost.
    let hasUnread = self[side].signal != nil && self[side.other].lane.arrivedCount > 0
    let isReset = self[side].isResettingOnClose || hasUnread
    self[side].isClosed = true
    // Who has not even been asked is not to find a connection without an opener.
    if side == .opener, stage == .connecting { stage = .abandoned }
    self[side].signal = nil
    self[side].lane.ending = isReset ? .reset : .closed
    self[side.other].lane.queue = ByteQueue()
    self[side.other].lane.arrivedCount = 0
    self[side].lane.arrive()
  }

  /// Ends a connection that nobody will accept.
  package mutating func abandon() {
    if stage != .accepted { stage = .abandoned }
    close(.opener)
  }

  /// Says whether the peer of an end has closed its own, as far as is known here.
  package func isBroken(for side: MemoryPipe.Side) -> Bool {
    let ending = self[side.other].lane.arrivedEnding
    return ending == .closed || ending == .reset
  }

  package func isClosed(_ side: MemoryPipe.Side) -> Bool { self[side].isClosed }

  /// What an end is ready for of what is watched; like the kernel it tells a failure in any case.
  func readiness(of side: MemoryPipe.Side) -> Readiness {
    let interest = Readiness(rawValue: self[side].interest.rawValue)
    guard stage != .refused else { return interest.union(.failed) }
    guard isEstablished else { return [] }
    let peer = self[side.other].lane
    var readiness: Readiness = []
    if peer.arrivedCount > 0 || peer.arrivedEnding != nil { readiness.insert(.readable) }
    let lane = self[side].lane
    if isBroken(for: side) || lane.ending != nil || lane.queue.count < capacity {
      readiness.insert(.writable)
    }
    readiness.formIntersection(interest)
    return peer.arrivedEnding == .reset ? readiness.union(.failed) : readiness
  }

  fileprivate func setSignals() {
    for side in [MemoryPipe.Side.opener, .acceptor] {
      self[side].signal?.set(!readiness(of: side).isEmpty)
    }
  }
}

// What changes it; the signals say at once what the state says then.
extension MemoryPipe {
  package func change<Result>(_ body: (inout State) -> Result) -> Result {
    monitor.change { state in
      defer { state.setSignals() }
      return body(&state)
    }
  }

  /// The same for tasks that wait until it is done.
  package func attempt<Result>(
    _ body: (inout State) -> (MemoryMonitor<State>.Attempt<Result>, hasChanged: Bool)
  ) async -> Result? {
    await monitor.attempt { state in
      let (attempt, hasChanged) = body(&state)
      if hasChanged { state.setSignals() }
      return (attempt, hasChanged)
    }
  }

  /// Puts the connection in a listener's queue, whose buffers have a size.
  func enqueue(capacity: Int) {
    change { state in
      guard state.stage == .connecting else { return }
      state.capacity = capacity
      state.stage = .queued
    }
  }

  /// Says whether the opener still wants to be accepted, and if so accepts it.
  package func accept() -> Bool {
    change { state in
      guard state.stage == .queued else { return false }
      state.stage = .accepted
      return true
    }
  }

  var isAbandoned: Bool {
    monitor.read { $0.stage == .abandoned }
  }

  func refuse() {
    change { state in
      if state.stage == .connecting { state.stage = .refused }
    }
  }

  /// Lets nothing arrive, or everything again, either way.
  func setCut(fromOpener: Bool, fromAcceptor: Bool) {
    change { state in
      state[.opener].lane.isCut = fromOpener
      state[.opener].lane.arrive()
      state[.acceptor].lane.isCut = fromAcceptor
      state[.acceptor].lane.arrive()
    }
  }

  /// Says whether nobody holds an end, or will.
  var isOver: Bool {
    monitor.read { state in
      state.isClosed(.opener) && (state.isClosed(.acceptor) || !state.isEstablished)
    }
  }
}
