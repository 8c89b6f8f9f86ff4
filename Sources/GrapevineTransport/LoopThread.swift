internal import CGrapevineLinux
internal import GrapevineCore

/// What the thread of an event loop does.
final class LoopThread {
  private let shared: EventLoop.Shared
  private let context: EventLoop.Context
  private let events: UnsafeMutableBufferPointer<epoll_event>
  private let streamEvents: UnsafeMutableBufferPointer<epoll_event>
  /// Calls of clients since streams had their turn.
  private var callCount = 0
  private var commands: [LoopCommand] = []
  private var hasOwner = true
  /// When the timer expires; it is left alone where it would only expire too early.
  private var armedDeadline = Instant.never

  /// The most events of one turn; the others wait for the next.
  private static let eventLimit = 128
  /// The most calls for datagrams and deadlines before streams have their turn.
  private static let callLimit = 32

  init(_ shared: EventLoop.Shared) {
    self.shared = shared
    context = EventLoop.Context(shared)
    events = .allocate(capacity: Self.eventLimit)
    streamEvents = .allocate(capacity: Self.eventLimit)
  }

  deinit {
    streamEvents.deallocate()
    events.deallocate()
  }
}

extension LoopThread {
  /// Runs until the loop has neither owner nor client.
  func run() {
    shared.adoptThread()
    while true {
      obeyCommands()
      guard hasOwner || context.clientCount > 0 else { return }
      let now = MonotonicClock.now()
      fireDeadlines(at: now)
      handleEvents(count: waitForEvents(now: now))
    }
  }

  /// Does what was asked; called after each call of a client, which may have removed one.
  private func obeyCommands() {
    guard shared.hasCommands else { return }
    shared.takeCommands(into: &commands)
    for command in commands {
      switch command {
      case .add(let client, let id, let reply):
        let result = Result { () throws(SystemError) in try context.add(client, as: id) }
        reply.withLockNotifying { $0 = result }
      case .remove(let id, let reply):
        context.remove(id)
        reply?.withLockNotifying { $0 = true }
      case .poke(let id):
        context.poke(id)
      case .ownerLeft:
        hasOwner = false
      }
    }
    // The commands hold clients, which must be able to go.
    commands.removeAll(keepingCapacity: true)
  }

  /// Calls the clients whose deadlines have passed, at most as often as there are clients: one
  /// that sets its deadline to the past does not hold up the others.
  private func fireDeadlines(at now: Instant) {
    for _ in 0..<context.clientCount {
      guard context.fireDeadline(at: now) else { return }
      obeyCommands()
      noteCall()
    }
  }

  /// Sleeps until something is to be done; returns the number of events.
  private func waitForEvents(now: Instant) -> Int {
    let deadline = context.earliestDeadline
    let isIdle = deadline > now && shared.prepareToSleep()
    defer { shared.wokeUp() }
    do {
      if isIdle, deadline < armedDeadline || armedDeadline <= now, deadline != .never {
        try System.arm(shared.timer, at: deadline)
        armedDeadline = deadline
      }
      return try shared.epoll.wait(into: events, mayBlock: isIdle)
    } catch {
      // No error is left that the world could cause: the arguments are ours.
      preconditionFailure("an event loop can't wait: \(error)")
    }
  }

  private func handleEvents(count: Int) {
    for event in events[..<count] {
      let id = RegistrationID(rawValue: event.data.u64)
      switch id {
      case EventLoop.Shared.wakeUpRegistration: break
      case EventLoop.Shared.timerRegistration: armedDeadline = .never
      case EventLoop.Shared.streamsRegistration: handleStreams()
      default:
        context.dispatch(id, Readiness(event))
        obeyCommands()
        noteCall()
      }
    }
  }

  /// Counts a call of a client; where there are many in a turn, streams must not wait for all.
  private func noteCall() {
    callCount += 1
    if callCount >= Self.callLimit { handleStreams() }
  }

  private func handleStreams() {
    callCount = 0
    do {
      let count = try shared.streams.wait(into: streamEvents, mayBlock: false)
      for event in streamEvents[..<count] {
        context.dispatch(RegistrationID(rawValue: event.data.u64), Readiness(event))
        obeyCommands()
      }
    } catch {
      preconditionFailure("an event loop can't look at its streams: \(error)")
    }
  }
}
