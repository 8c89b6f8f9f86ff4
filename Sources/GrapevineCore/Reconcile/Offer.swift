/// How far a replica has got with one member's state.
package struct Progress: Hashable, Sendable {
  package var version: Version
  package var compacted: Version

  package init(version: Version, compacted: Version) {
    self.version = version
    self.compacted = compacted
  }

  /// The progress of a replica that holds nothing.
  package static let none = Progress(version: 0, compacted: 0)

  /// Says whether this is ahead of `other` in one of its two numbers.
  package func isAhead(of other: Progress) -> Bool {
    version > other.version || (version == other.version && compacted > other.compacted)
  }
}

/// What a holder of a member's state may send to a replica of it, so that no deletion is ever lost.
package enum Offer: Hashable, Sendable {
  case nothing
  /// Entries above the replica's version, in order.
  case plain
  /// The whole state, to be applied at once.
  case snapshot

  /// The rule of the exchange; `own` has adopted the replica's compaction where it may.
  ///
  /// Only who is whole offers a snapshot: what it lacks would vanish at the replica.
  package static func decide(own: Progress, isWhole: Bool, replica: Progress) -> Offer {
    let isFresh = replica.version == 0
    if isFresh, replica.compacted == 0 || replica.compacted == own.compacted { return .plain }
    if own.compacted <= replica.version, replica.compacted <= replica.version { return .plain }
    if own.compacted == replica.compacted { return .plain }
    if own.compacted < replica.compacted { return .nothing }
    guard isWhole, own.version >= own.compacted, own.version >= replica.version else {
      return .nothing
    }
    return .snapshot
  }
}

extension VersionedState {
  /// What may be sent of this state to a replica at `replica`.
  package func offer(to replica: Progress) -> Offer {
    Offer.decide(own: progress, isWhole: isWhole, replica: replica)
  }
}

/// What a replica makes of a section that is offered to it.
package enum Acceptance: Hashable, Sendable {
  case accepted
  /// The section builds on a version that the replica has not reached.
  case gap
  /// The section was cut for another replica and lacks deletions that this one needs.
  case refused
  /// An entry, or the number of entries, is over a limit.
  case overLimit

  /// The rule for a plain section that builds on `base` and was cut at compaction `compacted`.
  package static func plain(
    base: Version,
    compacted: Version,
    own: Progress
  ) -> Acceptance {
    guard own.version >= base || PlantedFault.forgetBase.isPlanted else { return .gap }
    guard !PlantedFault.skipCompactionCheck.isPlanted else { return .accepted }
    if compacted > max(own.version, own.compacted), own.version > 0 { return .refused }
    if compacted < own.compacted, own.version < own.compacted { return .refused }
    return .accepted
  }

  /// The rule for a snapshot of a state at `offered`.
  package static func snapshot(_ offered: Progress, own: Progress) -> Acceptance {
    let isCurrent = offered.version >= own.version && offered.compacted >= own.compacted
    return isCurrent || PlantedFault.skipSnapshotCheck.isPlanted ? .accepted : .refused
  }
}
