public import GrapevineCore
import GrapevineSimulation

/// A node of a ``VirtualCluster``, its process now or its next one after a crash.
public struct VirtualNode {
  /// The node's name.
  public let name: String
  let number: Int
  private let cluster: VirtualCluster

  init(name: String, number: Int, cluster: VirtualCluster) {
    self.name = name
    self.number = number
    self.cluster = cluster
  }

  private var simulation: Simulation { cluster.simulation }
}

// MARK: What it says and knows

extension VirtualNode {
  /// The node's identity; its generation grows with each restart.
  public var id: MemberID { simulation.engine(at: number).localID }

  /// Gives `key` a value.
  ///
  /// - Returns: The version of the node's state after it.
  /// - Throws: ``VirtualClusterError`` for a node that does not run, or a change that breaks its
  ///   rule.
  @discardableResult
  public func set(_ key: String, _ value: String) throws(VirtualClusterError) -> Version {
    try update([.set(key, to: value)])
  }

  /// Deletes `key`.
  ///
  /// - Returns: The version of the node's state after it.
  /// - Throws: ``VirtualClusterError`` for a node that does not run.
  @discardableResult
  public func delete(_ key: String) throws(VirtualClusterError) -> Version {
    try update([.delete(key: key)])
  }

  /// Makes all changes, or none.
  ///
  /// - Returns: The version of the node's state after them.
  /// - Throws: ``VirtualClusterError`` for a node that does not run, or a change that breaks its
  ///   rule.
  @discardableResult
  public func update(_ changes: [Change]) throws(VirtualClusterError) -> Version {
    try requireRunning()
    do {
      return try simulation.update(number, changes)
    } catch {
      throw VirtualClusterError(.invalidValue, "\(name): \(error)")
    }
  }

  /// All members as the node sees them, itself included and sorted by name; of a node that does not
  /// run, as it saw them last.
  public var members: [Member] { simulation.members(of: number) }

  /// The names of the members that the node holds alive, itself included, sorted.
  public var liveNames: [String] { members.filter(\.isLive).map(\.name) }

  /// What the node knows of the member `name`; nil if that is nothing.
  public func member(named name: String) -> Member? { simulation.member(named: name, at: number) }

  /// The value of `key` of the member `name` as this node sees it; nil if it sees none.
  public func text(of key: String, member name: String) -> String? {
    simulation.engine(at: number).entry(key, of: name)?.text
  }

  /// What happened to other members, as the node was told: the latest 4,096 events.
  public var events: [Event] {
    simulation.events(of: number).compactMap { observed in
      if case .member(let event) = observed.event { event } else { nil }
    }
  }

  /// What the node's process has counted.
  public var counters: Metrics { simulation.engine(at: number).metrics }
}

// MARK: What becomes of it

extension VirtualNode {
  /// Says whether there is a process, be it asleep.
  public var isAlive: Bool { simulation.state(of: number).isAlive }

  /// Ends the process without a word.
  ///
  /// - Throws: ``VirtualClusterError`` if there is no process.
  public func crash() throws(VirtualClusterError) {
    guard isAlive else { throw notRunning() }
    simulation.crash(number, .process)
  }

  /// Ends the process together with its host, so that nothing refuses what is sent there.
  ///
  /// - Throws: ``VirtualClusterError`` if there is no process.
  public func crashHost() throws(VirtualClusterError) {
    guard isAlive else { throw notRunning() }
    simulation.crash(number, .host)
  }

  /// Starts the next process of the node after a crash, with a higher generation and no state; it
  /// joins a node that runs, if there is any.
  ///
  /// - Throws: ``VirtualClusterError`` if a process is there.
  public func restart() throws(VirtualClusterError) {
    guard !isAlive else {
      throw VirtualClusterError(.stillRunning, "“\(name)” runs; crash() it first")
    }
    simulation.restart(number, generation: id.generation + 1)
    guard let other = simulation.liveNodes.first(where: { $0 != number }) else { return }
    simulation.addSeeds(number, [other])
    simulation.join(number, to: other)
  }

  /// Lets the node leave: it tells others, and goes on until it is stopped by ``crash()``.
  ///
  /// - Throws: ``VirtualClusterError`` for a node that does not run.
  public func leave() throws(VirtualClusterError) {
    try requireRunning()
    guard !simulation.hasLeft(number) else { return }
    simulation.leave(number)
  }

  /// Puts the process to sleep: it hears nothing and does nothing, as one that is stopped by
  /// `SIGSTOP`.
  ///
  /// - Throws: ``VirtualClusterError`` for a node that does not run.
  public func pause() throws(VirtualClusterError) {
    try requireRunning()
    simulation.pause(number)
  }

  /// Wakes the process up.
  ///
  /// - Throws: ``VirtualClusterError`` for a node that does not sleep.
  public func resume() throws(VirtualClusterError) {
    guard simulation.state(of: number) == .paused else {
      throw VirtualClusterError(.notPaused, "“\(name)” does not sleep")
    }
    simulation.resume(number)
  }

  private func requireRunning() throws(VirtualClusterError) {
    guard simulation.state(of: number) == .running else { throw notRunning() }
  }

  private func notRunning() -> VirtualClusterError {
    let state = simulation.state(of: number) == .paused ? "sleeps" : "has crashed"
    return VirtualClusterError(.notRunning, "“\(name)” \(state)")
  }
}

extension VirtualNode: CustomStringConvertible {
  /// The node's name.
  public var description: String { name }
}
