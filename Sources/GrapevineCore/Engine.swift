/// The protocol as a value: no clock, socket, thread or hidden randomness.
///
/// The same identity, configuration, seed and inputs give the same outputs, byte for byte. Each input
/// carries the time. After an input the outputs are pulled until they are nil.
package struct Engine: Sendable {
  package init(
    id: MemberID,
    endpoint: Endpoint,
    configuration: GossipConfiguration,
    seed: UInt64,
    now: Instant
  ) {
    fatalError("outline")
  }

  // Inputs.

  /// Takes one datagram.
  package mutating func receive(_ datagram: Span<UInt8>, from source: Endpoint, now: Instant) {}
  /// Does what is due; call at `nextDeadline`. Calling it earlier does nothing.
  package mutating func advance(to now: Instant) {}
  /// Applies all changes with consecutive versions, or none; returns the version after them.
  package mutating func update(_ changes: [Change], now: Instant) throws(StateError) -> Version { 0 }
  /// Begins to join the node at `endpoint`; the outcome comes as an event.
  package mutating func join(_ endpoint: Endpoint, now: Instant) -> JoinTicket { fatalError("outline") }
  /// Gives up a join that has not finished; its outcome is `.failed(.closed)`.
  package mutating func cancelJoin(_ ticket: JoinTicket, now: Instant) {}
  /// Adds addresses that are contacted now and then for ever, unless a live member has them.
  package mutating func addSeeds(_ endpoints: [Endpoint], now: Instant) {}
  /// Marks this node as left and tells up to three live members; `leaveFinished` follows.
  package mutating func leave(now: Instant) {}

  /// Takes an inbound connection. Its first bytes come by `streamReceived`.
  package mutating func streamAccepted(from source: Endpoint, now: Instant) -> StreamID { fatalError("outline") }
  package mutating func streamOpened(_ id: StreamID, now: Instant) {}
  package mutating func streamReceived(_ id: StreamID, _ bytes: Span<UInt8>, now: Instant) {}
  /// Says that the socket took `count` of the bytes queued.
  package mutating func streamWrote(_ id: StreamID, _ count: Int, now: Instant) {}
  package mutating func streamClosed(_ id: StreamID, _ closure: StreamClosure, now: Instant) {}

  // Outputs.

  /// Appends the next datagram's bytes to `buffer` and returns where to send them; nil when none is left.
  package mutating func nextDatagram(into buffer: inout [UInt8]) -> Endpoint? { nil }
  package mutating func nextStreamAction() -> StreamAction? { nil }
  package mutating func nextEvent() -> EngineEvent? { nil }
  /// When to call `advance(to:)` next; never in the past after a call of it.
  package var nextDeadline: Instant { .never }

  // State.

  package var localID: MemberID { fatalError("outline") }
  package var metrics: Metrics { Metrics() }
  /// The wrapping sum over all members; two engines with the same sum hold the same.
  package var fingerprint: UInt64 { 0 }
  package var memberCount: Int { 0 }
  package var liveMemberCount: Int { 0 }
  /// All known members, sorted by name (tests and readers; O(all entries)).
  package func members(now: Instant) -> [Member] { [] }
  /// The same without entries: O(members).
  package func memberSummaries(now: Instant) -> [Member] { [] }
  package func member(named name: String, now: Instant) -> Member? { nil }
  package func localMember(now: Instant) -> Member { fatalError("outline") }
  /// The live entry of one key of one member: O(1).
  package func entry(_ key: String, of name: String) -> Entry? { nil }
  /// The version held of the member; nil if it is unknown: O(1).
  package func version(of name: String) -> Version? { nil }
  /// Bytes of keys, values and bookkeeping held for all members.
  package var stateSize: Int { 0 }
  /// Traps if a stored invariant is broken.
  package func checkInvariants() {}
}
