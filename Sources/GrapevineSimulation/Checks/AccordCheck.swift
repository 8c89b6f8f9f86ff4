import GrapevineCore

/// Asked by scenarios; see ``Simulation/requireAccord(among:)``.
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
    let ids = group.map { nodes[$0].engine.localID }
    for node in group {
      let members = nodes[node].engine.memberSummaries(now: clockReading(of: node))
      for id in ids {
        let held = members.first { $0.id == id }
        guard held?.isLive != true else { continue }
        let shown = held.map { "\($0)" } ?? "nothing"
        throw discord(node, "holds \(shown) for \(id), which lives")
      }
      if let other = members.first(where: { !ids.contains($0.id) }) {
        throw discord(node, "lists \(other), which is none of the \(ids.count) that live")
      }
    }
  }

  private func discord(_ node: Int, _ detail: String) -> Violation {
    Violation(AccordCheck.self, seed: seed, time: now, node: node, detail: detail)
  }
}
