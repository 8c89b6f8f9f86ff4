import GrapevineCore
import GrapevineTransport

/// What one subscriber has not been told yet: events up to a number and to a size, then how many it
/// missed.
///
/// Events are appended under the engine's lock. Where some were missed, the fresh snapshot is taken
/// under that same lock in one step with taking events again, so what follows builds on it.
final class EventQueue: Sendable {
  /// What to do next.
  enum Step {
    case tell(Notice)
    case wait
    case finish
  }

  private struct State {
    var events: BoundedQueue<Event>
    /// The keys and values of the events.
    var byteCount = 0
    var isFinished = false
    /// Where missed events' members are read; it is let go of once nothing is to be told any more.
    var runtime: NodeRuntime?

    /// The runtime, if it is needed no more: to be let go of outside the lock.
    mutating func takeUnneeded() -> NodeRuntime? {
      isFinished && !events.hasNews ? runtime.take() : nil
    }
  }

  private let state: Locked<State>
  private let byteLimit: Int
  private let accepts: @Sendable (Event) -> Bool
  private let log: NodeLog

  init(
    limit: Int,
    byteLimit: Int,
    runtime: NodeRuntime,
    log: NodeLog,
    accepts: @escaping @Sendable (Event) -> Bool
  ) {
    state = Locked(State(events: BoundedQueue(limit: limit), runtime: runtime))
    self.byteLimit = byteLimit
    self.accepts = accepts
    self.log = log
  }

  /// Takes an event; to be called under the engine's lock.
  func append(_ event: Event) {
    guard accepts(event) else { return }
    state.withLock { state in
      guard !state.isFinished else { return }
      let size = event.contentSize
      guard state.byteCount + size <= byteLimit else { return state.events.miss() }
      if state.events.append(event) { state.byteCount += size }
    }
  }

  /// Takes no more events; what is queued is still told.
  func finish() {
    _ = state.withLock { state in
      state.isFinished = true
      return state.takeUnneeded()
    }
  }

  /// Takes no more events and forgets what is queued.
  func discard() {
    _ = state.withLock { state in
      state.isFinished = true
      state.events.removeAll()
      state.byteCount = 0
      return state.takeUnneeded()
    }
  }

  /// Says whether there is something to tell.
  var hasNews: Bool { state.withLock { $0.events.hasNews } }

  /// Says whether the next step is not to wait.
  var isReady: Bool { state.withLock { $0.events.hasNews || $0.isFinished } }

  /// Takes the next step; to be called without any lock.
  func next() -> Step {
    let (step, runtime) = state.withLock { state -> (Step?, NodeRuntime?) in
      if let event = state.events.popFirst() {
        state.byteCount -= event.contentSize
        return (.tell(.event(event)), state.takeUnneeded())
      }
      guard state.events.missed == 0 else { return (nil, state.runtime) }
      return (state.isFinished ? .finish : .wait, nil)
    }
    if let step { return step }
    return runtime.map(recover) ?? .wait
  }

  private func recover(by runtime: NodeRuntime) -> Step {
    let (count, engine, now) = runtime.inspectEngine { engine, now in
      (state.withLock { $0.events.takeMissed() }, copy engine, now)
    }
    _ = state.withLock { $0.takeUnneeded() }
    // Another reader of the same queue may have been first.
    guard count > 0 else { return .wait }
    log.write(.warning, "a subscriber was too slow", ["missed": "\(count)"])
    return .tell(.missed(count: count, members: engine.members(now: now)))
  }
}

extension Event {
  /// The bytes of the key and the value that it tells.
  fileprivate var contentSize: Int {
    switch self {
    case .keySet(_, let entry): entry.key.utf8.count + entry.value.count
    case .keyDeleted(_, let key, _): key.utf8.count
    case .joined, .leaving, .left, .down, .up, .expired, .replaced, .nameConflict: 0
    }
  }
}
