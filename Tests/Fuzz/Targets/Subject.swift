import GrapevineCore

/// An engine under test, what its driver would hold for it, and what must hold after each input.
struct Subject {
  var engine: Engine
  /// The engine's, which is asked for more often than it changes.
  private(set) var deadline: Instant
  /// Datagrams that the engine has sent and nobody has taken.
  var outbox: [Outgoing] = []
  var sockets: [Socket] = []
  /// The other ends of connections that the engine broke off.
  var severed: [(index: Int, id: StreamID)] = []
  /// The numbers of the questions that it asked last.
  private(set) var sequences: [SequenceNumber] = []
  /// What its greetings give away.
  private(set) var instance: UInt64 = 0
  /// The identities that it took on since it was asked last.
  var raised: [MemberID] = []
  var tickets: [JoinTicket] = []
  var spreads: [SpreadTicket] = []

  struct Outgoing {
    var target: Endpoint
    var bytes: [UInt8]
  }

  /// A connection as a driver has it.
  struct Socket {
    let id: StreamID
    let target: Endpoint
    var isConnecting: Bool
    var isFinishing = false
    /// What the engine has sent and no socket has taken.
    var outgoing: [UInt8] = []
    /// The engine and the stream at the other end, where there is one.
    var peer: (index: Int, id: StreamID)?
  }

  /// Says that something was done since the engine was checked.
  private var isUnchecked = true
  /// Says that nobody reads what the engine sends, so that it must be read here.
  var isAlone = false

  init(_ engine: Engine) {
    self.engine = engine
    deadline = engine.nextDeadline
  }

  /// Traps if the engine does not agree with itself.
  mutating func check() {
    guard isUnchecked else { return }
    isUnchecked = false
    engine.checkInvariants()
    checkMemory()
  }

  /// Does so after one step in four, as what is wrong stays wrong; where there is time, after each.
  mutating func check(_ step: Int) {
    #if DEBUG
      check()
    #else
      if step & 3 == 3 { check() }
    #endif
  }

  /// Takes all that comes out of the engine.
  private mutating func pull() {
    isUnchecked = true
    pullOutputs()
    deadline = engine.nextDeadline
  }

  var configuration: GossipConfiguration { engine.configuration }

  func socketIndex(_ id: StreamID) -> Int? { sockets.firstIndex { $0.id == id } }

  // MARK: Inputs

  mutating func receive(_ bytes: [UInt8], from source: Endpoint, now: Instant) {
    guard isAlone else {
      // The engines read each other; what they can't read is found in their counters.
      engine.receive(bytes.span, from: source, now: now)
      return pull()
    }
    let packetCount = engine.metrics.packetsIn
    let ownCount = engine.metrics.drops[.fromSelf]
    let fingerprint = engine.fingerprint
    engine.receive(bytes.span, from: source, now: now)
    demand(engine.metrics.packetsIn == packetCount + 1, "a datagram was not counted")
    let start = outbox.count
    pull()
    var reason: MalformedDatagram?
    do throws(MalformedDatagram) {
      try RoundTrip.check(datagram: bytes, label: Cast.label)
    } catch {
      reason = error
    }
    guard let reason else { return }
    // Who it is from is seen first: a node's own packets are signs of a twin, whatever they say.
    guard engine.metrics.drops[.fromSelf] == ownCount else { return }
    demand(engine.fingerprint == fingerprint, "one that is \(reason) changed what is known")
    demand(outbox.count == start, "one that is \(reason) was answered")
  }

  mutating func advance(to now: Instant) {
    engine.advance(to: now)
    demand(engine.nextDeadline > now, "the deadline \(engine.nextDeadline) is not after \(now)")
    pull()
  }

  mutating func accept(from source: Endpoint, peer: (Int, StreamID)?, now: Instant) -> StreamID {
    let id = engine.streamAccepted(from: source, now: now)
    sockets.append(Socket(id: id, target: source, isConnecting: false, peer: peer))
    pull()
    return id
  }

  mutating func opened(_ id: StreamID, now: Instant) {
    guard let index = socketIndex(id), sockets[index].isConnecting else { return }
    sockets[index].isConnecting = false
    engine.streamOpened(id, now: now)
    pull()
  }

  mutating func received(_ id: StreamID, _ bytes: [UInt8], now: Instant) {
    guard let index = socketIndex(id), !sockets[index].isConnecting, !sockets[index].isFinishing
    else { return }
    engine.streamReceived(id, bytes.span, now: now)
    pull()
  }

  /// Lets the socket take up to `count` bytes; returns them.
  mutating func write(_ id: StreamID, upTo count: Int, now: Instant) -> [UInt8] {
    guard let index = socketIndex(id) else { return [] }
    let bytes = Array(sockets[index].outgoing.prefix(count))
    sockets[index].outgoing.removeFirst(bytes.count)
    guard !sockets[index].isFinishing, !bytes.isEmpty else { return bytes }
    engine.streamWrote(id, bytes.count, now: now)
    pull()
    return bytes
  }

  mutating func close(_ id: StreamID, _ closure: StreamClosure, now: Instant) {
    guard let index = socketIndex(id) else { return }
    let socket = sockets.remove(at: index)
    guard !socket.isFinishing else { return }
    engine.streamClosed(id, closure, now: now)
    pull()
  }

  /// Gives the engine an input of another kind.
  mutating func input<Result>(_ body: (inout Engine) -> Result) -> Result {
    let result = body(&engine)
    pull()
    return result
  }

  // MARK: What its packets and greetings give away

  mutating func noteSequence(_ bytes: [UInt8]) {
    var reader = WireReader(PacketHeader.size..<bytes.count)
    guard let number = try? reader.fixed(bytes.span, size: 4) else { return }
    if sequences.count == 4 { sequences.removeFirst() }
    sequences.append(SequenceNumber(truncatingIfNeeded: number))
  }

  mutating func noteInstance(_ frame: [UInt8]) {
    guard frame[0] == FrameKind.hello.rawValue else { return }
    var reader = WireReader(FrameKind.headerSize..<frame.count)
    guard let hello = try? Hello.read(frame.span, &reader) else { return }
    instance = hello.instance
  }
}
