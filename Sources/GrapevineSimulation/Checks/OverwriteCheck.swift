import GrapevineCore

package final class OverwriteCheck: StartCheck, InputCheck, NodeCheck {
  package static let name = "overwrites"
  package static let reason =
    "a replica at a version holds each key that its owner has not touched since as it was left; "
    + "one that takes itself for whole holds just what its owner held at that version"

  package init() {}

  /// By the key's index the version that is shown, zero for none.
  private var shown: [Version] = []
  /// By node how many snapshots it has taken.
  private var snapshotCounts = PerNode<Int>()

  func started(_ node: Int, in simulation: Simulation) {
    snapshotCounts.begin(node, 0)
  }

  /// What a snapshot has brought is looked at before anything repairs it.
  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    guard engine.metrics.snapshotsIn != snapshotCounts[node] else { return }
    snapshotCounts[node] = engine.metrics.snapshotsIn
    let members = engine.members(now: simulation.clockReading(of: node))
    inspect(members, engine, of: node, in: simulation)
  }

  func inspect(
    _ members: [Member],
    _ engine: Engine,
    of node: Int,
    in simulation: Simulation
  ) {
    for member in members where !member.isSelf {
      guard let identity = simulation.ledger.history.judgeable(member.id) else { continue }
      let life = simulation.ledger.history.life(of: identity)
      shown.removeAll(keepingCapacity: true)
      shown.append(contentsOf: repeatElement(0, count: life.keyRecords.count))
      for entry in member.allEntries where !entry.isDeleted {
        // What nobody wrote is another check's to find.
        guard let key = life.write(at: entry.version)?.keyIndex else { continue }
        shown[key] = entry.version
      }
      let isWhole = engine.isWhole(MemberKey(member.id)) == true
      for (index, key) in life.keyRecords.enumerated() {
        guard isWhole || key.version <= member.version,
          let left = life.liveVersion(of: index, asOf: member.version), shown[index] != left
        else { continue }
        simulation.fail(
          Self.self,
          node,
          "at version \(member.version) of \(member.id) it holds \(text(shown[index])) of "
            + "“\(key.name)”, of which its owner held \(text(left))"
        )
        return
      }
    }
  }

  private func text(_ version: Version) -> String {
    version == 0 ? "nothing" : "version \(version)"
  }
}
