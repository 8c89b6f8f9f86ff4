package import GrapevineCore
package import GrapevineTransport

/// An engine at work: its sockets, its place on an event loop, and the lock that lets any thread
/// use it.
///
/// It ends with `close`, or when nobody holds it any more.
package final class NodeRuntime: Sendable {
  /// The address that both sockets are bound to, its port never zero.
  package let boundEndpoint: Endpoint
  private let loop: EventLoop
  private let driver: EngineDriver

  /// Binds the sockets and makes the engine; nothing moves before `start`.
  ///
  /// - Parameters:
  ///   - bind: the address of both sockets; with port 0 the system chooses one port for both.
  ///   - given: sockets that are bound already.
  ///   - loop: what drives the engine; the runtime holds it.
  ///   - delegate: who hears the engine's events. It is held until the runtime ends, so it must
  ///     not hold the runtime.
  ///   - sendLoss: packets to lose on purpose.
  ///   - network: the memory network to bind on; nil for the system's.
  ///   - streamTimeout: how long a finished stream may take to send its rest.
  ///   - sealing: what seals packets and streams; nil for plain ones.
  ///   - makeEngine: makes the engine for the address that was bound.
  /// - Throws: `SystemError` if the address can't be bound, or what `makeEngine` throws.
  package init(
    bind: Endpoint,
    given: BoundSockets? = nil,
    loop: EventLoop,
    delegate: (any NodeRuntimeDelegate)?,
    sendLoss: SendLoss? = nil,
    network: MemorySwitch? = nil,
    streamTimeout: Duration = .seconds(10),
    sealing: NodeSealing? = nil,
    makeEngine: (_ bound: Endpoint) throws -> Engine
  ) throws {
    let sockets =
      if let given {
        try PortPair(datagrams: given.datagrams, listener: given.listener)
      } else if let network {
        try PortPair(bind: bind, on: network)
      } else {
        try PortPair(bind: bind)
      }
    let engine = try makeEngine(sockets.endpoint)
    boundEndpoint = sockets.endpoint
    self.loop = loop
    driver = EngineDriver(
      engine: engine,
      sockets: sockets,
      delegate: delegate,
      sendLoss: sendLoss,
      streamTimeout: streamTimeout,
      sealing: sealing
    )
  }

  deinit {
    driver.end { loop.removeSoon($0) }
  }
}

extension NodeRuntime {
  /// Puts the engine on the loop: from now on it takes and sends.
  ///
  /// To be called once, and not on the loop's own thread.
  package func start() throws(SystemError) {
    try driver.start(on: loop)
  }

  /// Runs `body` on the engine, alone, and sees to what the engine then wants to do.
  ///
  /// Events reach the delegate before this returns, and packets the kernel; stream work is left to
  /// the loop, which is woken only if there is any, or an earlier deadline. After `close` the
  /// engine can still be read, but nothing that it wants is done any more.
  package func withEngine<Result, Failure: Error>(
    _ body: (inout Engine, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try driver.withEngine(on: loop, body)
  }

  /// Reads the engine, alone: cheaper than `withEngine`, since it can't want anything new.
  package func inspectEngine<Result, Failure: Error>(
    _ body: (borrowing Engine, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try driver.inspectEngine(body)
  }

  /// What the sockets have counted.
  package var transportMetrics: TransportMetrics { driver.transportMetrics }

  /// Stops at once and closes the sockets; the cluster takes it for a crash.
  ///
  /// Closing twice is harmless. When it returns, the loop does not call the delegate any more,
  /// unless it was called on the loop's own thread.
  package func close() {
    driver.end { loop.remove($0) }
  }
}

// Faults made on purpose, for evaluations on the loopback.
extension NodeRuntime {
  /// Stops without a word, as a host does that loses its power.
  ///
  /// The sockets stay open and nobody reads them, so no packet is refused, and a connection is
  /// taken by the kernel alone: no answer ever comes. `close` still closes them.
  package func fallSilent() {
    driver.fallSilent { loop.remove($0) }
  }

  /// Lets nothing pass to the endpoints from now on: packets vanish, and connecting is without end.
  ///
  /// A connection that stands already goes on.
  package func setUnreachable(_ endpoints: Set<Endpoint>) {
    driver.setUnreachable(endpoints)
  }
}
