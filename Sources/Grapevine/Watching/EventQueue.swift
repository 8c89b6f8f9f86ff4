import GrapevineCore
import GrapevineTransport

/// What one subscriber has not been told yet: a bounded number of events, then how many it missed.
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
    var isFinished = false
  }

  private let state: Locked<State>
  private let accepts: @Sendable (Event) -> Bool
  private let runtime: NodeRuntime
  private let log: NodeLog

  init(
    limit: Int,
    runtime: NodeRuntime,
    log: NodeLog,
    accepts: @escaping @Sendable (Event) -> Bool
  ) {
    state = Locked(State(events: BoundedQueue(limit: limit)))
    self.accepts = accepts
    self.runtime = runtime
    self.log = log
  }

  /// Takes an event; to be called under the engine's lock.
  func append(_ event: Event) {
    guard accepts(event) else { return }
    state.withLock { state in
      guard !state.isFinished else { return }
      state.events.append(event)
    }
  }

  /// Takes no more events; what is queued is still told.
  func finish() {
    state.withLock { $0.isFinished = true }
  }

  /// Takes no more events and forgets what is queued.
  func discard() {
    state.withLock { state in
      state.isFinished = true
      state.events.removeAll()
    }
  }

  /// Says whether there is something to tell.
  var hasNews: Bool { state.withLock { $0.events.hasNews } }

  /// Says whether the next step is not to wait.
  var isReady: Bool { state.withLock { $0.events.hasNews || $0.isFinished } }

  /// Takes the next step; to be called without any lock.
  func next() -> Step {
    let step: Step? = state.withLock { state in
      if let event = state.events.popFirst() { return .tell(.event(event)) }
      guard state.events.missed == 0 else { return nil }
      return state.isFinished ? .finish : .wait
    }
    return step ?? recover()
  }

  private func recover() -> Step {
    let (count, members) = runtime.inspectEngine { engine, now in
      let count = state.withLock { $0.events.takeMissed() }
      return (count, count > 0 ? engine.members(now: now) : [])
    }
    // Another reader of the same queue may have been first.
    guard count > 0 else { return .wait }
    log.write(.warning, "a subscriber was too slow", ["missed": "\(count)"])
    return .tell(.missed(count: count, members: members))
  }
}
