package import GrapevineHashing

/// All that a node holds of one member.
package struct MemberRecord: Sendable {
  package let id: MemberID
  package let key: MemberKey
  package var endpoint: Endpoint
  package var standing: Standing
  /// When the member was judged down or left, on this node's clock; of no meaning while it is
  /// alive.
  package var verdictSince: Instant
  /// Nanoseconds of the verdict's age at `verdictSince`: for one that fell before this node's clock
  /// began.
  package var verdictHeadStart: UInt64 = 0
  package var state: VersionedState
  /// When a packet of the member itself came last, on this node's clock; zero for never.
  package var heardAt = Instant.zero
  /// The highest version of the member's state that someone's digest told.
  package var announced: Version = 0
  /// The version of this node's state that the member said last that it holds.
  package var confirmed: Version = 0
  /// Microseconds that a ping of the member and its answer took last; zero for never.
  package var roundTrip: UInt32 = 0
  /// How often the member came up again after it was taken for down, or for having left.
  package var flapCount: UInt16 = 0
  /// Says that a refusal for a limit has been told once.
  package var hasToldRefusal = false

  package init(
    id: MemberID,
    endpoint: Endpoint,
    standing: Standing,
    verdictSince: Instant,
    hash: SipHash
  ) {
    self.id = id
    key = MemberKey(id)
    self.endpoint = endpoint
    self.standing = standing
    self.verdictSince = verdictSince
    state = VersionedState(hash: hash)
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
    isLive ? 0 : verdictElapsed(now: now) / 1_000_000
  }

  /// Nanoseconds since the verdict; of no meaning while the member is alive.
  package func verdictElapsed(now: Instant) -> UInt64 {
    let (sum, overflow) = now.since(verdictSince).addingReportingOverflow(verdictHeadStart)
    return overflow ? .max : sum
  }

  package func claim(now: Instant) -> Section.Claim {
    Section.Claim(standing: standing, age: verdictAge(now: now), endpoint: endpoint)
  }
}
