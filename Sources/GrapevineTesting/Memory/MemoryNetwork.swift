public import Grapevine
import GrapevineCore
import GrapevineTransport

/// A network inside of the process, for tests of code that takes a real `Node`, or a connection.
///
/// Nodes on it are the nodes of production, with their threads and in real time, but without a
/// socket: no port of the machine is taken, two networks never meet, and a test can cut what it
/// likes.
///
/// ```swift
/// let network = MemoryNetwork()
/// var configuration = Node.Configuration()
/// configuration.use(network)
/// let first = try Node(configuration)
/// let second = try Node(configuration)
/// try await second.join([first.address.description])
/// let cut = try network.cut([first.address.description])
/// network.heal(cut)
/// ```
///
/// Nothing is lost by itself but what no longer fits into a node's mailbox, 1 MiB; and all arrives
/// at once and in order.
public final class MemoryNetwork: Sendable {
  let base = MemorySwitch()

  /// Creates a network without anybody on it.
  public init() {}
}

extension Node.Configuration {
  /// Lets the node live on `network` instead of the machine's.
  ///
  /// `bind` is any address there, be it the machine's or not. In place of the address that stands
  /// for all, as in `:7000`, the network gives each node an address of its own, the first one
  /// 10.0.0.1; and a free port in place of 0. The nodes join each other by addresses: host names
  /// are still looked up by the machine. `sockets` must be nil.
  public mutating func use(_ network: MemoryNetwork) {
    memoryNetwork = network.base
  }
}

// MARK: Connections

extension MemoryNetwork {
  /// Listens for connections.
  ///
  /// - Parameters:
  ///   - address: An address with a port: `10.0.0.9:80`; `:80` for an address, and port 0 for a
  ///     port, of the network's choice.
  ///   - bufferSize: How many bytes a connection holds, each way, until they are read; 1 or more.
  /// - Returns: The listener, which is closed when nobody holds it.
  /// - Throws: ``MemoryNetworkError`` with the code `invalidAddress`, `invalidValue` or
  ///   `addressInUse`.
  public func listen(
    on address: String,
    bufferSize: Int = 1_024
  ) throws(MemoryNetworkError) -> MemoryListener {
    let isPortAlone = address.utf8.first == UInt8(ascii: ":")
    guard let endpoint = Endpoint(isPortAlone ? "0.0.0.0" + address : address) else {
      throw MemoryNetworkError(
        .invalidAddress,
        "“\(address)” is not an address to listen on: give “10.0.0.9:80”, “[fd00::9]:80” or “:80”"
      )
    }
    try MemoryConnection.checkBufferSize(bufferSize)
    do {
      return MemoryListener(
        try MemoryListening(bind: endpoint, on: base, capacity: bufferSize),
        on: self
      )
    } catch {
      throw MemoryNetworkError(
        .addressInUse,
        "“\(address)” is in use on this network: close who is there, or listen on port 0"
      )
    }
  }

  /// Connects to a listener, or to a node, and waits until it has accepted.
  ///
  /// Across a cut it waits, as it would for packets that are lost.
  ///
  /// - Parameters:
  ///   - address: Where somebody listens: `10.0.0.9:80`.
  ///   - source: The address that a cut can name; the connection has a port of its own.
  ///   - timeout: The time after which it gives up; nil for never.
  /// - Returns: This end of the connection.
  /// - Throws: ``MemoryNetworkError`` with the code `invalidAddress`, `refused`, `serverClosed`,
  ///   `deadlineExceeded` or `cancelled`.
  public func dial(
    _ address: String,
    from source: String = "127.0.0.1:0",
    timeout: Duration? = nil
  ) async throws(MemoryNetworkError) -> MemoryConnection {
    let end = base.connect(
      to: try Self.endpoint(address),
      from: try Self.endpoint(source, needsPort: false)
    )
    let deadline = timeout.map { ContinuousClock.now + $0.clamped }
    let outcome: Result<Void, MemoryNetworkError>? = await end.pipe.attempt { state in
      if let outcome = Self.outcome(of: state, at: address) { return (.done(outcome), false) }
      if let deadline, deadline <= .now { return (.done(.failure(.deadlineExceeded)), false) }
      return (.wait(until: deadline), false)
    }
    do {
      try (outcome ?? .failure(.cancelled)).get()
    } catch {
      end.abandon()
      throw error
    }
    return MemoryConnection(end)
  }

  /// What came of dialling; nil if nothing yet.
  private static func outcome(
    of state: MemoryPipe.State,
    at address: String
  ) -> Result<Void, MemoryNetworkError>? {
    switch state.stage {
    case .accepted: return .success(())
    case .refused:
      let reason = "connection refused: nobody listens on “\(address)”, or too many wait there"
      return .failure(MemoryNetworkError(.refused, reason))
    case .queued where state.isBroken(for: .opener):
      let reason = "server closed: the listener on “\(address)” was closed before it accepted"
      return .failure(MemoryNetworkError(.serverClosed, reason))
    case .connecting, .queued, .abandoned: return nil
    }
  }

  private static func endpoint(
    _ address: String,
    needsPort: Bool = true
  ) throws(MemoryNetworkError) -> Endpoint {
    let endpoint = Endpoint(address) ?? (needsPort ? nil : Endpoint(address: address, port: 0))
    guard let endpoint, !endpoint.isUnspecified, endpoint.port != 0 || !needsPort else {
      throw MemoryNetworkError(
        .invalidAddress,
        "“\(address)” is not an address on a memory network: give “10.0.0.9:80” or “[fd00::9]:80”"
          + (needsPort ? "" : ", or an address without a port for all of a host's")
      )
    }
    return endpoint
  }
}

// MARK: Faults

extension MemoryNetwork {
  /// A cut that can be healed.
  public struct Cut: Sendable, Hashable {
    let id: UInt64
  }

  /// Which way a cut is.
  public enum CutDirection: Sendable, Hashable {
    /// Nothing passes.
    case bothWays
    /// Nothing passes from the first addresses to the others; what those send arrives, but no
    /// connection can be opened.
    case oneWay
  }

  /// Lets nothing pass between some addresses and others.
  ///
  /// Datagrams vanish, and connecting finds no end. On connections that stand, nothing arrives that
  /// is sent after the cut, until it is healed: then all of it does.
  ///
  /// - Parameters:
  ///   - addresses: The addresses on one side, each with a port, or without one for a whole host.
  ///   - others: Those on the other side; nil for all others.
  ///   - direction: Whether what the others send still arrives.
  /// - Returns: What ends it when given to ``heal(_:)``.
  /// - Throws: ``MemoryNetworkError`` with the code `invalidAddress`.
  @discardableResult
  public func cut(
    _ addresses: [String],
    from others: [String]? = nil,
    _ direction: CutDirection = .bothWays
  ) throws(MemoryNetworkError) -> Cut {
    let near = try Self.endpoints(addresses)
    let far = try others.map { others throws(MemoryNetworkError) in try Self.endpoints(others) }
    return Cut(id: base.cut(MemoryCut(near: near, far: far, isOneWay: direction == .oneWay)))
  }

  private static func endpoints(_ addresses: [String]) throws(MemoryNetworkError) -> Set<Endpoint> {
    var endpoints: Set<Endpoint> = []
    for address in addresses { endpoints.insert(try endpoint(address, needsPort: false)) }
    return endpoints
  }

  /// Ends a cut; others may still stand.
  public func heal(_ cut: Cut) { base.heal(cut.id) }

  /// Ends all cuts.
  public func healAll() { base.healAll() }
}

// MARK: What it counts

extension MemoryNetwork {
  /// What became of the datagrams that nodes have sent.
  public struct Counters: Sendable, Hashable {
    /// Datagrams that reached a mailbox.
    public let delivered: UInt64
    /// Datagrams that a cut took.
    public let cutOff: UInt64
    /// Datagrams to addresses where nobody is bound.
    public let unclaimed: UInt64
    /// Datagrams for which a mailbox had no room.
    public let crowdedOut: UInt64
  }

  /// What became of the datagrams that nodes have sent so far.
  public var counters: Counters {
    let counts = base.counts
    return Counters(
      delivered: counts.delivered,
      cutOff: counts.cutOff,
      unclaimed: counts.unclaimed,
      crowdedOut: counts.crowdedOut
    )
  }
}

extension Duration {
  /// The duration, or a hundred years if it is longer, so that it can be added to any instant.
  var clamped: Duration { min(self, .seconds(3_155_760_000)) }
}
