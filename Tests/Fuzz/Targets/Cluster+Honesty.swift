import GrapevineCore

// What holds while nobody but the engines has said anything.
extension Cluster {
  /// Nobody sends what another can't read, and nobody holds what its owner has not written.
  func checkHonesty() {
    for subject in subjects {
      let drops = subject.engine.metrics.drops
      for reason in Self.faults where drops[reason] > 0 {
        demand(false, "\(subject.engine.localID) got what is \(reason)")
      }
      for replica in subject.engine.members(now: now) where !replica.isSelf {
        guard let owner = subjects.first(where: { $0.engine.localID == replica.id }) else {
          continue
        }
        check(replica, owner.engine.localMember(now: now))
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
    for entry in replica.entries {
      guard let own = owner.entries.first(where: { $0.key.hasSameBytes(as: entry.key) }) else {
        // It was deleted, and its tombstone is gone.
        continue
      }
      demand(own.version >= entry.version, "\(replica.id) has not written \(entry)")
      demand(own.version > entry.version || own == entry, "\(own) is held as \(entry)")
    }
  }
}
