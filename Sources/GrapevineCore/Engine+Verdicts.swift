// Verdicts: from accusers to "down", and verdicts that come from elsewhere.
extension Engine {
  // MARK: Accused members

  /// Keeps accusations, rings and observation in step with a standing that has changed, or is that
  /// of a newcomer.
  mutating func noteStanding(_ slot: Int, before: Standing?) {
    let key = table.key(inSlot: slot)
    let after = table[slot].standing
    let isLive = after.verdict == .alive
    if isLive, !after.accusers.isEmpty {
      noteAccusers(key, after)
    } else {
      forgetAccusation(of: key)
    }
    guard let before else { return }
    if after.incarnation > before.incarnation {
      let openCount = challenges.count
      challenges.removeAll { $0.key == key && $0.claim.standing.incarnation < after.incarnation }
      metrics.challengesRefuted += openCount - challenges.count
    }
    if isLive, before.verdict != .alive { widenSpreads(to: key) }
    let wasOnRings = before.verdict == .alive && before.accusers.isEmpty
    let isOnRings = isLive && after.accusers.isEmpty
    if wasOnRings != isOnRings || (before.verdict == .alive) != isLive {
      invalidateRings(isLoss: wasOnRings)
    }
    guard let index = observationIndex(of: key) else { return }
    if after.incarnation > before.incarnation { noteRefutation(index) }
  }

  private mutating func noteAccusers(_ key: MemberKey, _ standing: Standing) {
    let index: Int
    if let known = accusations.index(of: key),
      accusations[known].incarnation == standing.incarnation
    {
      index = known
    } else {
      accusations.remove(key)
      index = accusations.append(
        Accusation(key: key, incarnation: standing.incarnation, firstAt: clock, dueAt: .never)
      )
    }
    if standing.accusers.count > 1, accusations[index].secondAt == nil {
      accusations[index].secondAt = clock
    }
    let since = accusations[index].secondAt ?? accusations[index].firstAt
    accusations[index].dueAt = timeToJudge(
      max(since.advanced(by: grace), clock.advanced(by: 1))
    )
  }

  /// Tells a member of the first two accusers of it that came here by exchange.
  ///
  /// An accuser that pushes tells the member, too. One that reaches others by streams alone, or
  /// that does not push, may have told all but the member, which then had no time to refute.
  ///
  /// Each is told once for all that one packet or one piece of a stream says of it, and no more of
  /// them are than other packets may follow.
  mutating func tellAccused(_ slot: Int, before: Standing) {
    let standing = table[slot].standing
    let key = table.key(inSlot: slot)
    guard standing.verdict == .alive, lossAt == nil,
      standing.incarnation > before.incarnation || before.accusers.count < 2,
      standing.accusers.contains(where: { !before.accusers.contains($0) }),
      told.count < max(1, configuration.burst - 2), !told.contains(key)
    else { return }
    told.append(key)
    ping(slot, takeSequence(), claim: table[slot].claim(now: clock))
  }

  mutating func forgetAccusation(of key: MemberKey) {
    accusations.remove(key)
  }

  /// A member is none any more: nobody accuses or observes it.
  mutating func forgetMember(_ key: MemberKey) {
    forgetAccusation(of: key)
    if let index = observationIndex(of: key) { observations.remove(at: index) }
  }

  /// An observed member has refuted: if this node accused it, it is slower to do so again.
  private mutating func noteRefutation(_ index: Int) {
    if observations[index].isAccused {
      let former = clock < observations[index].cautionEndsAt ? observations[index].caution : 1
      observations[index].caution = min(2 * former, Observation.cautionLimit)
      observations[index].cautionEndsAt = clock.advanced(
        by: interval.multipliedClamping(configuration.cautionSpan)
      )
    }
    observations[index].isAccused = false
    noteLife(index)
  }

  var grace: UInt64 {
    max(interval.multipliedClamping(configuration.suspicionGrace), 2 * patience)
  }

  // MARK: Judging

  mutating func judgeAccusations() {
    guard accusations.dueAt <= clock else { return }
    var witnessed: Instant??
    var index = 0
    while index < accusations.count {
      guard accusations[index].dueAt <= clock else {
        index += 1
        continue
      }
      let key = accusations[index].key
      if let slot = table.slot(of: key), judge(index, slot, &witnessed) {
        conclude(slot)
      }
      if index < accusations.count, accusations[index].key == key { index += 1 }
    }
    accusations.findNextDue()
  }

  /// When one of those who could be a second accuser was heard of last: a member that lives and
  /// that nobody accuses; nil if there is none.
  private func lastSignOfOthers() -> Instant? {
    var last: Instant?
    for slot in 0..<table.count where table.isLive(slot) && !table.isAccused(slot) {
      guard table.key(inSlot: slot) != localKey else { continue }
      last = max(last ?? .zero, table.heardAt(slot))
    }
    return last
  }

  /// Says whether an accused member is down; else when to look again.
  private mutating func judge(_ index: Int, _ slot: Int, _ witnessed: inout Instant??) -> Bool {
    let accusation = accusations[index]
    guard !PlantedFault.believeOneAccuser.isPlanted else { return true }
    let hasTwo = accusation.secondAt.map { clock.since($0) >= grace } ?? false
    let lonely = interval.multipliedClamping(configuration.loneAccuserGrace)
    let hasStoodLong = clock.since(accusation.firstAt) >= max(lonely, grace)
    accusations[index].dueAt = timeToJudge(clock.advanced(by: interval))
    let heardAt = table.heardAt(slot)
    if heardAt > accusation.secondAt ?? accusation.firstAt {
      // It lives, and has not heard what is said of it. If it falls silent now, that counts anew.
      accusations[index].firstAt = heardAt
      if accusation.secondAt != nil { accusations[index].secondAt = heardAt }
      ping(slot, takeSequence(), claim: table[slot].claim(now: clock))
      return false
    }
    guard !PlantedFault.neverJudge.isPlanted else { return false }
    if !hasTwo, hasStoodLong { metrics.loneVerdicts += 1 }
    if hasTwo || hasStoodLong { return true }
    // Nobody is left who could be a second accuser if none was heard of since shortly before.
    let shortlyBefore = Instant(
      nanoseconds: accusation.firstAt.since(Instant(nanoseconds: 2 * interval))
    )
    guard clock.since(accusation.firstAt) >= grace else { return false }
    let witnessedAt = witnessed ?? lastSignOfOthers()
    witnessed = .some(witnessedAt)
    return witnessedAt.map { $0 < shortlyBefore } ?? true
  }

  /// The next moment from `time` on at which accusations are judged.
  ///
  /// It is one in 16 in an interval, and the same for all: so that a pass over all accusations and
  /// members is made as often at most, however many come one after the other.
  private func timeToJudge(_ time: Instant) -> Instant {
    let step = max(interval / 16, 1)
    return time.advanced(by: (step - time.nanoseconds % step) % step)
  }

  private mutating func conclude(_ slot: Int) {
    let before = table[slot].standing
    let now = PastInstant(clock)
    table.update(slot) {
      $0.standing.verdict = .down
      $0.verdictSince = now
    }
    metrics.verdictsOut += 1
    events.append(.member(.down(table[slot].id)))
    noteStanding(slot, before: before)
    // All who have seen the accusers conclude the same; the first accuser tells the others.
    if speaker(among: before.accusers) == localKey {
      pushStanding(of: table.key(inSlot: slot))
    } else {
      noteNews()
    }
  }

  /// The accuser that pushes the verdict: the first that is live and that nobody accuses.
  private func speaker(among accusers: [MemberKey]) -> MemberKey? {
    accusers.first { key in
      guard let slot = table.slot(of: key) else { return false }
      return key == localKey || (table.isLive(slot) && !table.isAccused(slot))
    }
  }

  // MARK: Verdicts met later

  /// Says whether a claim is to be put to the member first: it is held alive here, and nothing
  /// here speaks for the verdict.
  ///
  /// A verdict follows an accusation, which came here before it and gave the member the time to
  /// refute. One that comes out of nothing, as of who can be heard but does not hear, or of a
  /// forger, makes nobody down who answers.
  func isDoubtful(_ claim: Section.Claim, _ slot: Int, by path: Path) -> Bool {
    let standing = table[slot].standing
    guard claim.standing.verdict == .down, standing.verdict == .alive,
      claim.standing.incarnation >= standing.incarnation, path != .challenge
    else { return false }
    guard claim.standing.incarnation == standing.incarnation else { return true }
    guard let index = accusations.index(of: table.key(inSlot: slot)) else { return true }
    let accusedAt = accusations[index].firstAt
    // One that was accused a moment ago may be about to refute it.
    return table.heardAt(slot) > accusedAt || clock.since(accusedAt) < grace / 2
  }

  /// See ``Quirks``.
  mutating func isDoubtedForNoReason(
    _ claim: Section.Claim,
    _ slot: Int,
    by path: Path
  ) -> Bool {
    claim.standing.verdict == .down && table.isLive(slot) && path == .push
      && claim.standing.incarnation >= table[slot].standing.incarnation
      && quirks.act(at: .doubtedVerdict)
  }

  /// Puts a verdict to the member that it is about; says whether that is new.
  mutating func challenge(_ claim: Section.Claim, _ slot: Int) -> Bool {
    let key = table.key(inSlot: slot)
    guard !challenges.contains(where: { $0.key == key }),
      challenges.count < configuration.verificationLimit
    else { return false }
    let end = clock.advanced(by: grace)
    challenges.append(
      Challenge(
        key: key,
        claim: claim,
        startedAt: clock,
        endsAt: end,
        dueAt: nextAsking(before: end)
      )
    )
    metrics.challengesOut += 1
    ping(slot, takeSequence(), claim: claim)
    return true
  }

  /// When a member is asked again: a ping may be lost, and so may its answer.
  private func nextAsking(before end: Instant) -> Instant {
    min(end, clock.advanced(by: max(interval / 4, min(roundTrip, interval))))
  }

  /// Asks again those who have not answered, and adopts the verdicts that were not refuted in time.
  ///
  /// Who was heard meanwhile lives, and did not hear of it: the verdict is dropped, until an
  /// exchange brings it again.
  mutating func advanceChallenges() {
    while let index = challenges.firstIndex(where: { $0.dueAt <= clock }) {
      let challenge = challenges[index]
      let slot = table.slot(of: challenge.key)
      guard clock >= challenge.endsAt else {
        challenges[index].dueAt = nextAsking(before: challenge.endsAt)
        if let slot { ping(slot, takeSequence(), claim: challenge.claim) }
        continue
      }
      challenges.remove(at: index)
      guard let slot, table.heardAt(slot) <= challenge.startedAt else { continue }
      if merge(challenge.claim, slot, by: .challenge) { noteNews() }
    }
  }
}

extension UInt64 {
  /// The product, or the maximum where that can't be said.
  func multipliedClamping(_ factor: Int) -> UInt64 {
    let (product, overflow) = multipliedReportingOverflow(by: UInt64(factor))
    return overflow ? .max : product
  }
}
