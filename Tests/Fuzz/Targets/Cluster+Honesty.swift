import GrapevineCore

// What holds while nobody but the engines has said anything.
extension Cluster {
  /// Nobody sends what another can't read, and nobody holds what its owner has not written.
  func checkHonesty() {
    let owners = subjects.indices.map { subjects[$0].engine.localMember(now: now) }
    for index in subjects.indices {
      let drops = subjects[index].engine.metrics.drops
      for reason in Self.faults where drops[reason] > 0 {
        demand(false, "\(owners[index].id) got what is \(reason)")
      }
      for replica in subjects[index].engine.members(now: now) where !replica.isSelf {
        guard let owner = owners.first(where: { $0.id == replica.id }) else { continue }
        check(replica, owner)
      }
    }
  }

  private static let faults: [Metrics.DropReason] = [
    .tooShort, .wrongMagic, .wrongVersion, .sealed, .wrongLabel, .unknownKind, .malformed, .notUTF8,
    .keyCollision,
  ]

  private func check(_ replica: Member, _ owner: Member) {
    demand(
      replica.version <= owner.version,
      "\(replica.id) is held at \(replica.version) and is at \(owner.version)"
    )
    demand(replica.address == owner.address, "\(replica.id) is not at \(replica.address)")
    for entry in replica.allEntries {
      guard let own = owner.allEntries.first(where: { $0.key.hasSameBytes(as: entry.key) }) else {
        // It was deleted, and its tombstone is gone.
        continue
      }
      demand(own.version >= entry.version, "\(replica.id) has not written \(entry)")
      demand(own.version > entry.version || own == entry, "\(own) is held as \(entry)")
    }
  }
}
