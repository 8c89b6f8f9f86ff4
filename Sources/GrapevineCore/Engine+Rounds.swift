// What time brings.
extension Engine {
  /// Does what is due at `nextDeadline`.
  ///
  /// Calling it earlier does nothing.
  package mutating func advance(to now: Instant) {
    tick(now)
    expireStreams()
    startJoins()
    guard !isSilent else { return }
    if let nameCheck, clock >= nameCheck.retryAt { askRival() }
    while phase == .active, let key = timeToLive.nextKey(now: clock) {
      let base = table[localSlot].state.version
      delete(key, localSlot)
      pushOwnState(since: base)
    }
    if clock >= roundAt { runRound() }
    guard !isSilent else { return }
    if clock >= earlyAt {
      earlyAt = .never
      earlyCount += 1
      if earlyRepeats > 0 {
        earlyRepeats -= 1
        planEarlyHeartbeats(within: nil)
      }
      sendHeartbeats(isScheduled: false)
      sendHeartbeatToRandomMember()
    }
    if clock >= ringsDueAt { updateRings() }
    advanceObservations()
    judgeAccusations()
    advanceChallenges()
    if clock >= pending.dueAt { flushPush() }
    advanceSpreads()
    advanceReaches()
    advanceLocks()
  }

  /// When to call `advance(to:)` next; never in the past after a call of it.
  package var nextDeadline: Instant {
    var deadline = streamDeadline
    for join in joins { deadline = min(deadline, nextTime(of: join)) }
    guard !isSilent else { return deadline }
    deadline = min(deadline, min(roundAt, earlyAt))
    if let nameCheck { deadline = min(deadline, nameCheck.retryAt) }
    deadline = min(deadline, min(failureDeadline, pending.dueAt))
    for spread in spreads { deadline = min(deadline, spread.dueAt) }
    for reach in reaches { deadline = min(deadline, reach.deadline) }
    deadline = min(deadline, locks.nextDue)
    return phase == .active ? min(deadline, timeToLive.nextDue) : deadline
  }

  private mutating func runRound() {
    health.noteTick(lateness: clock.since(roundAt), interval: interval, now: clock)
    let jitter = interval / 10
    roundAt = clock.advanced(by: interval - jitter + random.below(2 * jitter + 1))
    roundCount += 1
    earlyCount = 0
    pushCount = 0
    // Answers are rare: one slow moment must not make this node patient for ever.
    roundTrip -= roundTrip / 64
    expireMembers()
    countAtRound = table.count
    forgetLateRelays()
    if phase == .left {
      let lifetime = configuration.memberExpiry.wholeNanoseconds
      if clock.since(table[localSlot].verdictSince) >= lifetime { fallSilent(after: localID) }
      guard !isSilent else { return }
    }
    compactOwnState()
    if phase == .active { actForNoReason() }
    sendHeartbeats(isScheduled: true)
    if roundCount % 4 == 0 { sendHeartbeatToRandomMember() }
    if let lossAt { sendHeartbeatToSurvivor(heardSince: lossAt) }
    if phase == .active {
      observations.removeAll { $0.isProbe && $0.dueAt == .never }
      if roundCount % 16 == 8 || lossAt != nil { probeByChance() }
    }
    if roundCount % 2 == 0 { contactLost() }
  }

  /// See ``Quirks``.
  private mutating func actForNoReason() {
    if quirks.act(at: .needlessRefutation), table[localSlot].standing.incarnation < .max - 1 {
      table.update(localSlot) {
        $0.standing = Standing(incarnation: $0.standing.incarnation + 1)
      }
      metrics.refutations += 1
      pushStanding(of: localKey)
    }
    if !observations.isEmpty, quirks.act(at: .hastyAccusation) {
      let index = random.index(observations.count)
      let key = observations[index].key
      if !observations[index].isAccused, let slot = table.slot(of: key), table.isLive(slot) {
        accuse(index, slot)
      }
    }
  }

  /// Lets others hear soon that there is something new: within `milliseconds`, at most four times
  /// a round.
  mutating func noteNews(within milliseconds: UInt64? = nil) {
    // Where packets are lost, one time is not enough for those whom the news has not reached.
    earlyRepeats = isLossy ? 2 : 0
    planEarlyHeartbeats(within: milliseconds)
  }

  private mutating func planEarlyHeartbeats(within milliseconds: UInt64?) {
    guard !isSilent, earlyCount < (isFlooded ? 0 : 4),
      table.count > 1 || !seeds.isEmpty
    else { return }
    let delay: UInt64
    if let milliseconds {
      delay = random.number(in: 1_000_000...(milliseconds * 1_000_000))
    } else {
      delay = random.number(in: 20_000_000...60_000_000)
    }
    earlyAt = min(earlyAt, clock.advanced(by: min(delay, interval)))
  }

  private mutating func sendHeartbeats(isScheduled: Bool) {
    if observers == nil { updateRings() }
    for observer in observers ?? [] {
      guard let slot = table.slot(of: observer) else { continue }
      sendHeartbeat(to: table[slot].endpoint, isScheduled: isScheduled)
    }
  }

  /// Where many are being lost, the observers may be among them: those who are known to live are to
  /// compare what they hold all the same.
  private mutating func sendHeartbeatToSurvivor(heardSince lossAt: Instant) {
    var survivors: [Int] = []
    for slot in 0..<table.count where table.heardAt(slot) >= lossAt && table.isLive(slot) {
      if table.key(inSlot: slot) != localKey { survivors.append(slot) }
    }
    guard !survivors.isEmpty else { return }
    let slot = survivors[random.index(survivors.count)]
    sendHeartbeat(to: table[slot].endpoint, isScheduled: true)
  }

  private mutating func sendHeartbeatToRandomMember() {
    guard let slot = randomLiveMember() else { return }
    sendHeartbeat(to: table[slot].endpoint)
  }

  /// Contacts one of those that may come back: a member that is down, a seed that is no live
  /// member's address, or one that is buried.
  private mutating func contactLost() {
    guard phase == .active else { return }
    updateLost()
    // Every other turn is for the buried, so that neither waits for all of the others.
    if lost.isEmpty || roundCount % 4 == 0,
      let buried = graves.nextContact(now: clock, random: &random)
    {
      sendHeartbeat(to: buried)
    } else if !lost.isEmpty {
      lostCursor = (lostCursor + 1) % lost.count
      sendHeartbeat(to: lost[lostCursor])
    }
  }

  /// Works out anew who may come back, where an address or a verdict has changed since: a cluster
  /// at rest spends nothing on it.
  private mutating func updateLost() {
    guard lostAsOf != table.addressChanges else { return }
    lostAsOf = table.addressChanges
    lost = []
    if table.liveCount < table.count {
      table.forEachSlot(at: 0..<table.count) { slot in
        if table.isDown(slot) { lost.append(table.endpoint(inSlot: slot)) }
        return true
      }
    }
    guard !seeds.isEmpty else { return }
    // A set of the few seeds: one of all members would cost more than all else of a round.
    var unknown = Set(seeds).subtracting(lost)
    for slot in 0..<table.count where !unknown.isEmpty && table.isLive(slot) {
      unknown.remove(table.endpoint(inSlot: slot))
    }
    for seed in seeds where unknown.contains(seed) { lost.append(seed) }
  }

  private mutating func sendHeartbeat(to target: Endpoint, isScheduled: Bool = false) {
    metrics.heartbeatsOut += 1
    let header = PacketHeader(kind: .heartbeat, label: label, sender: localKey)
    let body = Heartbeat(
      fingerprint: table.fingerprint,
      memberCount: table.count,
      isScheduled: isScheduled
    )
    packets.append(to: target) { bytes in
      header.write(to: &bytes)
      body.write(to: &bytes)
    }
  }

  private mutating func expireMembers() {
    graves.expire(now: clock)
    guard table.liveCount < table.count, !PlantedFault.neverExpire.isPlanted else { return }
    let lifetime = configuration.memberExpiry.wholeNanoseconds
    var expired: [MemberKey] = []
    for slot in 0..<table.count where !table.isLive(slot) {
      let record = table[slot]
      guard record.key != localKey, clock.since(record.verdictSince) >= lifetime else { continue }
      expired.append(record.key)
    }
    expired.sort()
    for key in expired {
      guard let record = table.remove(key) else { continue }
      hasToldMemberLimit = false
      graves.bury(record, isReplaced: false, now: clock)
      events.append(.member(.expired(record.id)))
      forgetMember(key)
    }
  }

  private mutating func compactOwnState() {
    let slot = localSlot
    let isHasty = quirks.act(at: .hastyCompaction)
    let bound = tombstones.bound(
      for: table[slot].state,
      threshold: isHasty ? 1 : configuration.compactThreshold,
      age: isHasty ? 0 : configuration.tombstoneAge.wholeNanoseconds,
      now: clock
    )
    guard let bound else { return }
    table.update(slot) { $0.state.compact(upTo: bound) }
    metrics.compactions += 1
    noteNews()
  }
}
