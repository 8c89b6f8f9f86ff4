import GrapevineCore

package final class OverwriteCheck: NodeCheck {
  package static let name = "overwrites"
  package static let reason =
    "a replica at a version holds each key that its owner has not touched since as it was left"

  package init() {}

  /// By the key's index the version that is shown, zero for none.
  private var shown: [Version] = []

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
      for entry in member.entries where !entry.isDeleted {
        // What nobody wrote is another check's to find.
        guard let key = life.write(at: entry.version)?.keyIndex else { continue }
        shown[key] = entry.version
      }
      for (index, key) in life.keyRecords.enumerated() where key.version <= member.version {
        let left = key.isLive ? key.version : 0
        guard shown[index] != left else { continue }
        simulation.fail(
          Self.self,
          node,
          "at version \(member.version) of \(member.id) it holds \(text(shown[index])) of "
            + "“\(key.name)”, which was left at \(text(left)) by version \(key.version)"
        )
        return
      }
    }
  }

  private func text(_ version: Version) -> String {
    version == 0 ? "nothing" : "version \(version)"
  }
}
