internal import GrapevineCore
internal import GrapevineTransport

extension EngineDriver: EventLoopClient {
  func attach(to context: EventLoop.Context, as id: ClientID) throws(SystemError) {
    let delegate = try table.withLock { (table) throws(SystemError) -> (any NodeRuntimeDelegate)? in
      guard let sockets = table.sockets else { return nil }
      let source = EventSource.datagrams.rawValue
      let datagrams = try sockets.datagrams.map { (socket) throws(SystemError) in
        try context.register(socket, .readable, as: source, for: id)
      }
      do throws(SystemError) {
        let source = EventSource.listener.rawValue
        let listener = try context.register(sockets.listener, .readable, as: source, for: id)
        table.registrations = .init(client: id, datagrams: datagrams, listener: listener)
      } catch {
        if let socket = sockets.datagrams, let datagrams { context.deregister(socket, datagrams) }
        throw error
      }
      state.withLock { $0.clientID = id }
      feed(&table, context) { _, _ in }
      return settle(&table, context)
    }
    delegate?.deliver()
  }

  func ready(_ source: UInt64, _ readiness: Readiness, in context: EventLoop.Context) {
    work(in: context) { table in
      switch EventSource(rawValue: source) {
      case .datagrams: receiveDatagrams(&table, context)
      case .listener: acceptStreams(&table, context)
      case .stream(let id): handleStream(id, readiness, &table, context)
      case .outboundTunnel(let number): handleOutboundTunnel(number, readiness, &table, context)
      case .inboundTunnel(let number): handleInboundTunnel(number, &table, context)
      }
    }
  }

  func deadlineReached(in context: EventLoop.Context) {
    work(in: context) { table in
      // What came while the thread was at work elsewhere was no silence.
      if isLate { receiveWaitingDatagrams(&table, context) }
      feed(&table, context) { engine, now in engine.advance(to: now) }
      let now = MonotonicClock.now()
      resumeAccepting(&table, context, at: now)
      expireStreams(&table, context, at: now)
      expireTunnels(&table, context, at: now)
    }
  }

  func poked(in context: EventLoop.Context) {
    work(in: context) { _ in }
  }

  func detach(from context: EventLoop.Context) {
    table.withLock { table in
      guard let sockets = table.sockets, let registrations = table.registrations else { return }
      if let socket = sockets.datagrams, let datagrams = registrations.datagrams {
        context.deregister(socket, datagrams)
      }
      context.deregister(sockets.listener, registrations.listener)
      for stream in table.streams.values {
        context.deregister(stream.connection, stream.registration)
      }
      for tunnel in table.tunnels.outbound.values {
        context.deregister(tunnel.connection, tunnel.registration)
      }
      for tunnel in table.tunnels.inbound.values {
        context.deregister(tunnel.connection, tunnel.registration)
      }
      if table.isSilent {
        table.registrations = nil
      } else {
        table.closeAll()
      }
    }
  }
}

extension EngineDriver {
  /// How often in one turn writing to streams may lead to more writing.
  private static let roundLimit = 4

  /// Says that the loop is so late for the engine's deadline that packets can have come meanwhile.
  private var isLate: Bool {
    state.withLock { MonotonicClock.now().since($0.knownDeadline) >= Self.lateness }
  }

  /// Ten milliseconds: less than any pause after which silence means something.
  private static let lateness: UInt64 = 10_000_000

  /// Does one piece of work on the loop's thread, and what follows from it.
  private func work(in context: EventLoop.Context, _ body: (inout StreamTable) -> Void) {
    let delegate = table.withLock { table -> (any NodeRuntimeDelegate)? in
      guard table.sockets != nil else { return nil }
      body(&table)
      return settle(&table, context)
    }
    delegate?.deliver()
  }

  /// Feeds the engine once, sends its packets, and notes the rest for `settle`.
  func feed(
    _ table: inout StreamTable,
    _ context: EventLoop.Context,
    _ body: (inout Engine, Instant) -> Void
  ) {
    var isFed = false
    var isUnfinished = true
    while isUnfinished {
      let outcome = state.withLock { state -> Outcome in
        guard state.isRunning else { return Outcome() }
        let now = MonotonicClock.now()
        if !isFed { body(&state.engine, now) }
        return state.pull(into: context.outbox, at: now)
      }
      isFed = true
      isUnfinished = outcome.isUnfinished
      if let outbox = outcome.outbox, outbox.count > 0 { send(outbox, through: outcome.socket) }
      if let delegate = outcome.delegate { table.delegate = delegate }
    }
  }

  /// Does what the engine wants of streams, sets the deadline, and returns who has events to
  /// deliver.
  private func settle(
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) -> (any NodeRuntimeDelegate)? {
    guard let registrations = table.registrations else { return nil }
    var deadline = Instant.zero
    for _ in 0..<Self.roundLimit {
      let (actions, engineDeadline) = takeActions()
      deadline = engineDeadline
      if actions.isEmpty, table.unflushed.isEmpty { break }
      for action in actions { perform(action, &table, context) }
      flushStreams(&table, context)
      // What is left comes in the next turn, at once.
      deadline = .zero
    }
    carryPackets(&table, context)
    context.setDeadline(min(deadline, table.nextDeadline), for: registrations.client)
    return table.delegate.take()
  }

  private func takeActions() -> ([StreamAction], Instant) {
    state.withLock { state in
      var actions: [StreamAction] = []
      swap(&actions, &state.actions)
      state.isPoked = false
      state.knownDeadline = state.engine.nextDeadline
      return (actions, state.knownDeadline)
    }
  }

  /// Takes all that has come, within bounds.
  private func receiveWaitingDatagrams(
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    for _ in 0..<Self.lateBatchLimit {
      guard receiveDatagrams(&table, context) == DatagramInbox.capacity else { return }
    }
  }

  /// Batches that a late loop takes before it does what was due.
  private static let lateBatchLimit = 16

  /// Takes one batch of datagrams; returns how many there were.
  @discardableResult
  private func receiveDatagrams(
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) -> Int {
    guard let socket = table.sockets?.datagrams else { return 0 }
    let inbox = context.inbox
    do {
      try inbox.receive(from: socket)
    } catch {
      // It was about a datagram sent before; those that wait are told again.
      metrics.withLock { $0.receivesFailed += 1 }
      return 0
    }
    let count = inbox.count
    guard count > 0 else { return 0 }
    let truncated = (0..<count).count { inbox.isTruncated(at: $0) }
    if truncated > 0 { metrics.withLock { $0.receivesTruncated += truncated } }
    feedPackets(inbox, &table, context)
    return count
  }

  /// Feeds the engine the packets of the inbox.
  func feedPackets(
    _ inbox: DatagramInbox,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    if let sealing {
      feedOpened(inbox, sealing, &table, context)
      return
    }
    feed(&table, context) { engine, now in
      for index in 0..<inbox.count where !inbox.isTruncated(at: index) {
        guard let source = inbox.source(at: index) else { continue }
        inbox.withDatagram(at: index) { engine.receive($0, from: source, now: now) }
      }
    }
  }
}
