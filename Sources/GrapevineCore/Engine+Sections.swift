import GrapevineHashing

// What a section of a delta or of a stream does to the table.
extension Engine {
  /// The way that a section has come.
  enum Path: Sendable {
    /// At once: by push, or from the member itself.
    case push
    /// Some time after, from anyone.
    case exchange
    /// In whatever way, and it was put to the member since, without an answer.
    case challenge
  }

  struct Applied: Sendable {
    /// Something was new.
    var hasProgress = false
    /// The sender has more of the member than is held here now.
    var isBehind = false
    /// The sender holds for live who is buried here.
    var isBuried = false
  }

  /// Applies a section that came by packet; its format has been checked.
  mutating func apply(_ section: Section, _ bytes: Span<UInt8>, by path: Path) -> Applied {
    guard let (slot, isNew) = takeMember(section, bytes) else {
      return Applied(isBehind: isUnknown(section), isBuried: isBuried(section))
    }
    var applied = Applied(hasProgress: isNew)
    if !isNew, let claim = section.standing {
      applied.hasProgress = merge(claim, slot, by: path)
    }
    guard let state = section.state, !state.isSnapshot else { return applied }
    guard hasRoom(for: state.entries.count, slot) else { return applied }
    var log = ChangeLog(isRecording: reportsEntries)
    let limits = limits
    let before = table[slot].state.progress
    let acceptance = table.update(slot) {
      $0.state.apply(state, bytes, limits: limits, log: &log)
    }
    report(log, slot)
    switch acceptance {
    case .accepted: break
    case .gap: metrics.drops[.gap] += 1
    case .refused: metrics.drops[.refused] += 1
    case .overLimit: refuse(slot, limit: "entryLimit, keySizeLimit or valueSizeLimit")
    }
    let progress = table[slot].state.progress
    applied.hasProgress = applied.hasProgress || progress != before
    applied.isBehind = progress.version < state.end && acceptance != .overLimit
    return applied
  }

  /// Says whether a section builds on a member that is to be asked for first.
  private func isUnknown(_ section: Section) -> Bool {
    guard section.identity == nil, section.key != localKey, !table.contains(section.key) else {
      return false
    }
    guard let grave = graves.find(section.key) else { return true }
    // A later incarnation joins anew, with all that belongs to it.
    let incarnation = section.standing?.standing.incarnation ?? 0
    return !grave.isReplaced && incarnation > grave.standing.incarnation
  }

  /// Says whether a section claims that someone lives who is buried here with no less.
  private func isBuried(_ section: Section) -> Bool {
    guard let grave = graves.find(section.key), let claim = section.standing?.standing,
      claim.verdict == .alive, !table.contains(section.key), section.key != localKey
    else { return false }
    // Of a later life that is known here the sender hears anyhow.
    return grave.isReplaced
      ? table.key(named: grave.id.name) == nil
      : claim.incarnation <= grave.standing.incarnation
  }

  /// Applies a snapshot that a stream has brought whole; says whether it was new.
  mutating func apply(_ snapshot: StagedSnapshot, to key: MemberKey) -> Bool {
    guard key != localKey, let slot = table.slot(of: key) else { return false }
    guard hasRoom(for: snapshot.footprint, slot) else { return false }
    var log = ChangeLog(isRecording: reportsEntries)
    let before = table[slot].state.progress
    let acceptance = table.update(slot) { $0.state.apply(snapshot, log: &log) }
    guard acceptance == .accepted else {
      metrics.drops[.refused] += 1
      return false
    }
    metrics.snapshotsIn += 1
    report(log, slot)
    return table[slot].state.progress != before
  }

  /// The slot of the member that a section is about, after adding it if it is new.
  ///
  /// Nil for a section about this node itself, or one that is refused.
  mutating func takeMember(
    _ section: Section,
    _ bytes: Span<UInt8>
  ) -> (slot: Int, isNew: Bool)? {
    guard section.key != localKey else {
      takeNewsOfSelf(section)
      return nil
    }
    var id: MemberID?
    if let identity = section.identity {
      let name = String(decoding: copy(bytes, identity.name), as: UTF8.self)
      let claimed = MemberID(name: name, generation: identity.generation)
      guard MemberKey(claimed) == section.key else {
        metrics.drops[.malformed] += 1
        return nil
      }
      id = claimed
    }
    if let slot = table.slot(of: section.key) {
      guard let id, id != table[slot].id else { return (slot, false) }
      metrics.drops[.keyCollision] += 1
      return nil
    }
    guard let id, let claim = section.standing else {
      metrics.drops[.gap] += 1
      return nil
    }
    return admit(id, section.key, claim).map { ($0, true) }
  }

  private mutating func admit(
    _ id: MemberID,
    _ key: MemberKey,
    _ claim: Section.Claim
  ) -> Int? {
    if let grave = graves.find(key), !PlantedFault.forgetGraves.isPlanted {
      guard !grave.isReplaced, claim.standing.incarnation > grave.standing.incarnation else {
        metrics.drops[.stale] += 1
        metrics.gravesHit += 1
        return nil
      }
    }
    let lifetime = configuration.memberExpiry.wholeNanoseconds / 1_000_000
    guard claim.standing.verdict == .alive || claim.age < lifetime else {
      metrics.drops[.stale] += 1
      return nil
    }
    var replaced: MemberRecord?
    if let holder = table.key(named: id.name), let slot = table.slot(of: holder) {
      let isLater = id.generation > table[slot].id.generation
      guard isLater || PlantedFault.acceptOlderGeneration.isPlanted else {
        metrics.drops[.stale] += 1
        return nil
      }
      guard holder != localKey else {
        if claim.standing.verdict == .alive {
          check(rival: id, at: claim.endpoint)
        } else if phase == .active, raiseCount < Self.raiseLimit {
          // A later life of this name has ended, and not all have forgotten it.
          raiseGeneration(above: id.generation)
        }
        return nil
      }
      replaced = table.remove(holder)
    } else if table.count >= configuration.memberLimit {
      metrics.stateRefused += 1
      metrics.drops[.limit] += 1
      if !hasToldMemberLimit { events.append(.stateRefused(id, limit: "memberLimit")) }
      hasToldMemberLimit = true
      return nil
    }
    graves.remove(key)
    let record = MemberRecord(
      id: id,
      endpoint: claim.endpoint,
      standing: claim.standing,
      verdictSince: PastInstant(milliseconds: claim.age, before: clock),
      state: emptyState
    )
    table.insert(record)
    if let replaced {
      invalidateRings(isLoss: false)
      forgetMember(replaced.key)
      graves.bury(replaced, isReplaced: true, now: clock)
      events.append(.member(.replaced(replaced.id, by: id)))
    } else {
      noteOnRings(newcomer: key)
      events.append(.member(.joined(id)))
    }
    reportVerdict(of: id, from: .alive, to: claim.standing.verdict)
    if claim.standing.verdict == .alive { widenSpreads(to: key) }
    let slot = table.slot(of: key)
    if let slot { noteStanding(slot, before: nil) }
    return slot
  }

  /// Merges what is claimed of a known member; says whether anything was new.
  ///
  /// A verdict on a member held alive for which nothing speaks here is put to that member first.
  mutating func merge(_ claim: Section.Claim, _ slot: Int, by path: Path) -> Bool {
    if isDoubtful(claim, slot, by: path) || isDoubtedForNoReason(claim, slot, by: path) {
      return challenge(claim, slot)
    }
    let before = table[slot].standing
    let formerEndpoint = table[slot].endpoint
    let verdictSince = PastInstant(milliseconds: claim.age, before: clock)
    let isNew = table.update(slot) { record in
      if claim.standing.incarnation > record.standing.incarnation {
        record.endpoint = claim.endpoint
      }
      let isNew = record.standing.merge(claim.standing)
      let after = record.standing
      if after.incarnation != before.incarnation || after.verdict != before.verdict {
        record.verdictSince = verdictSince
      } else if claim.standing.incarnation == before.incarnation,
        claim.standing.verdict == before.verdict
      {
        // The greater age is the verdict's.
        record.verdictSince = min(record.verdictSince, verdictSince)
      }
      return isNew
    }
    guard isNew else { return false }
    if table[slot].endpoint != formerEndpoint { events.append(.peerChanged(table[slot].id)) }
    reportVerdict(
      of: table[slot].id,
      from: before.verdict,
      to: table[slot].standing.verdict
    )
    noteStanding(slot, before: before)
    if path == .exchange { tellAccused(slot, before: before) }
    return true
  }

  private mutating func reportVerdict(of id: MemberID, from old: Verdict, to new: Verdict) {
    guard old != new else { return }
    switch new {
    case .alive:
      metrics.flaps += 1
      if let slot = table.slot(of: MemberKey(id)) {
        table.update(slot) { $0.flapCount = min($0.flapCount, .max - 1) + 1 }
      }
      events.append(.member(.up(id)))
    case .down: events.append(.member(.down(id)))
    case .left: events.append(.member(.left(id)))
    }
  }

  private mutating func report(_ log: ChangeLog, _ slot: Int) {
    metrics.entriesIn += log.appliedCount
    if log.isLeaving, table.isLive(slot) { events.append(.member(.leaving(table[slot].id))) }
    if log.hasOtherRole { events.append(.peerChanged(table[slot].id)) }
    guard !log.changes.isEmpty else { return }
    let id = table[slot].id
    for change in log.changes {
      switch change {
      case .set(let entry): events.append(.member(.keySet(id, entry)))
      case .deleted(let key, let version):
        events.append(.member(.keyDeleted(id, key: key, version: version)))
      }
    }
  }

  /// Says whether `size` more bytes of others' state may be held.
  mutating func hasRoom(for size: Int, _ slot: Int) -> Bool {
    guard remoteStateSize + size > configuration.remoteStateLimit else { return true }
    refuse(slot, limit: "remoteStateLimit")
    return false
  }

  /// Bytes of memory that others' state takes.
  var remoteStateSize: Int { table.footprint - table[localSlot].state.footprint }

  mutating func refuse(_ slot: Int, limit: String) {
    metrics.stateRefused += 1
    metrics.drops[.limit] += 1
    guard !table[slot].hasToldRefusal else { return }
    table.update(slot) { $0.hasToldRefusal = true }
    events.append(.stateRefused(table[slot].id, limit: limit))
  }
}
