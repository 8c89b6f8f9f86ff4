import GrapevineCore
import GrapevineTransport
import Synchronization

/// Takes what the engine has to tell and hands it to those who wait for it.
///
/// `collect` runs under the engine's lock and only puts things into queues; `deliver` runs after
/// unlocking and wakes who has something in his. The hub's own lock is taken inside the engine's
/// and never the other way round.
final class NodeHub: Sendable {
  typealias JoinHandler = @Sendable (JoinOutcome) -> Void
  typealias SpreadHandler = @Sendable (SpreadOutcome) -> Void
  /// Nil if the node was closed first.
  typealias ReachHandler = @Sendable (Reachability?) -> Void

  /// Who waits for a lock, and is told if it is lost.
  final class LockHandler: Sendable {
    let granted: @Sendable (LockEpoch?) -> Void
    let lost: @Sendable () -> Void

    init(
      granted: @escaping @Sendable (LockEpoch?) -> Void,
      lost: @escaping @Sendable () -> Void
    ) {
      self.granted = granted
      self.lost = lost
    }
  }

  /// How far the node has left.
  private enum Leaving {
    case notAsked
    case asked([Promise<LeaveReport?>])
    case done(LeaveReport)
  }

  private struct State {
    var subscribers: [any Subscriber] = []
    var joins: [JoinTicket: JoinHandler] = [:]
    var spreads: [SpreadTicket: SpreadHandler] = [:]
    var reaches: [ReachTicket: ReachHandler] = [:]
    var locks: [LockID: LockHandler] = [:]
    /// Who waits for the time before leaving to be over.
    var handOvers: [Promise<Void>] = []
    var leaving = Leaving.notAsked
    /// Who goes on under the node's name in its place.
    var successor: MemberID?
    var isClosed = false
    /// What `deliver` has to do besides waking the subscribers.
    var errands: [@Sendable () -> Void] = []

    var isLeaving: Bool {
      if case .notAsked = leaving { false } else { true }
    }
  }

  private let state = Locked(State())
  private let hasNews = Atomic(false)
  private let peerWasLost: @Sendable () -> Void
  private let log: NodeLog
  private let board: PeerBoard

  /// Creates a hub; `peerWasLost` is called, outside every lock, when a peer left or went down.
  init(log: NodeLog, board: PeerBoard, peerWasLost: @escaping @Sendable () -> Void) {
    self.log = log
    self.board = board
    self.peerWasLost = peerWasLost
  }

  /// Says whether ``close()`` was called.
  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Watchers and event streams.
  var subscriberCount: Int { state.withLock { $0.subscribers.count } }

  /// Says whether the node has begun to leave.
  var isLeaving: Bool { state.withLock { $0.isLeaving } }

  /// Says whether the node still takes part, as far as it itself is concerned.
  var status: Node.Status {
    state.withLock { state in
      if state.isClosed { return .closed }
      if state.isLeaving { return .left }
      return state.successor.map { .nameTaken(by: $0) } ?? .active
    }
  }

  /// Checks that the node `name` still takes part, as far as it itself is concerned.
  func checkTakesPart(_ name: String) throws(NodeError) {
    switch status {
    case .active: break
    case .left: throw .left(name)
    case .nameTaken(let rival): throw NodeError(StateError.nameTaken(by: rival), name: name)
    case .closed: throw .closed(name)
    }
  }
}

extension NodeHub: NodeRuntimeDelegate {
  func collect(_ event: EngineEvent, now: Instant) {
    state.withLock { state in
      switch event {
      case .member(let event):
        for subscriber in state.subscribers { subscriber.queue.append(event) }
        if event.mayLeaveNodeAlone { state.errands.append(peerWasLost) }
        if event.mayChangePeers { board.noteChange() }
      case .joinFinished(let ticket, let outcome):
        guard let handler = state.joins.removeValue(forKey: ticket) else { break }
        state.errands.append { handler(outcome) }
      case .spreadFinished(let ticket, let missing):
        guard let handler = state.spreads.removeValue(forKey: ticket) else { break }
        state.errands.append { handler(.finished(missing: missing)) }
      case .reachFinished(let ticket, let found):
        guard let handler = state.reaches.removeValue(forKey: ticket) else { break }
        state.errands.append { handler(found) }
      case .leaveFinished(let asked, let acknowledged):
        let report = LeaveReport(asked: asked, acknowledged: acknowledged)
        if case .asked(let promises) = state.leaving {
          for promise in promises { state.errands.append { promise.fulfil(report) } }
        }
        state.leaving = .done(report)
        board.noteChange()
      case .superseded(let rival, _):
        state.successor = rival
        board.noteChange()
      case .peerChanged, .generationRaised: board.noteChange()
      case .lockGranted(let id, let epoch):
        guard let handler = state.locks[id] else { break }
        state.errands.append { handler.granted(epoch) }
      case .lockLost(let id):
        guard let handler = state.locks.removeValue(forKey: id) else { break }
        state.errands.append {
          handler.granted(nil)
          handler.lost()
        }
      case .answersByStreamOnly, .wasPaused, .stateRefused: break
      }
    }
    log.collect(event)
    hasNews.store(true, ordering: .sequentiallyConsistent)
  }

  func deliver() {
    guard hasNews.exchange(false, ordering: .sequentiallyConsistent) else { return }
    let (subscribers, errands) = state.withLock { state in
      defer { state.errands = [] }
      return (state.subscribers, state.errands)
    }
    log.wake()
    board.wake()
    for subscriber in subscribers { subscriber.wake() }
    for errand in errands { errand() }
  }
}

extension NodeHub {
  /// Has `subscriber` told of what comes from now on; a closed hub has nothing to tell.
  ///
  /// Under the engine's lock this is one step with what else is done there, such as a snapshot.
  func add(_ subscriber: any Subscriber) {
    state.withLock { state in
      if state.isClosed {
        subscriber.queue.finish()
      } else {
        state.subscribers.append(subscriber)
      }
    }
  }

  func remove(_ subscriber: any Subscriber) {
    state.withLock { state in state.subscribers.removeAll { $0 === subscriber } }
  }

  /// Has `handler` called, once, with the outcome of the join `ticket`; false if none will come.
  ///
  /// To be called under the engine's lock, in one step with the join.
  func expect(_ ticket: JoinTicket, _ handler: @escaping JoinHandler) -> Bool {
    state.withLock { state in
      guard !state.isClosed else { return false }
      state.joins[ticket] = handler
      return true
    }
  }

  /// Has `handler` called, once, when the wait `ticket` is over; false if it will not be.
  ///
  /// To be called under the engine's lock, in one step with the beginning of the wait.
  func expect(_ ticket: SpreadTicket, _ handler: @escaping SpreadHandler) -> Bool {
    state.withLock { state in
      guard !state.isClosed else { return false }
      state.spreads[ticket] = handler
      return true
    }
  }

  /// Has `handler` called, once, when the attempt `ticket` is over; false if it will not be.
  ///
  /// To be called under the engine's lock, in one step with the beginning of the attempt.
  func expect(_ ticket: ReachTicket, _ handler: @escaping ReachHandler) -> Bool {
    state.withLock { state in
      guard !state.isClosed else { return false }
      state.reaches[ticket] = handler
      return true
    }
  }

  func forget(_ ticket: ReachTicket) {
    state.withLock { $0.reaches[ticket] = nil }
  }

  /// Has `handler` told of a lock, until it is lost or forgotten; false if it will not be.
  ///
  /// To be called under the engine's lock, in one step with the claim.
  func expect(_ id: LockID, _ handler: LockHandler) -> Bool {
    state.withLock { state in
      guard !state.isClosed, !state.isLeaving, state.successor == nil else { return false }
      if let displaced = state.locks.updateValue(handler, forKey: id) {
        state.errands.append {
          displaced.granted(nil)
          displaced.lost()
        }
        hasNews.store(true, ordering: .sequentiallyConsistent)
      }
      return true
    }
  }

  func forget(_ id: LockID) {
    state.withLock { $0.locks[id] = nil }
  }

  /// Forgets `handler`; false if another has taken its place.
  func forget(_ id: LockID, _ handler: LockHandler) -> Bool {
    state.withLock { state in
      guard state.locks[id] === handler else { return false }
      state.locks[id] = nil
      return true
    }
  }

  func forget(_ ticket: SpreadTicket) {
    state.withLock { $0.spreads[ticket] = nil }
  }

  /// Has `promise` fulfilled once the node leaves or is closed; false if that has happened.
  func expectEndOfHandOver(_ promise: Promise<Void>) -> Bool {
    state.withLock { state in
      guard !state.isClosed, case .notAsked = state.leaving else { return false }
      state.handOvers.append(promise)
      return true
    }
  }

  func forgetHandOver(_ promise: Promise<Void>) {
    state.withLock { state in state.handOvers.removeAll { $0 === promise } }
  }

  /// Has `promise` fulfilled with the report once the node has left, or with nil if it is closed
  /// first.
  ///
  /// Returns whether the node has to be told to leave, since nobody asked before. To be called
  /// under the engine's lock, in one step with that.
  func expectLeaveReport(_ promise: Promise<LeaveReport?>) -> Bool {
    state.withLock { state in
      defer { hasNews.store(true, ordering: .sequentiallyConsistent) }
      switch state.leaving {
      case _ where state.isClosed: state.errands.append { promise.fulfil(nil) }
      case .done(let report): state.errands.append { promise.fulfil(report) }
      case .asked(let promises): state.leaving = .asked(promises + [promise])
      case .notAsked:
        state.leaving = .asked([promise])
        for handOver in state.handOvers { state.errands.append { handOver.fulfil(()) } }
        return true
      }
      return false
    }
  }

  /// Lets no further wait begin; returns false if that was done before.
  func beginClosing() -> Bool {
    state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
  }

  /// Ends every subscription and every wait, once the runtime has been closed.
  func finishClosing() {
    let last = state.withLock { state in
      let last = state
      state.subscribers = []
      state.joins = [:]
      state.spreads = [:]
      state.reaches = [:]
      state.locks = [:]
      state.handOvers = []
      state.errands = []
      if case .asked = state.leaving { state.leaving = .notAsked }
      return last
    }
    for subscriber in last.subscribers {
      subscriber.queue.finish()
      subscriber.wake()
    }
    for errand in last.errands { errand() }
    // Their order does not matter: each waits for its own outcome.
    for handler in last.joins.values { handler(.failed(.closed)) }
    for handler in last.spreads.values { handler(.closed) }
    for handler in last.reaches.values { handler(nil) }
    for handler in last.locks.values {
      handler.granted(nil)
      handler.lost()
    }
    for promise in last.handOvers { promise.fulfil(()) }
    if case .asked(let promises) = last.leaving {
      for promise in promises { promise.fulfil(nil) }
    }
  }
}

extension Event {
  /// Says whether the list of live members, or what one of them owns, may be another after the
  /// event.
  fileprivate var mayChangePeers: Bool {
    switch self {
    case .joined, .leaving, .left, .down, .up, .replaced: true
    case .expired, .keySet, .keyDeleted, .nameConflict: false
    }
  }

  /// Says whether a live peer fewer may be there after the event.
  fileprivate var mayLeaveNodeAlone: Bool {
    switch self {
    case .left, .down, .expired: true
    case .joined, .leaving, .up, .keySet, .keyDeleted, .replaced, .nameConflict: false
    }
  }
}
