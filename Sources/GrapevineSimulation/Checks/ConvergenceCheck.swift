import GrapevineCore

package final class ConvergenceCheck: GroupCheck {
  package static let name = "convergence"
  package static let reason = "once faults end, all live nodes come to hold the same"
  package static let isForMeasuring = true

  package init() {}

  /// Equal fingerprints are the engines' own word for it: this asks their tables.
  func agreed(_ group: [Int], in simulation: Simulation) {
    for owner in group {
      let id = simulation.nodes[owner].engine.localID
      let key = MemberKey(id)
      let version = simulation.nodes[owner].engine.ownVersion
      for node in group {
        if simulation.nodes[node].read({ $0.version(of: key) }) != version {
          simulation.fail(
            Self.self,
            node,
            "equal fingerprints, but another version of \(id)"
          )
        }
        if simulation.checking == .everything, node != owner {
          compare(node, with: owner, id, in: simulation)
        }
      }
    }
  }

  /// Compares what a node told of a live owner's keys with what the owner wrote.
  private func compare(
    _ node: Int,
    with owner: Int,
    _ id: MemberID,
    in simulation: Simulation
  ) {
    guard let identity = simulation.ledger.history.judgeable(id) else { return }
    let life = simulation.ledger.life(at: owner)
    let view = simulation.ledger.view(identity, at: node)
    for (index, key) in life.keyRecords.enumerated() where key.isLive != view.isLive(index) {
      let state = key.isLive ? "lacks" : "still holds"
      simulation.fail(
        Self.self,
        node,
        "equal fingerprints, but it \(state) “\(key.name)” of \(id)"
      )
    }
  }
}
