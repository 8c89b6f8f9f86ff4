import GrapevineCore

package final class ReadCheck: EventCheck, ReadingCheck, NodeCheck {
  package static let name = "reads"
  package static let reason =
    "a key that a reader saw stays readable until its owner deletes it, and events tell all"

  package init() {}

  func told(_ event: EngineEvent, by node: Int, in simulation: Simulation) {
    guard case .member(.keyDeleted(let id, let name, _)) = event,
      let identity = simulation.ledger.history.judgeable(id)
    else { return }
    let life = simulation.ledger.history.life(of: identity)
    let view = simulation.ledger.view(identity, at: node)
    guard let key = life.keyIndex(of: name), view.isLive(key) else {
      simulation.fail(
        Self.self,
        node,
        "was told \(id) deleted “\(name)”, which it was not told of"
      )
      return
    }
    let seen = view.version(of: key)
    if !life.wasDeleted(key, after: seen) {
      simulation.fail(Self.self, node, "lost “\(name)”@\(seen) of \(id), which is live")
    }
  }

  func read(_ reading: Reading, at node: Int, in simulation: Simulation) {
    guard let key = reading.key, key.entry?.version != key.told else { return }
    let identity = reading.identity
    if let entry = key.entry,
      simulation.ledger.history.life(of: identity)
        .isRewrite(entry.version, of: key.told, key.index)
    {
      simulation.ledger.views[node][identity]
        .note(key.index, version: entry.version, isLive: true)
      return
    }
    let id = simulation.ledger.history.identities[identity].id
    simulation.fail(
      Self.self,
      node,
      "reads \(key.entry?.description ?? "nothing") for “\(key.name)” of \(id), of which it was "
        + "told version \(key.told)"
    )
  }

  func inspect(
    _ members: [Member],
    _ engine: Engine,
    of node: Int,
    in simulation: Simulation
  ) {
    var shownCount = 0
    for member in members {
      if member.isSelf {
        let life = simulation.ledger.life(at: node)
        compare(member, life, count: life.liveCount, at: node, in: simulation) {
          life.keyRecords[$0].version
        }
        continue
      }
      shownCount += 1
      guard let identity = simulation.ledger.history.judgeable(member.id) else { continue }
      let view = simulation.ledger.view(identity, at: node)
      let life = simulation.ledger.history.life(of: identity)
      compare(member, life, count: view.liveCount, at: node, in: simulation) {
        view.version(of: $0)
      }
    }
    let view = simulation.ledger.views[node]
    let toldCount = view.known.count { view[$0].phase.isShown }
    if shownCount != toldCount {
      simulation.fail(Self.self, node, "shows \(shownCount) others, but told of \(toldCount)")
    }
  }

  /// Compares the keys that a member shows with the `count` that were told of, each at a version.
  private func compare(
    _ member: Member,
    _ life: Life,
    count: Int,
    at node: Int,
    in simulation: Simulation,
    told: (Int) -> Version
  ) {
    var liveCount = 0
    for entry in member.allEntries where !entry.isDeleted {
      liveCount += 1
      guard let key = life.write(at: entry.version)?.keyIndex else { continue }
      let told = told(key)
      if told != entry.version, !life.isRewrite(entry.version, of: told, key) {
        simulation.fail(
          Self.self,
          node,
          "shows \(entry) of \(member.id), but told version \(told)"
        )
      }
    }
    if liveCount != count {
      simulation.fail(
        Self.self,
        node,
        "shows \(liveCount) keys of \(member.id), but told of \(count)"
      )
    }
  }
}
