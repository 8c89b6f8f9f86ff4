import GrapevineCore

/// Asked by scenarios and by the swarm; see ``Simulation/requireAccord(among:)``.
package final class AccordCheck: Check {
  package static let name = "accord"
  package static let reason =
    "in peace every live node lists all live ones as live, and after a while nobody else"
  package static let isForMeasuring = true

  package init() {}
}

extension Simulation {
  /// Demands that nodes list each other as live, and nobody else.
  ///
  /// - Throws: a ``Violation`` of ``AccordCheck`` for the first that does not.
  package func requireAccord(among group: [Int]) throws(Violation) {
    try requireAllHeldLive(among: group)
    let ids = Set(group.map { nodes[$0].engine.localID })
    for node in group {
      let members = nodes[node].engine.memberSummaries(now: clockReading(of: node))
      if let other = members.first(where: { !ids.contains($0.id) }) {
        throw discord(node, "lists \(other), which is none of the \(ids.count) that live")
      }
    }
  }

  /// Demands that nodes list each other as live, whoever else they list.
  ///
  /// - Throws: a ``Violation`` of ``AccordCheck`` for the first that does not.
  package func requireAllHeldLive(among group: [Int]) throws(Violation) {
    let ids = group.map { nodes[$0].engine.localID }
    for node in group {
      let members = nodes[node].engine.memberSummaries(now: clockReading(of: node))
      let live = Set(members.filter(\.isLive).map(\.id))
      guard let id = ids.first(where: { !live.contains($0) }) else { continue }
      let shown = members.first { $0.id == id }.map { "\($0)" } ?? "nothing"
      throw discord(node, "holds \(shown) for \(id), which lives")
    }
  }

  /// Demands that each node that has refused nothing holds all that the others have written.
  ///
  /// - Throws: a ``Violation`` of ``AccordCheck`` for the first that does not.
  package func requireKnowledge(among group: [Int]) throws(Violation) {
    for node in group where nodes[node].engine.metrics.stateRefused == 0 {
      for owner in group where owner != node {
        let key = nodes[owner].engine.ownKey
        let held = nodes[node].engine.version(of: key) ?? 0
        let version = nodes[owner].engine.ownVersion
        guard held < version else { continue }
        let id = nodes[owner].engine.localID
        throw discord(node, "has refused nothing and holds \(held) of \(id), at \(version)")
      }
    }
  }

  /// Demands that nodes hold the same.
  ///
  /// - Throws: a ``Violation`` of ``AccordCheck`` that says how two of them differ.
  package func requireSameness(among group: [Int]) throws(Violation) {
    guard !isConverged(among: group) else { return }
    throw discord(dissent.0, describeDissent())
  }

  private func discord(_ node: Int, _ detail: String) -> Violation {
    Violation(AccordCheck.self, seed: seed, time: now, node: node, detail: detail)
  }
}
