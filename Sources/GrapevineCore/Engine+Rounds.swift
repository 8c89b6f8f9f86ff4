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
    while phase == .active, let key = timeToLive.nextKey(now: clock) {
      delete(key, localSlot)
      noteNews(within: 10)
    }
    if clock >= roundAt { runRound() }
    if clock >= earlyAt {
      earlyAt = .never
      earlyCount += 1
      sendHeartbeats()
      sendHeartbeatToRandomMember()
    }
  }

  /// When to call `advance(to:)` next; never in the past after a call of it.
  package var nextDeadline: Instant {
    var deadline = streamDeadline
    for join in joins { deadline = min(deadline, nextTime(of: join)) }
    guard !isSilent else { return deadline }
    deadline = min(deadline, min(roundAt, earlyAt))
    return phase == .active ? min(deadline, timeToLive.nextDue) : deadline
  }

  private mutating func runRound() {
    let jitter = interval / 10
    roundAt = clock.advanced(by: interval - jitter + random.below(2 * jitter + 1))
    roundCount += 1
    earlyCount = 0
    expireMembers()
    compactOwnState()
    sendHeartbeats()
    if roundCount % 4 == 0 { sendHeartbeatToRandomMember() }
    if roundCount % 2 == 0 { sendHeartbeatToSeed() }
  }

  /// Lets others hear soon that there is something new: within `milliseconds`, at most four times
  /// a round.
  mutating func noteNews(within milliseconds: UInt64? = nil) {
    guard !isSilent, earlyCount < 4, table.count > 1 || !seeds.isEmpty else { return }
    let delay: UInt64
    if let milliseconds {
      delay = random.number(in: 1_000_000...(milliseconds * 1_000_000))
    } else {
      delay = random.number(in: 20_000_000...60_000_000)
    }
    earlyAt = min(earlyAt, clock.advanced(by: min(delay, interval)))
  }

  private mutating func sendHeartbeats() {
    if observers == nil {
      observers = ObserverRings.observers(
        of: localKey,
        ringCount: configuration.observerCount,
        in: table
      )
    }
    for observer in observers ?? [] {
      guard let slot = table.slot(of: observer) else { continue }
      sendHeartbeat(to: table[slot].endpoint)
    }
  }

  private mutating func sendHeartbeatToRandomMember() {
    guard let slot = randomLiveMembers(1).first else { return }
    sendHeartbeat(to: table[slot].endpoint)
  }

  /// Contacts the next seed that is no live member's address.
  private mutating func sendHeartbeatToSeed() {
    guard phase == .active else { return }
    for _ in 0..<seeds.count {
      seedCursor = (seedCursor + 1) % seeds.count
      let seed = seeds[seedCursor]
      let isMember = (0..<table.count).contains {
        table.isLive($0) && table[$0].endpoint == seed
      }
      guard isMember else {
        sendHeartbeat(to: seed)
        return
      }
    }
  }

  private mutating func sendHeartbeat(to target: Endpoint) {
    metrics.heartbeatsOut += 1
    let header = PacketHeader(kind: .heartbeat, label: label, sender: localKey)
    let body = Heartbeat(fingerprint: table.fingerprint, memberCount: table.count)
    packets.append(to: target) { bytes in
      header.write(to: &bytes)
      body.write(to: &bytes)
    }
  }

  private mutating func expireMembers() {
    graves.expire(now: clock)
    guard table.liveCount < table.count else { return }
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
    }
  }

  private mutating func compactOwnState() {
    let slot = localSlot
    let bound = tombstones.bound(
      for: table[slot].state,
      threshold: configuration.compactThreshold,
      age: configuration.tombstoneAge.wholeNanoseconds,
      now: clock
    )
    guard let bound else { return }
    table.update(slot) { $0.state.compact(upTo: bound) }
    noteNews()
  }
}
