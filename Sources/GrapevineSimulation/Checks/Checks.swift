import GrapevineCore

/// One of each check, by the moments that it wants to see.
struct Checks {
  private let starts: [any StartCheck]
  private let packets: [any PacketCheck]
  private let streams: [any StreamCheck]
  private let events: [any EventCheck]
  private let inputs: [any InputCheck]
  private let readings: [any ReadingCheck]
  private let nodes: [any NodeCheck]
  private let groups: [any GroupCheck]

  init(_ checking: Simulation.Checking) {
    let checks = allChecks.filter { checking == .everything || $0.isForMeasuring }
      .map { $0.init() }
    starts = checks.compactMap { $0 as? any StartCheck }
    packets = checks.compactMap { $0 as? any PacketCheck }
    streams = checks.compactMap { $0 as? any StreamCheck }
    events = checks.compactMap { $0 as? any EventCheck }
    inputs = checks.compactMap { $0 as? any InputCheck }
    readings = checks.compactMap { $0 as? any ReadingCheck }
    nodes = checks.compactMap { $0 as? any NodeCheck }
    groups = checks.compactMap { $0 as? any GroupCheck }
  }

  func started(_ node: Int, in simulation: Simulation) {
    if simulation.checking == .everything {
      simulation.ledger.started(node, simulation.nodes[node].engine)
    }
    for check in starts { check.started(node, in: simulation) }
  }

  func sent(_ packet: [UInt8], from node: Int, to target: Endpoint, in simulation: Simulation) {
    for check in packets { check.sent(packet, from: node, to: target, in: simulation) }
  }

  func queued(_ size: Int, by node: Int, in simulation: Simulation) {
    for check in streams { check.queued(size, by: node, in: simulation) }
  }

  func told(_ event: EngineEvent, by node: Int, in simulation: Simulation) {
    for check in events { check.told(event, by: node, in: simulation) }
    if simulation.checking == .everything { simulation.ledger.take(event, by: node) }
  }

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    guard simulation.checking == .everything else {
      for check in inputs { check.took(input, engine, at: node, in: simulation) }
      return
    }
    simulation.ledger.noteWords(of: node, engine)
    for check in inputs { check.took(input, engine, at: node, in: simulation) }
    if let reading = simulation.ledger.draw(at: node, engine) {
      for check in readings { check.read(reading, at: node, in: simulation) }
    }
  }

  func inspect(_ node: Int, in simulation: Simulation) {
    guard !nodes.isEmpty else { return }
    let engine = simulation.nodes[node].engine
    let members = engine.members(now: simulation.clockReading(of: node))
    for check in nodes { check.inspect(members, engine, of: node, in: simulation) }
  }

  func agreed(_ group: [Int], in simulation: Simulation) {
    for check in groups { check.agreed(group, in: simulation) }
  }
}

/// What a check keeps of each node's process of now.
struct PerNode<State> {
  private var states: [State] = []

  /// A process has started at the node, be it the first one or a later one.
  mutating func begin(_ node: Int, _ state: State) {
    if node == states.count {
      states.append(state)
    } else {
      states[node] = state
    }
  }

  subscript(node: Int) -> State {
    _read { yield states[node] }
    _modify { yield &states[node] }
  }
}
