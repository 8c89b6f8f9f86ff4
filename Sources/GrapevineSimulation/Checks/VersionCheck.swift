import GrapevineCore

package final class VersionCheck: StartCheck, EventCheck, ReadingCheck, NodeCheck {
  package static let name = "versions"
  package static let reason =
    "neither the version that a replica holds of a member goes back, nor that up to which it knows "
    + "the state to be compacted"

  /// By node and identity the most that was seen.
  private var progresses = PerNode<[Progress]>()

  package init() {}

  func started(_ node: Int, in simulation: Simulation) {
    progresses.begin(node, [])
  }

  func told(_ event: EngineEvent, by node: Int, in simulation: Simulation) {
    // One that is forgotten and joins anew is learned from the beginning.
    guard let id = Self.forgotten(event),
      let identity = simulation.ledger.history.identityIndex(of: id),
      identity < progresses[node].count
    else { return }
    progresses[node][identity] = .none
  }

  private static func forgotten(_ event: EngineEvent) -> MemberID? {
    switch event {
    case .member(.expired(let id)), .member(.replaced(let id, by: _)): id
    default: nil
    }
  }

  func read(_ reading: Reading, at node: Int, in simulation: Simulation) {
    note(reading.progress, of: reading.identity, at: node, in: simulation)
  }

  func inspect(
    _ members: [Member],
    _ engine: Engine,
    of node: Int,
    in simulation: Simulation
  ) {
    for member in members where !member.isSelf {
      guard let identity = simulation.ledger.history.identityIndex(of: member.id) else { continue }
      note(engine.progress(of: MemberKey(member.id)), of: identity, at: node, in: simulation)
    }
  }

  private func note(
    _ progress: Progress?,
    of identity: Int,
    at node: Int,
    in simulation: Simulation
  ) {
    while progresses[node].count <= identity { progresses[node].append(.none) }
    let held = progresses[node][identity]
    guard let progress, progress.version >= held.version, progress.compacted >= held.compacted
    else {
      let shown = progress.map(describe) ?? "nothing"
      let id = simulation.ledger.history.identities[identity].id
      simulation.fail(Self.self, node, "holds \(shown) of \(id) after \(describe(held))")
      return
    }
    progresses[node][identity] = progress
  }

  private func describe(_ progress: Progress) -> String {
    "version \(progress.version), compacted up to \(progress.compacted),"
  }
}
