import GrapevineHashing

/// All that a node holds of one member.
///
/// There is one for every pair of nodes in a cluster, so its size counts: small fields follow those
/// whose last word they share.
package struct MemberRecord: Sendable {
  package let id: MemberID
  package let key: MemberKey
  package var state: VersionedState
  /// When the member was judged down or left; of no meaning while it is alive.
  package var verdictSince: PastInstant
  /// When a packet of the member itself came last, on this node's clock; zero for never.
  package var heardAt = Instant.zero
  /// The highest version of the member's state that someone's digest told.
  package var announced: Version = 0
  /// The version of this node's state that the member said last that it holds.
  package var confirmed: Version = 0
  package var endpoint: Endpoint
  /// Says that a refusal for a limit has been told once.
  package var hasToldRefusal = false
  package var standing: Standing
  /// How often the member came up again after it was taken for down, or for having left.
  package var flapCount: UInt16 = 0
  /// Microseconds that a ping of the member and its answer took last; zero for never.
  package var roundTrip: UInt32 = 0

  package init(
    id: MemberID,
    endpoint: Endpoint,
    standing: Standing,
    verdictSince: PastInstant,
    state: VersionedState
  ) {
    self.id = id
    key = MemberKey(id)
    self.endpoint = endpoint
    self.standing = standing
    self.verdictSince = verdictSince
    self.state = state
  }

  package var isLive: Bool { standing.verdict == .alive }

  /// What the member adds to the fingerprint of a table; the verdict's age is no part of it.
  package var contribution: UInt64 {
    mix64(mix64(key.rawValue, state.version), mix64(state.compacted, standing.hash))
  }

  package var digestEntry: DigestEntry {
    DigestEntry(key: key, progress: state.progress, standingHash: standing.shortHash)
  }

  /// Milliseconds since the verdict, zero while alive.
  package func verdictAge(now: Instant) -> UInt64 {
    isLive ? 0 : now.since(verdictSince) / 1_000_000
  }

  package func claim(now: Instant) -> Section.Claim {
    Section.Claim(standing: standing, age: verdictAge(now: now), endpoint: endpoint)
  }
}
