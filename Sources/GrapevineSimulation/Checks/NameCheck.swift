import GrapevineCore

package final class NameCheck: EventCheck, NodeCheck, GroupCheck {
  package static let name = "names"
  package static let reason =
    "no node ever shows two members of one name, and in peace no two processes go by one"

  package init() {}

  func told(_ event: EngineEvent, by node: Int, in simulation: Simulation) {
    guard case .member(.joined(let id)) = event,
      let identity = simulation.ledger.history.identityIndex(of: id)
    else { return }
    let identities = simulation.ledger.history.identities
    if let other = simulation.ledger.views[node].shown(identities[identity].nameIndex) {
      simulation.fail(Self.self, node, "\(id) joined beside \(identities[other].id)")
    }
  }

  func inspect(
    _ members: [Member],
    _ engine: Engine,
    of node: Int,
    in simulation: Simulation
  ) {
    for (former, latter) in zip(members, members.dropFirst())
    where former.name.hasSameBytes(as: latter.name) {
      simulation.fail(Self.self, node, "shows \(former.id) and \(latter.id)")
    }
  }

  func agreed(_ group: [Int], in simulation: Simulation) {
    var holders: [NameKey: Int] = [:]
    for node in group where simulation.isMember(node) {
      let id = simulation.nodes[node].engine.localID
      if let other = holders.updateValue(node, forKey: NameKey(name: id.name)) {
        simulation.fail(Self.self, node, "goes on as \(id) beside node \(other)")
      }
    }
  }
}
