package import GrapevineCore
package import GrapevineTransport

/// An engine at work: its sockets, its place on an event loop, and the lock that lets any thread
/// use it.
///
/// It ends with `close`, or when nobody holds it any more.
package final class NodeRuntime: Sendable {
  /// The address that the sockets are bound to, its port never zero.
  package let boundEndpoint: Endpoint
  /// The address that others are told.
  package let advertisedEndpoint: Endpoint
  private let loop: EventLoop
  private let driver: EngineDriver

  /// Binds the sockets and makes the engine; nothing moves before `start`.
  ///
  /// - Parameters:
  ///   - bind: the address of both sockets; with port 0 the system chooses one port for both.
  ///   - given: sockets that are bound already.
  ///   - tunnels: what bounds the tunnels that packets go over; nil if they go by UDP.
  ///   - loop: what drives the engine; the runtime holds it.
  ///   - delegate: who hears the engine's events. It is held until the runtime ends, so it must
  ///     not hold the runtime.
  ///   - sendLoss: packets to lose on purpose.
  ///   - network: the memory network to bind on; nil for the system's.
  ///   - streamTimeout: how long a finished stream may take to send its rest.
  ///   - sealing: what seals packets and streams; nil for plain ones.
  ///   - advertise: says what address others are told, for the one that was bound.
  ///   - makeEngine: makes the engine for the address that others are told.
  /// - Throws: `SystemError` if the address can't be bound, or what `advertise` or `makeEngine`
  ///   throws.
  package init(
    bind: Endpoint,
    given: BoundSockets? = nil,
    tunnels: TunnelLimits? = nil,
    loop: EventLoop,
    delegate: (any NodeRuntimeDelegate)?,
    sendLoss: SendLoss? = nil,
    network: MemorySwitch? = nil,
    streamTimeout: Duration = .seconds(10),
    sealing: NodeSealing? = nil,
    advertise: (_ bound: Endpoint) throws -> Endpoint = { $0 },
    makeEngine: (_ advertised: Endpoint) throws -> Engine
  ) throws {
    let sockets = try Self.sockets(bind, given, on: network, streamsOnly: tunnels != nil)
    boundEndpoint = sockets.endpoint
    advertisedEndpoint = try advertise(sockets.endpoint)
    let engine = try makeEngine(advertisedEndpoint)
    self.loop = loop
    driver = EngineDriver(
      engine: engine,
      sockets: sockets,
      advertised: advertisedEndpoint,
      tunnels: tunnels,
      delegate: delegate,
      sendLoss: sendLoss,
      streamTimeout: streamTimeout,
      sealing: sealing
    )
  }

  private static func sockets(
    _ bind: Endpoint,
    _ given: BoundSockets?,
    on network: MemorySwitch?,
    streamsOnly: Bool
  ) throws -> PortPair {
    if let network {
      let pair = try PortPair(bind: bind, on: network)
      return streamsOnly ? PortPair(listener: pair.listener) : pair
    }
    guard let given else {
      return streamsOnly ? try PortPair(bindingStreamsOnly: bind) : try PortPair(bind: bind)
    }
    guard let datagrams = given.datagrams else { return try PortPair(listener: given.listener) }
    let pair = try PortPair(datagrams: datagrams, listener: given.listener)
    return streamsOnly ? PortPair(listener: pair.listener) : pair
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
