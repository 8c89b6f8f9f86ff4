#if ServiceLifecycle
  public import Grapevine
  public import ServiceLifecycle

  /// A node as a service of a `ServiceGroup`: it joins, runs until the group shuts down, and then
  /// leaves its cluster, so that others see that it left and need not find out that it is down.
  ///
  /// ```swift
  /// import UnixSignals
  ///
  /// let group = ServiceGroup(
  ///   services: [server, NodeService(node, joining: ["gossip.internal:7000"])],
  ///   gracefulShutdownSignals: [.sigterm],
  ///   logger: logger
  /// )
  /// try await group.run()
  /// ```
  ///
  /// Services shut down one after the other, the last that was listed first. A node that stands
  /// behind the servers has left before they stop, so that others send them nothing any more.
  public struct NodeService: Service {
    private let start: @Sendable () throws -> Node
    private let addresses: [String]
    private let timeout: Duration?
    private let handOver: Duration

    /// Makes a service of a node that runs.
    ///
    /// - Parameters:
    ///   - node: The node, which the service closes.
    ///   - addresses: What to join first, as ``/Grapevine/Node/join(_:timeout:)`` does. With none
    ///     the service runs at once, and the node finds others by its
    ///     ``/Grapevine/Node/Configuration/seeds``, which it asks again and again, or is found.
    ///   - timeout: How long joining may take at most.
    ///   - handOver: How long a participant is terminating before it leaves; a viewer leaves at
    ///     once. A limit on the group's shutdown must leave room for it.
    public init(
      _ node: Node,
      joining addresses: [String] = [],
      timeout: Duration? = nil,
      handOver: Duration = .seconds(5)
    ) {
      start = { node }
      self.addresses = addresses
      self.timeout = timeout
      self.handOver = handOver
    }

    /// Makes a service that starts a node when it is run.
    ///
    /// - Parameters:
    ///   - configuration: How the node presents itself and behaves.
    ///   - addresses: What to join first, as ``/Grapevine/Node/join(_:timeout:)`` does. With none
    ///     the service runs at once, and the node finds others by its
    ///     ``/Grapevine/Node/Configuration/seeds``, which it asks again and again, or is found.
    ///   - timeout: How long joining may take at most.
    ///   - handOver: How long a participant is terminating before it leaves; a viewer leaves at
    ///     once. A limit on the group's shutdown must leave room for it.
    ///   - prepare: Called with the node once it has started, before it joins: the place to set
    ///     keys and to begin to watch. What it throws ends the service.
    public init(
      _ configuration: Node.Configuration,
      joining addresses: [String] = [],
      timeout: Duration? = nil,
      handOver: Duration = .seconds(5),
      prepare: @escaping @Sendable (Node) throws -> Void = { _ in }
    ) {
      start = {
        let node = try Node(configuration)
        do {
          try prepare(node)
        } catch {
          node.close()
          throw error
        }
        return node
      }
      self.addresses = addresses
      self.timeout = timeout
      self.handOver = handOver
    }

    /// Joins, waits for the group's graceful shutdown, leaves and closes the node.
    ///
    /// A shutdown that comes while it joins ends that: a member that has heard of the node by then
    /// and that the node does not know yet finds out that it is down. When the task is cancelled
    /// the node is closed at once, and all find out that it is down.
    ///
    /// - Throws: What starting, joining or leaving throws, or `CancellationError`. The node is
    ///   closed then, too.
    public func run() async throws {
      let node = try start()
      defer { node.close() }
      do {
        _ = try await cancelWhenGracefulShutdown { [addresses, timeout] in
          try await node.join(addresses, timeout: timeout)
        }
      } catch let error as NodeError where error.code == .cancelled {
        // By a graceful shutdown, or else the next line throws.
      }
      try await gracefulShutdown()
      try await node.leave(handOver: node.state == .participant ? handOver : .zero)
    }
  }
#endif
