internal import GrapevineCore
internal import GrapevineSimulation

/// A cluster under the simulator: its clock is virtual, and its nodes are the production engines.
///
/// A node can change what it holds only when something is delivered to it, so it is looked at after
/// each of its own steps and at no other time: the times are exact and cost nearly nothing.
final class SimulatedCluster: Cluster {
  let simulation: Simulation
  private let configuration: GossipConfiguration
  private(set) var downReports = 0
  private(set) var complaints: [String] = []

  init(_ options: Options, seed: UInt64) {
    var conditions = NetworkConditions()
    conditions.loss = Ratio(options.loss)
    conditions.latency = .uniform(options.latency)
    simulation = Simulation(seed: seed, conditions: conditions, checking: .limits)
    simulation.eventLogLimit = 0
    var configuration = GossipConfiguration()
    configuration.interval = options.interval
    self.configuration = configuration
    simulation.eventHandler = { [unowned self] in note($0) }
  }

  private func note(_ observed: ObservedEvent) {
    switch observed.event {
    case .member(.down): downReports += 1
    // A node that is told to leave as soon as it is known gives up the rest of its join.
    case .joinFinished(_, .failed(.closed)): break
    case .joinFinished(_, .failed(let reason)):
      complaints.append("\(name(of: observed.node)) could not join: \(reason)")
    case .member, .joinFinished, .leaveFinished, .spreadFinished, .superseded, .generationRaised,
      .stateRefused, .answersByStreamOnly, .wasPaused:
      break
    }
  }

  var now: Instant { simulation.now }

  func start(_ name: String) -> Int {
    simulation.add(name: name, configuration: configuration)
  }

  func stop(_ node: Int) {
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

  func countDownReports() {
    downReports = 0
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

  /// The number of steps between two reports of progress.
  private static var watchInterval: Int { 1_024 }
}
