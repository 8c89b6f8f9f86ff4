import GrapevineCore

package final class ValueCheck: EventCheck, ReadingCheck, NodeCheck {
  package static let name = "values"
  package static let reason =
    "a value seen on any replica was written by its owner, to that key, at that version"

  package init() {}

  func told(_ event: EngineEvent, by node: Int, in simulation: Simulation) {
    guard case .member(.keySet(let id, let entry)) = event,
      let identity = simulation.ledger.history.judgeable(id)
    else { return }
    verify(entry, of: identity, "was told", at: node, in: simulation)
  }

  func read(_ reading: Reading, at node: Int, in simulation: Simulation) {
    guard let key = reading.key, let entry = key.entry,
      !simulation.ledger.history.didWrite(entry, key.index, reading.identity)
    else { return }
    verify(entry, of: reading.identity, "reads", at: node, in: simulation)
  }

  func inspect(
    _ members: [Member],
    _ engine: Engine,
    of node: Int,
    in simulation: Simulation
  ) {
    for member in members {
      guard let identity = simulation.ledger.history.judgeable(member.id) else { continue }
      for entry in member.allEntries where !entry.isDeleted {
        verify(entry, of: identity, "shows", at: node, in: simulation)
      }
    }
  }

  private func verify(
    _ entry: Entry,
    of identity: Int,
    _ way: String,
    at node: Int,
    in simulation: Simulation
  ) {
    guard simulation.ledger.history.keyIndex(thatWrote: entry, of: identity) == nil else { return }
    let id = simulation.ledger.history.identities[identity].id
    simulation.fail(Self.self, node, "\(way) \(entry) of \(id), which never wrote it")
  }
}
