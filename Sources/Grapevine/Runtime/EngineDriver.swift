internal import GrapevineCore
internal import GrapevineTransport

/// What moves an engine: it feeds it what the sockets bring, and does what the engine wants.
///
/// Two locks, always taken in this order: `table` belongs to the loop's thread, which holds it
/// while it works; `state` is the engine's, held for a batch at most and never during a call to
/// the system. Packets are sent by whichever thread caused them, after unlocking; stream actions
/// wait, in order, for the loop.
final class EngineDriver: Sendable {
  let state: Locked<State>
  let table: Locked<StreamTable>
  let metrics = Locked(TransportMetrics())
  /// Where packets wait for the loop to put them into tunnels; nil if they go by UDP.
  let mailbox: TunnelMailbox?
  /// What seals; nil if everything is plain.
  let sealing: NodeSealing?
  /// How long a finished stream may take for its rest.
  let streamTimeout: Duration

  init(
    engine: Engine,
    sockets: PortPair,
    advertised: Endpoint,
    tunnels: TunnelLimits?,
    delegate: (any NodeRuntimeDelegate)?,
    sendLoss: SendLoss?,
    streamTimeout: Duration,
    sealing: NodeSealing?
  ) {
    self.sealing = sealing
    mailbox = tunnels.map { TunnelMailbox(limit: $0.mailboxLimit) }
    state = Locked(
      State(
        engine: engine,
        delegate: delegate,
        socket: sockets.datagrams,
        losses: sendLoss.map { SendLoss.Draws($0) }
      )
    )
    let limits = tunnels ?? TunnelLimits()
    table = Locked(
      StreamTable(sockets: sockets, TunnelTable(limits: limits, advertised: advertised))
    )
    self.streamTimeout = streamTimeout
  }
}

// What any thread calls.
extension EngineDriver {
  func start(on loop: EventLoop) throws(SystemError) {
    let id = try loop.add(self)
    // Who ended it meanwhile may have found nothing to remove.
    if state.withLock({ $0.hasEnded }) { loop.remove(id) }
  }

  func withEngine<Result, Failure: Error>(
    on loop: EventLoop,
    _ body: (inout Engine, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var outcome = Outcome()
    defer { carryOut(&outcome, on: loop) }
    return try state.withLock { (state) throws(Failure) -> Result in
      let now = MonotonicClock.now()
      defer { outcome = state.pull(at: now, on: loop) }
      return try body(&state.engine, now)
    }
  }

  func inspectEngine<Result, Failure: Error>(
    _ body: (borrowing Engine, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try state.withLock { (state) throws(Failure) -> Result in
      try state.engine.lend(to: body, at: MonotonicClock.now())
    }
  }

  var transportMetrics: TransportMetrics {
    var metrics = metrics.withLock { $0 }
    metrics.sendsLostOnPurpose = state.withLock { $0.lossCount }
    return metrics
  }

  /// Stops: nothing that the engine wants is done any more, and `remove` is to take the driver off
  /// its loop.
  func end(_ remove: (ClientID) -> Void) {
    let (id, delegate) = state.withLock { state in
      state.hasEnded = true
      state.socket = nil
      state.actions = []
      return (state.clientID, state.delegate.take())
    }
    if let id {
      remove(id)
    } else {
      table.withLock { $0.closeAll() }
    }
    // The delegate may go now: outside the lock, since nobody knows what goes with it.
    withExtendedLifetime(delegate) {}
  }

  /// Stops as `end` does, but leaves the sockets open and unread.
  func fallSilent(_ remove: (ClientID) -> Void) {
    table.withLock { $0.isSilent = true }
    let id = state.withLock { state in
      state.hasEnded = true
      state.socket = nil
      state.actions = []
      return state.clientID.take()
    }
    if let id { remove(id) }
  }

  func setUnreachable(_ endpoints: Set<Endpoint>) {
    state.withLock { $0.unreachable = endpoints }
  }

  /// Does what an input has led to, outside the lock.
  private func carryOut(_ outcome: inout Outcome, on loop: EventLoop) {
    while true {
      if let poke = outcome.poke { loop.poke(poke) }
      if let outbox = outcome.outbox, outbox.count > 0, send(outbox, through: outcome.socket),
        let client = outcome.client
      {
        loop.poke(client)
      }
      // Who hears of it below may close the node, and bind its port anew.
      outcome.socket = nil
      outcome.delegate?.deliver()
      guard let outbox = outcome.outbox else { return }
      loop.giveBack(outbox)
      guard outcome.isUnfinished else { return }
      outcome = state.withLock { $0.pull(at: MonotonicClock.now(), on: loop) }
    }
  }

  /// Sends and empties the box; says whether the loop is to be poked, since it has to do the rest.
  @discardableResult
  func send(_ outbox: DatagramOutbox, through socket: DatagramSocket?) -> Bool {
    sealing?.seal(outbox)
    guard let socket else {
      guard let mailbox else {
        outbox.removeAll()
        return false
      }
      return leave(outbox, in: mailbox)
    }
    var failures = TransportMetrics()
    outbox.send(through: socket, counting: &failures)
    guard failures != TransportMetrics() else { return false }
    metrics.withLock { $0.add(failures) }
    return false
  }
}

extension Engine {
  /// Calls `body` with the engine itself: what is read from behind the lock would be copied else.
  fileprivate func lend<Result, Failure: Error>(
    to body: (borrowing Engine, Instant) throws(Failure) -> Result,
    at now: Instant
  ) throws(Failure) -> Result {
    try body(self, now)
  }
}
