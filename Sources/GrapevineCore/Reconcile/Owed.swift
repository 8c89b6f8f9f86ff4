/// What a peer lacks of one member, and how far it has got.
package struct Owed: Sendable, Hashable {
  package var key: MemberKey
  package var replica: Progress
  package var needsIdentity: Bool
  package var needsStanding: Bool
  /// Says that the peer has heard of the member.
  let isOfKnown: Bool
  /// Entries written so far.
  package var sentCount = 0

  package init(
    key: MemberKey,
    replica: Progress,
    needsIdentity: Bool = false,
    needsStanding: Bool = false
  ) {
    self.key = key
    self.replica = replica
    self.needsIdentity = needsIdentity
    self.needsStanding = needsStanding
    isOfKnown = !needsIdentity
  }

  /// A member that the peer has never heard of.
  package static func whole(_ key: MemberKey) -> Owed {
    Owed(key: key, replica: .none, needsIdentity: true, needsStanding: true)
  }
}

/// How much of what was owed fitted.
package enum SectionOutcome: Sendable, Hashable {
  /// All of it.
  case complete
  /// A part; `Owed` says from where to go on.
  case partial
  /// Nothing: there was no room.
  case noRoom
  /// What comes next does not fit in a packet: a large entry, or a snapshot.
  case needsStream
}

extension MemberRecord {
  /// Appends a section with what is owed and fits, and moves `owed` on.
  ///
  /// `bytes` grows to at most `limit`; the entries take at most `share` bytes, but one entry is
  /// always let in if it fits at all. An entry larger than `entryLimit` is never sent so.
  package func write(
    _ owed: inout Owed,
    to bytes: inout [UInt8],
    limit: Int,
    share: Int,
    entryLimit: Int,
    now: Instant
  ) -> SectionOutcome {
    let start = bytes.count
    let head = Section.begin(key, in: &bytes)
    if owed.needsIdentity { Section.write(identity: id, to: &bytes) }
    if owed.needsStanding { Section.write(claim(now: now), to: &bytes) }
    let offer = state.offer(to: owed.replica)
    let isPlain = offer == .plain && state.progress.isAhead(of: owed.replica)
    var outcome = offer == .snapshot ? SectionOutcome.needsStream : .complete
    guard bytes.count + (isPlain ? Section.stateOverhead : 0) <= limit else {
      bytes.removeLast(bytes.count - start)
      return .noRoom
    }
    if isPlain {
      outcome = writePlain(
        &owed,
        to: &bytes,
        limit: limit,
        shareEnd: bytes.count + share,
        entryLimit: entryLimit
      )
    }
    let isEmpty = !owed.needsIdentity && !owed.needsStanding && !isPlain
    if isEmpty || (outcome == .noRoom && !owed.needsIdentity && !owed.needsStanding) {
      bytes.removeLast(bytes.count - start)
      return outcome
    }
    Section.end(head, in: &bytes)
    owed.needsIdentity = false
    owed.needsStanding = false
    return outcome == .noRoom ? .partial : outcome
  }

  private func writePlain(
    _ owed: inout Owed,
    to bytes: inout [UInt8],
    limit: Int,
    shareEnd: Int,
    entryLimit: Int
  ) -> SectionOutcome {
    var last = owed.replica.version
    var outcome = SectionOutcome.complete
    let mark = Section.beginState(
      isSnapshot: false,
      compacted: state.compacted,
      base: last,
      end: state.version,
      horizon: max(state.horizon, state.version),
      in: &bytes
    )
    let first = bytes.count
    state.forEach(after: last) { entry in
      let size = entry.size(after: last)
      guard size <= entryLimit else {
        outcome = bytes.count == first ? .needsStream : .partial
        return false
      }
      let isFirst = bytes.count == first
      guard bytes.count + size <= (isFirst ? limit : min(limit, shareEnd)) else {
        outcome = isFirst ? .noRoom : .partial
        return false
      }
      entry.write(after: last, to: &bytes)
      last = entry.version
      owed.sentCount += 1
      return true
    }
    if owed.replica.version == 0, last > 0 { owed.replica.compacted = state.compacted }
    owed.replica.version = last
    if outcome == .complete {
      Section.markComplete(mark, in: &bytes)
      owed.replica = state.progress
    }
    Section.end(mark, in: &bytes)
    return outcome
  }
}
