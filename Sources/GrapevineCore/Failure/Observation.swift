/// What a node knows of the rhythm of a member that it observes, and how far it has got with
/// looking into its silence.
package struct Observation: Sendable {
  package let key: MemberKey
  package var window: ArrivalWindow
  /// The place of this node among the member's observers.
  package var rank = 0
  /// When the last scheduled heartbeat came; nil where the next one begins a gap.
  package var arrivedAt: Instant?
  /// When the member last proved that it lives.
  package var heardAt: Instant
  /// When something is to be done about it.
  package var dueAt: Instant
  package var verification: Verification?
  /// Says that this node accuses the member, and that it has not refuted that.
  package var isAccused = false
  /// By how much the threshold is multiplied, since the member has refuted this node.
  package var caution = 1
  package var cautionEndsAt = Instant.zero
  /// The member by way of which this one answered last.
  package var relay: MemberKey?
  /// Says that it was told that the member answers streams only.
  package var hasToldStreamOnly = false
  /// Says that it was drawn by chance, and is let go of when it answers.
  package var isProbe = false
  /// Says that it has not been heard of since this node began to observe it.
  package var isInherited: Bool

  package static let cautionLimit = 8

  package init(
    key: MemberKey,
    window: ArrivalWindow,
    heardAt: Instant,
    dueAt: Instant,
    isInherited: Bool
  ) {
    self.key = key
    self.isInherited = isInherited
    self.window = window
    self.heardAt = heardAt
    self.dueAt = dueAt
  }

  /// A look into a member's silence: two rounds of questions, then the accusation.
  package struct Verification: Sendable {
    package var sequence: SequenceNumber
    package var startedAt: Instant
    package var askedAt: Instant
    package var round = 1
    /// Says that it began without a silence, since the member's observer was lost: then the member
    /// alone is asked first.
    package var isInherited: Bool
    package var stream: StreamID?
  }
}

/// A member that others or this node find silent, and that is not judged yet.
package struct Accusation: Sendable {
  package let key: MemberKey
  package let incarnation: UInt64
  /// When this node learned of the first accuser.
  package var firstAt: Instant
  /// When this node learned of a second one.
  package var secondAt: Instant?
  package var dueAt: Instant

  package init(key: MemberKey, incarnation: UInt64, firstAt: Instant, dueAt: Instant) {
    self.key = key
    self.incarnation = incarnation
    self.firstAt = firstAt
    self.dueAt = dueAt
  }
}

/// A verdict that came from elsewhere about a member held alive, and that was put to it.
package struct Challenge: Sendable {
  package let key: MemberKey
  package var claim: Section.Claim
  /// When it was put to it first.
  package var startedAt: Instant
  /// When it is adopted.
  package var endsAt: Instant
  /// When something is to be done about it: asking again, or adopting it.
  package var dueAt: Instant
}

/// A ping sent in another's place.
package struct Relay: Sendable {
  package var sequence: SequenceNumber
  package var target: MemberKey
  package var asker: Endpoint
  package var askerSequence: SequenceNumber
  package var endsAt: Instant
}
