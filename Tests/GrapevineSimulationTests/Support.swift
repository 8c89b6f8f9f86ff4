import GrapevineCore
import GrapevineSimulation

extension Simulation {
  /// Adds nodes `node-0`, `node-1`, … of which all but the first join the first.
  static func cluster(
    _ count: Int,
    seed: UInt64,
    conditions: NetworkConditions = NetworkConditions(),
    configuration: GossipConfiguration = GossipConfiguration()
  ) -> Simulation {
    let simulation = Simulation(seed: seed, conditions: conditions)
    for index in 0..<count {
      simulation.add(name: "node-\(index)", configuration: configuration)
    }
    for node in 1..<count {
      simulation.addSeeds(node, [0])
      simulation.join(node, to: 0)
    }
    return simulation
  }

  /// How a node's request to join came out; nil if it has not.
  func outcome(of ticket: JoinTicket, at node: Int) -> JoinOutcome? {
    for observed in events(of: node) {
      if case .joinFinished(ticket, let outcome) = observed.event { return outcome }
    }
    return nil
  }

  /// What a node was told of members, the oldest first.
  func memberEvents(of node: Int) -> [Event] {
    events(of: node).compactMap { observed in
      if case .member(let event) = observed.event { event } else { nil }
    }
  }

  /// The engine's word that another process took its name, if it said so.
  func isSuperseded(_ node: Int) -> Bool {
    events(of: node).contains { observed in
      if case .superseded = observed.event { true } else { false }
    }
  }
}
