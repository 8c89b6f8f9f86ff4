import GrapevineCore

package final class DeletionCheck: EventCheck {
  package static let name = "deletions"
  package static let reason =
    "a replica takes from a key's history only steps forward, so nothing deleted comes back"

  package init() {}

  func told(_ event: EngineEvent, by node: Int, in simulation: Simulation) {
    switch event {
    case .member(.keySet(let id, let entry)):
      guard let identity = simulation.ledger.history.judgeable(id),
        let key = simulation.ledger.history.keyIndex(thatWrote: entry, of: identity)
      else { return }
      let seen = simulation.ledger.view(identity, at: node).version(of: key)
      if entry.version <= seen {
        simulation.fail(
          Self.self,
          node,
          "was told \(id) set \(entry) after version \(seen) of the key"
        )
      }
    case .member(.keyDeleted(let id, let name, let version)):
      guard let identity = simulation.ledger.history.judgeable(id),
        let key = simulation.ledger.history.life(of: identity).keyIndex(of: name)
      else { return }
      let seen = simulation.ledger.view(identity, at: node).version(of: key)
      if version <= seen || version > simulation.ledger.history.life(of: identity).version {
        simulation.fail(
          Self.self,
          node,
          "was told \(id) deleted “\(name)”@\(seen) at \(version)"
        )
      }
    default: break
    }
  }
}
