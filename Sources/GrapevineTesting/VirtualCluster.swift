@_exported public import GrapevineCore
import GrapevineSimulation

/// A cluster of nodes in virtual time, for tests of what is built on membership and state.
///
/// The nodes run the engine of production over a simulated network; nothing sleeps, and a minute of
/// a small cluster takes milliseconds. One seed gives one run, so a failure can be run again. Time
/// stands still but in the methods that run the cluster.
///
/// ```swift
/// let cluster = try VirtualCluster(["a", "b", "c"])
/// try cluster.converge()
/// try cluster["c"].crash()
/// try cluster.run(atMost: .seconds(10)) { try $0["a"].liveNames == ["a", "b"] }
/// ```
///
/// It is for one task at a time.
public final class VirtualCluster {
  /// What the draws of the network and of the nodes come from.
  public let seed: UInt64
  let simulation: Simulation
  private let configuration: GossipConfiguration
  private var numbers: [String: Int] = [:]
  private var names: [String] = []

  /// Starts a cluster of nodes; all join the first one at once.
  ///
  /// - Parameters:
  ///   - names: The nodes' names, 1 to 255 bytes each, and none twice.
  ///   - seed: What all that is left to chance comes from.
  ///   - network: What the network is like.
  ///   - configuration: The settings of every node that is started without its own.
  /// - Throws: ``VirtualClusterError`` for a name or a value that can't be used.
  public init(
    _ names: [String] = [],
    seed: UInt64 = 1,
    network: VirtualNetwork = VirtualNetwork(),
    configuration: GossipConfiguration = GossipConfiguration()
  ) throws(VirtualClusterError) {
    self.seed = seed
    self.configuration = configuration
    self.network = network
    simulation = Simulation(seed: seed, conditions: try network.conditions(), checking: .limits)
    simulation.judgesVerdicts = false
    for name in names { try start(name) }
  }

  /// What the network is like from now on; see ``setNetwork(_:)``.
  public private(set) var network: VirtualNetwork

  /// Changes what the network is like; packets that are under way arrive as before.
  ///
  /// - Throws: ``VirtualClusterError`` for a value that can't be used.
  public func setNetwork(_ network: VirtualNetwork) throws(VirtualClusterError) {
    simulation.conditions = try network.conditions()
    self.network = network
  }
}

// MARK: Nodes

extension VirtualCluster {
  /// All nodes, in the order in which they were first started.
  public var nodes: [VirtualNode] {
    names.indices.map { VirtualNode(name: names[$0], number: $0, cluster: self) }
  }

  /// The node of that name.
  ///
  /// - Throws: ``VirtualClusterError`` if none was started.
  public subscript(_ name: String) -> VirtualNode {
    get throws(VirtualClusterError) {
      guard let number = numbers[name] else {
        throw VirtualClusterError(.unknownNode, "no node “\(name)” was started; there are \(names)")
      }
      return VirtualNode(name: name, number: number, cluster: self)
    }
  }

  /// Starts a node, which joins a node that runs: the first one, if there is any.
  ///
  /// - Parameters:
  ///   - name: The node's name, which no other has.
  ///   - configuration: The node's settings; nil for those of the cluster.
  ///   - seed: The name of the node to join by; it goes on trying while that one does not answer.
  /// - Returns: The node.
  /// - Throws: ``VirtualClusterError`` for a name or a setting that can't be used.
  @discardableResult
  public func start(
    _ name: String,
    configuration: GossipConfiguration? = nil,
    joining seed: String? = nil
  ) throws(VirtualClusterError) -> VirtualNode {
    guard 1...255 ~= name.utf8.count else {
      throw VirtualClusterError(.invalidValue, "a name has 1 to 255 bytes, not \(name.utf8.count)")
    }
    guard numbers[name] == nil else {
      throw VirtualClusterError(.nameInUse, "“\(name)” was started; restart() starts it again")
    }
    let configuration = configuration ?? self.configuration
    do {
      try configuration.validate()
    } catch {
      throw VirtualClusterError(.invalidValue, "\(error)")
    }
    let known = try seed.map { seed throws(VirtualClusterError) in try self[seed].number }
    let number = simulation.add(name: name, configuration: configuration)
    numbers[name] = number
    names.append(name)
    if let other = known ?? simulation.liveNodes.first(where: { $0 != number }) {
      simulation.addSeeds(number, [other])
      simulation.join(number, to: other)
    }
    return VirtualNode(name: name, number: number, cluster: self)
  }

  func numbers(of names: [String]) throws(VirtualClusterError) -> [Int] {
    var found: [Int] = []
    for name in names { found.append(try self[name].number) }
    return found
  }
}

// MARK: Time

extension VirtualCluster {
  /// The virtual time since the cluster was made.
  public var elapsed: Duration { .nanoseconds(Int64(clamping: simulation.now.nanoseconds)) }

  /// Lets the cluster run for a virtual time.
  ///
  /// - Throws: ``VirtualClusterError`` if an engine breaks one of its promises, which is a fault of
  ///   this library.
  public func run(for duration: Duration) throws(VirtualClusterError) {
    do {
      try simulation.run(for: duration)
    } catch {
      throw VirtualClusterError(error)
    }
  }

  /// Lets the cluster run until a condition holds, which is asked whenever a node has done
  /// something.
  ///
  /// - Parameters:
  ///   - duration: The virtual time after which it gives up.
  ///   - condition: What is waited for; what it throws ends the run.
  /// - Returns: The virtual time that it took.
  /// - Throws: ``VirtualClusterError`` with the code `timeIsUp` if the condition did not hold in
  ///   time, which says how the nodes differ if they do; or what the condition threw.
  @discardableResult
  public func run(
    atMost duration: Duration,
    until condition: (VirtualCluster) throws -> Bool
  ) throws -> Duration {
    let start = simulation.now
    var isMet = try condition(self)
    var failure: (any Error)?
    if !isMet {
      do {
        _ = try simulation.run(deadline: start + duration) { [unowned self] _, _ in
          do {
            isMet = try condition(self)
          } catch {
            failure = error
          }
          return !isMet && failure == nil
        }
      } catch {
        throw VirtualClusterError(error)
      }
    }
    if let failure { throw failure }
    guard isMet else {
      throw VirtualClusterError(
        .timeIsUp,
        "after \(duration) the condition does not hold\(dissent)"
      )
    }
    return .nanoseconds(Int64(clamping: simulation.now.since(start)))
  }

  /// Lets the cluster run until all nodes that run and have not left hold the same, and know each
  /// other.
  ///
  /// - Returns: The virtual time that it took.
  /// - Throws: ``VirtualClusterError`` with the code `timeIsUp`, which says how they differ.
  @discardableResult
  public func converge(within duration: Duration = .seconds(60)) throws -> Duration {
    try run(atMost: duration) { cluster in
      let live = cluster.simulation.liveNodes
      return cluster.simulation.isConverged()
        && live.allSatisfy { cluster.simulation.engine(at: $0).liveMemberCount == live.count }
    }
  }

  private var dissent: String {
    simulation.isConverged() ? "" : "; " + simulation.describeDissent()
  }
}

// MARK: Faults

extension VirtualCluster {
  /// A cut that can be healed.
  public struct Cut: Sendable, Hashable {
    let id: PartitionID
  }

  /// Which way a cut is.
  public enum CutDirection: Sendable, Hashable {
    /// Nothing passes.
    case bothWays
    /// Nothing passes from the first nodes to the others; what those send arrives.
    case oneWay
  }

  /// Lets nothing pass between some nodes and others.
  ///
  /// - Parameters:
  ///   - names: The nodes on one side.
  ///   - others: Those on the other side; nil for all others that were started so far.
  ///   - direction: Whether what the others send still arrives.
  /// - Returns: What ends it when given to ``heal(_:)``.
  /// - Throws: ``VirtualClusterError`` for a name that no node has.
  @discardableResult
  public func cut(
    _ names: [String],
    from others: [String]? = nil,
    _ direction: CutDirection = .bothWays
  ) throws(VirtualClusterError) -> Cut {
    let here = try numbers(of: names)
    let there =
      if let others {
        try numbers(of: others)
      } else {
        simulation.nodeIndices.filter { !here.contains($0) }
      }
    switch direction {
    case .bothWays: return Cut(id: simulation.partition(here, from: there))
    case .oneWay: return Cut(id: simulation.partitionOneWay(from: here, to: there))
    }
  }

  /// Ends a cut; others may still stand.
  public func heal(_ cut: Cut) { simulation.heal(cut.id) }

  /// Ends all cuts.
  public func healAll() { simulation.healAll() }
}
