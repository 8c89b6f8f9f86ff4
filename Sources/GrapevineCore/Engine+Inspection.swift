// What a simulator looks at to hold a node to its promises.
extension Engine {
  /// The addresses that are contacted now and then.
  package var seedEndpoints: [Endpoint] { seeds }

  package var ownKey: MemberKey { localKey }

  /// The version of the node's own state.
  package var ownVersion: Version { table[localSlot].state.version }

  package var ownIncarnation: UInt64 { table[localSlot].standing.incarnation }

  /// Says whether the node takes part: it neither left nor gave its name up.
  package var isActive: Bool { phase == .active }

  package var hasLeft: Bool { phase == .left }

  /// Says whether it gave its name up, so that it sends and takes nothing more.
  package var isSuperseded: Bool { isSilent }

  /// How many intervals have begun.
  package var roundNumber: UInt64 { roundCount }

  /// Members whose rhythm is kept, each of which may cost a packet when its time comes.
  package var observedCount: Int { observations.count }
  package var accusedCount: Int { accusations.count }
  package var spreadCount: Int { spreads.count }
  /// Locks that are held or claimed.
  package var claimCount: Int { locks.claims.count }

  /// When the first of all that waits for its time is due, looked up one by one.
  package var earliestDue: Instant {
    var earliest = Instant.never
    for session in streams { earliest = min(earliest, session.deadline) }
    guard !isSilent else { return earliest }
    earliest = min(earliest, min(roundAt, earlyAt))
    earliest = min(earliest, min(ringsDueAt, pending.dueAt))
    for observation in observations { earliest = min(earliest, observation.dueAt) }
    for index in accusations.indices { earliest = min(earliest, accusations[index].dueAt) }
    for challenge in challenges { earliest = min(earliest, challenge.dueAt) }
    for spread in spreads { earliest = min(earliest, spread.dueAt) }
    for reach in reaches { earliest = min(earliest, reach.deadline) }
    return earliest
  }

  /// The waits of `spread` that go on, with the versions that are waited for.
  package var openSpreads: [(ticket: SpreadTicket, version: Version)] {
    spreads.map { ($0.ticket, $0.version) }
  }

  /// The members that are accused and not judged yet, in the order of their keys.
  package var openAccusations: [Accusation] {
    accusations.indices.map { accusations[$0] }.sorted { $0.key < $1.key }
  }

  /// Says whether a place is held for an answer to another's question that came too late already.
  package var hasStaleRelay: Bool { relays.contains { $0.endsAt <= clock } }

  /// Says whether this node itself has found a member silent, and that one has not refuted it.
  package func accuses(_ key: MemberKey) -> Bool {
    observationIndex(of: key).map { observations[$0].isAccused } ?? false
  }

  /// The version held of a life; nil if it is unknown.
  package func version(of key: MemberKey) -> Version? {
    table.slot(of: key).map { table[$0].state.version }
  }

  /// Says whether what is held of a life is all that its owner held at that version; nil if it is
  /// unknown.
  package func isWhole(_ key: MemberKey) -> Bool? {
    table.slot(of: key).map { table[$0].state.version >= table[$0].state.horizon }
  }

  /// The entry of one key of one life, unless it is deleted; O(1).
  package func entry(_ key: String, of member: MemberKey) -> Entry? {
    guard let slot = table.slot(of: member), let entry = table[slot].state.find(key),
      !entry.isDeleted, !entry.isReserved
    else { return nil }
    return entry.entry
  }

  package func standing(of key: MemberKey) -> Standing? {
    table.slot(of: key).map { table[$0].standing }
  }

  /// When a packet of the member itself came last; zero for never.
  package func heardAt(_ key: MemberKey) -> Instant {
    table.slot(of: key).map { table.heardAt($0) } ?? .zero
  }

  /// Calls `body` with each member's life and standing, in the order of their keys.
  package func forEachStanding(_ body: (MemberKey, Standing) -> Void) {
    for position in 0..<table.count {
      body(table.key(at: position), table[table.slot(at: position)].standing)
    }
  }

  /// What is held for others at this moment.
  package var holdings: Holdings {
    Holdings(
      members: table.count,
      buried: graves.count,
      streams: streams.count,
      streamBytes: streams.reduce(0) { $0 + $1.assembler.heldSize + $1.unsentSize },
      stagedBytes: streams.reduce(0) { $0 + ($1.staged?.snapshot.footprint ?? 0) },
      packets: packets.count,
      questions: relays.count + challenges.count + spreads.count + reaches.count,
      exchanges: exchanges.count + pulls.count
    )
  }

  /// Says whether a live, unaccused member but `accused` and this node has been heard of since
  /// `time`: whether someone else could be a second accuser.
  package func hasOtherJudge(than accused: MemberKey, heardSince time: Instant) -> Bool {
    (0..<table.count).contains { slot in
      let key = table.key(inSlot: slot)
      return key != localKey && key != accused && table.isLive(slot) && !table.isAccused(slot)
        && table.heardAt(slot) >= time
    }
  }

  /// Says whether the record of a member that is none of `others` has this address.
  package func hasMember(at endpoint: Endpoint, besides others: [MemberKey] = []) -> Bool {
    (0..<table.count).contains { slot in
      table[slot].endpoint == endpoint && !others.contains(table.key(inSlot: slot))
    }
  }
}

/// What an engine holds for others, by kind.
package struct Holdings: Sendable, Hashable {
  package var members: Int
  package var buried: Int
  package var streams: Int
  /// Messages that came in half, and what waits to be sent.
  package var streamBytes: Int
  /// Snapshots that came in part.
  package var stagedBytes: Int
  /// Packets that wait to be sent.
  package var packets: Int
  /// Pings for others, verdicts that were put to a member, and waits of callers.
  package var questions: Int
  /// Exchanges and pulls that are remembered.
  package var exchanges: Int
}
