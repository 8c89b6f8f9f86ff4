internal import GrapevineCore
internal import GrapevineSimulation

/// A cluster under the simulator: its clock is virtual, and its nodes are the production engines.
///
/// A node can change what it holds only when something is delivered to it, so it is looked at after
/// each of its own steps and at no other time: the times are exact and cost nearly nothing.
final class SimulatedCluster: Cluster {
  let simulation: Simulation
  private let configuration: GossipConfiguration
  private var isKeepingDownReports = false
  private(set) var downReports: [DownReport] = []
  private(set) var complaints: [String] = []
  let latenesses: [Double] = []

  init(_ options: Options, seed: UInt64) {
    var conditions = NetworkConditions()
    conditions.loss = Ratio(options.loss)
    conditions.latency = .uniform(options.latency)
    simulation = Simulation(
      seed: seed,
      conditions: conditions,
      checking: options.checks ? .everything : .limits
    )
    simulation.eventLogLimit = 0
    var configuration = GossipConfiguration()
    configuration.interval = options.interval
    configuration.memberExpiry = options.expiry
    configuration.push = options.push
    self.configuration = configuration
    simulation.eventHandler = { [unowned self] in note($0) }
  }

  private func note(_ observed: ObservedEvent) {
    switch observed.event {
    case .member(.down(let member)) where isKeepingDownReports:
      downReports.append(DownReport(time: observed.time, node: observed.node, member: member))
    // A node that is told to leave as soon as it is known gives up the rest of its join.
    case .joinFinished(_, .failed(.closed)): break
    case .joinFinished(_, .failed(let reason)):
      complaints.append("\(name(of: observed.node)) could not join: \(reason)")
    case .member, .joinFinished, .leaveFinished, .spreadFinished, .reachFinished, .superseded,
      .generationRaised,
      .stateRefused, .answersByStreamOnly, .wasPaused, .peerChanged, .lockGranted,
      .lockLost:
      break
    }
  }

  var now: Instant { simulation.now }

  func start(_ name: String) -> Int {
    simulation.add(name: name, configuration: configuration)
  }

  func stop(_ node: Int) {
    guard simulation.state(of: node).isAlive else { return }
    simulation.crash(node, .process)
  }

  func join(_ nodes: [Int], through member: Int) {
    for node in nodes { simulation.join(node, to: member) }
  }

  func leave(_ node: Int) {
    simulation.leave(node)
  }

  func update(_ node: Int, _ changes: [Change]) throws(EvaluationError) {
    do {
      try simulation.update(node, changes)
    } catch {
      throw EvaluationError("\(name(of: node)) refused a change: \(error)")
    }
  }

  func isRunning(_ node: Int) -> Bool { simulation.state(of: node).isAlive }

  func name(of node: Int) -> String {
    simulation.read(node) { engine, _ in engine.localID.name }
  }

  func version(of name: String, at node: Int) -> Version? {
    simulation.read(node) { engine, _ in engine.version(of: name) }
  }

  func entry(_ key: String, of name: String, at node: Int) -> Entry? {
    simulation.read(node) { engine, _ in engine.entry(key, of: name) }
  }

  func liveMemberCount(at node: Int) -> Int {
    simulation.read(node) { engine, _ in engine.liveMemberCount }
  }

  func metrics(of node: Int) -> Metrics {
    simulation.read(node) { engine, _ in engine.metrics }
  }

  func exposition(of node: Int) -> String? { nil }

  func id(of node: Int) -> MemberID {
    simulation.read(node) { engine, _ in engine.localID }
  }

  func member(_ name: String, at node: Int) -> Member? {
    simulation.member(named: name, at: node)
  }

  func members(at node: Int) -> [Member] {
    simulation.read(node) { engine, now in engine.memberSummaries(now: now) }
  }

  func fingerprint(at node: Int) -> UInt64 {
    simulation.read(node) { engine, _ in engine.fingerprint }
  }

  func keepDownReports() {
    isKeepingDownReports = true
  }
}

// Faults.
extension SimulatedCluster {
  func kill(_ node: Int, _ kind: Kill) {
    switch kind {
    case .silence: simulation.crash(node, .host)
    case .close: simulation.crash(node, .process)
    }
  }

  func restart(_ node: Int, _ place: RestartPlace) {
    let generation = id(of: node).generation + 1
    switch place {
    case .sameAddress: simulation.restart(node, generation: generation)
    case .newAddress:
      simulation.restart(node, generation: generation, at: simulation.freshEndpoint())
    }
  }

  func split(_ sides: [[Int]]) {
    for (index, side) in sides.enumerated() {
      for other in sides[(index + 1)...] { simulation.partition(side, from: other) }
    }
  }

  func cutOneWay(_ links: [(source: Int, target: Int)]) {
    for link in links { simulation.partitionOneWay(from: [link.source], to: [link.target]) }
  }

  func heal() {
    simulation.healAll()
  }

  func resetPacketPeaks() {
    simulation.resetPeaks()
  }

  func packetPeak(of nodes: [Int]) -> Int? {
    nodes.map { simulation.traffic(of: $0).packetsPerSecondPeak }.max()
  }
}

extension SimulatedCluster {
  func sleep(_ duration: Duration, _ watch: (Instant) -> Void) throws(EvaluationError) {
    let end = now + duration
    var steps = 0
    do {
      _ = try simulation.run(deadline: end) { simulation, _ in
        steps += 1
        if steps % SimulatedCluster.watchInterval == 0 { watch(simulation.now) }
        return true
      }
    } catch {
      throw EvaluationError("the simulator found a broken promise: \(error)")
    }
  }

  func times(
    of nodes: [Int],
    since begin: Instant,
    limit: Duration,
    watch: (_ reachedCount: Int) -> Void,
    until isReached: (Int) -> Bool
  ) throws(EvaluationError) -> [Duration?] {
    var reached = [Int: Duration](minimumCapacity: nodes.count)
    func look(_ node: Int) {
      guard reached[node] == nil, isReached(node) else { return }
      reached[node] = .nanoseconds(Int64(now.since(begin)))
    }
    for node in nodes { look(node) }
    let wanted = Set(nodes)
    var steps = 0
    do {
      _ = try simulation.run(deadline: begin + limit) { _, node in
        if wanted.contains(node) { look(node) }
        steps += 1
        if steps % SimulatedCluster.watchInterval == 0 { watch(reached.count) }
        return reached.count < nodes.count
      }
    } catch {
      throw EvaluationError("the simulator found a broken promise: \(error)")
    }
    return nodes.map { reached[$0] }
  }

  func observe(until end: Instant, _ look: (_ node: Int) -> Bool) throws(EvaluationError) {
    do {
      _ = try simulation.run(deadline: end) { simulation, node in
        simulation.state(of: node) != .running || look(node)
      }
    } catch {
      throw EvaluationError("the simulator found a broken promise: \(error)")
    }
  }

  /// The number of steps between two reports of progress.
  private static var watchInterval: Int { 1_024 }
}
