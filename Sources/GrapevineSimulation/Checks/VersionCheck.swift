import GrapevineCore

package final class VersionCheck: StartCheck, EventCheck, ReadingCheck, NodeCheck {
  package static let name = "versions"
  package static let reason = "the version that a replica holds of a member never goes back"

  /// By node and identity the highest version that was seen.
  private var versions = PerNode<[Version]>()

  package init() {}

  func started(_ node: Int, in simulation: Simulation) {
    versions.begin(node, [])
  }

  func told(_ event: EngineEvent, by node: Int, in simulation: Simulation) {
    // One that is forgotten and joins anew is learned from the beginning.
    guard let id = Self.forgotten(event),
      let identity = simulation.ledger.history.identityIndex(of: id),
      identity < versions[node].count
    else { return }
    versions[node][identity] = 0
  }

  private static func forgotten(_ event: EngineEvent) -> MemberID? {
    switch event {
    case .member(.expired(let id)), .member(.replaced(let id, by: _)): id
    default: nil
    }
  }

  func read(_ reading: Reading, at node: Int, in simulation: Simulation) {
    note(reading.version, of: reading.identity, at: node, in: simulation)
  }

  func inspect(
    _ members: [Member],
    _ engine: Engine,
    of node: Int,
    in simulation: Simulation
  ) {
    for member in members where !member.isSelf {
      guard let identity = simulation.ledger.history.identityIndex(of: member.id) else { continue }
      note(member.version, of: identity, at: node, in: simulation)
    }
  }

  private func note(
    _ version: Version?,
    of identity: Int,
    at node: Int,
    in simulation: Simulation
  ) {
    while versions[node].count <= identity { versions[node].append(0) }
    let held = versions[node][identity]
    guard let version, version >= held else {
      let shown = version.map { "\($0)" } ?? "nothing"
      let id = simulation.ledger.history.identities[identity].id
      simulation.fail(Self.self, node, "holds \(shown) of \(id) after version \(held)")
      return
    }
    versions[node][identity] = version
  }
}
