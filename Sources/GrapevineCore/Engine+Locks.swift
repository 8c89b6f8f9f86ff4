// Locks: taken when every live member has agreed.
extension Engine {
  // MARK: What the user asks for

  /// Begins to take a lock; `lockGranted` follows once every live member has agreed.
  ///
  /// Nothing happens if it is held, or being taken. A node that has been a member for less than
  /// `lockGrace` waits for the rest of that.
  package mutating func claimLock(_ id: LockID, now: Instant) {
    tick(now)
    guard phase == .active, locks.index(of: id) == nil else { return }
    startClaim(id)
  }

  /// Lets go of a lock, or of the claim to it; no event follows.
  package mutating func releaseLock(_ id: LockID, now: Instant) {
    tick(now)
    dropLock(id)
  }

  /// The epoch of a lock that this node holds; nil if it does not.
  package func lockEpoch(of id: LockID) -> LockEpoch? {
    locks.index(of: id).flatMap { locks.claims[$0].isHeld ? locks.claims[$0].epoch : nil }
  }

  /// Says whether the node holds a lock or is about to take it.
  package func isClaiming(_ id: LockID) -> Bool { locks.index(of: id) != nil }

  /// The locks that the node holds, in ascending order.
  package var heldLocks: [LockID] { locks.claims.filter(\.isHeld).map(\.id) }

  // MARK: Claims

  private mutating func startClaim(_ id: LockID) {
    locks.claim(
      id,
      by: localKey,
      among: livePeerKeys(),
      atLeast: leastEpoch,
      dueAt: max(clock, lockAllowedAt),
      pause: lockPause
    )
  }

  /// The time in milliseconds, as far as the generation was one, and something of this node.
  ///
  /// So an epoch is above one that was given out before and that nobody who lives remembers, and
  /// not the same as one of the other side of a split.
  private var leastEpoch: LockEpoch {
    let elapsed = clock.since(startedAt) / 1_000_000
    let (time, overflow) = table[localSlot].id.generation.addingReportingOverflow(elapsed)
    guard !overflow, time < 1 << 52 else { return 0 }
    return time << 12 | localKey.rawValue & 0xFFF
  }

  private func livePeerKeys() -> [MemberKey] {
    var keys: [MemberKey] = []
    for position in 0..<table.count where table.isLive(table.slot(at: position)) {
      let key = table.key(at: position)
      if key != localKey { keys.append(key) }
    }
    return keys
  }

  private var lockPause: UInt64 { max(interval / 8, min(2 * roundTrip, interval)) }

  private mutating func dropLock(_ id: LockID) {
    guard let (epoch, askers) = locks.remove(id), !isSilent else { return }
    for key in askers {
      guard let slot = table.slot(of: key), table.isLive(slot) else { continue }
      sendLockReply(id, .released, epoch, sequence: 0, to: table[slot].endpoint)
    }
  }

  /// Loses all that is held, as others may have taken this node for dead, and waits before it takes
  /// anything again.
  mutating func loseLocks() {
    lockAllowedAt = clock.advanced(by: configuration.lockGrace.wholeNanoseconds)
    for claim in locks.claims where claim.isHeld {
      events.append(.lockLost(claim.id))
      dropLock(claim.id)
    }
    let allowedAt = lockAllowedAt
    for index in locks.claims.indices { locks.rest(index, until: allowedAt) }
  }

  /// Gives up all locks and claims for good.
  mutating func giveUpLocks() {
    lockAllowedAt = .never
    for claim in locks.claims {
      events.append(.lockLost(claim.id))
      dropLock(claim.id)
    }
  }

  /// Lets those that agree to a claim include one more member: it joined, or lives again.
  ///
  /// What is held is claimed of it, too: so whoever is a member knows the epochs of all locks that
  /// are held.
  mutating func widenClaims(to key: MemberKey) {
    if livePeerCount <= 1 {
      // It was alone, and may have come to a cluster with locks.
      let grace = configuration.lockGrace.wholeNanoseconds
      lockAllowedAt = max(lockAllowedAt, clock.advanced(by: grace))
    }
    let time = clock
    let pause = lockPause
    for index in locks.claims.indices where !locks.claims[index].waiting.contains(key) {
      locks.update(index) {
        $0.waiting.append(key)
        $0.dueAt = min($0.dueAt, time.advanced(by: pause))
        $0.pause = pause
      }
    }
  }

  mutating func advanceLocks() {
    guard locks.nextDue <= clock else { return }
    let known = table
    var index = 0
    while index < locks.claims.count {
      defer { index += 1 }
      guard locks.claims[index].dueAt <= clock else { continue }
      let allowedAt = lockAllowedAt
      guard clock >= allowedAt || locks.claims[index].isHeld else {
        locks.update(index) { $0.dueAt = allowedAt }
        continue
      }
      if locks.claims[index].epoch == 0 { startClaim(locks.claims[index].id) }
      locks.update(index) { claim in
        claim.waiting.removeAll { key in known.slot(of: key).map { !known.isLive($0) } ?? true }
      }
      guard !locks.claims[index].waiting.isEmpty else {
        agree(index)
        continue
      }
      ask(index)
    }
    locks.findNextDue()
  }

  /// All have agreed.
  private mutating func agree(_ index: Int) {
    guard clock >= lockAllowedAt || locks.claims[index].isHeld else {
      let allowedAt = lockAllowedAt
      return locks.update(index) { $0.dueAt = allowedAt }
    }
    let claim = locks.claims[index]
    locks.update(index) {
      $0.isHeld = true
      $0.dueAt = .never
    }
    guard !claim.isHeld else { return }
    metrics.locksGranted += 1
    events.append(.lockGranted(claim.id, epoch: claim.epoch))
  }

  private mutating func ask(_ index: Int) {
    let claim = locks.claims[index]
    let sequence = takeSequence()
    let header = PacketHeader(kind: .request, label: label, sender: localKey)
    for key in claim.waiting.prefix(Spread.chunk) {
      guard let slot = table.slot(of: key) else { continue }
      metrics.requestsOut += 1
      packets.append(to: table[slot].endpoint) { bytes in
        header.write(to: &bytes)
        Inquiry.write(LockRequest(id: claim.id, epoch: claim.epoch), sequence, to: &bytes)
      }
    }
    // Those that were asked now come last the next time.
    let asked = min(Spread.chunk, claim.waiting.count)
    let now = clock
    let limit = interval
    locks.update(index) {
      $0.waiting = Array($0.waiting[asked...] + $0.waiting[..<asked])
      $0.dueAt = now.advanced(by: asked < $0.waiting.count ? Spread.firstPause : $0.pause)
      if asked == $0.waiting.count { $0.pause = min(2 * $0.pause, limit) }
    }
  }

  // MARK: Packets

  mutating func takeLockRequest(
    _ request: LockRequest,
    _ sequence: SequenceNumber,
    from peer: MemberKey,
    at source: Endpoint
  ) {
    metrics.requestsIn += 1
    guard phase == .active, clock >= lockAllowedAt, let slot = table.slot(of: peer),
      table.isLive(slot)
    else {
      sendLockReply(request.id, .wait, request.epoch, sequence: sequence, to: source)
      return
    }
    let (answer, epoch) = locks.answer(request.id, request.epoch, from: peer)
    if answer == .free, let index = locks.index(of: request.id) {
      // Its own claim has been outbid.
      let pause = interval / 8 + random.below(max(1, interval / 2))
      locks.rest(index, until: clock.advanced(by: pause))
    }
    sendLockReply(request.id, answer, epoch, sequence: sequence, to: source)
  }

  private mutating func sendLockReply(
    _ id: LockID,
    _ answer: LockAnswer,
    _ epoch: LockEpoch,
    sequence: SequenceNumber,
    to target: Endpoint
  ) {
    let header = PacketHeader(kind: .reply, label: label, sender: localKey)
    packets.append(to: target) { bytes in
      header.write(to: &bytes)
      Inquiry.write(LockReply(id: id, epoch: epoch, answer: answer), sequence, to: &bytes)
    }
  }

  mutating func takeLockReply(_ reply: LockReply, from peer: MemberKey) {
    metrics.repliesIn += 1
    guard let index = locks.index(of: reply.id) else { return }
    let claim = locks.claims[index]
    switch reply.answer {
    case .free:
      guard reply.epoch == claim.epoch else { return }
      locks.update(index) { $0.waiting.removeAll { $0 == peer } }
      if locks.claims[index].waiting.isEmpty { agree(index) }
    case .outbid where reply.epoch >= claim.epoch, .held where claim.isHeld:
      guard claim.waiting.contains(peer), claim.epoch > 0 else { return }
      // What is held was taken by another meanwhile, as on the other side of a split.
      locks.promise(reply.id, max(reply.epoch, claim.epoch), to: peer)
      if claim.isHeld {
        metrics.locksContested += 1
        events.append(.lockLost(reply.id))
        dropLock(reply.id)
      } else {
        locks.rest(index, until: clock.advanced(by: random.below(max(1, interval / 4))))
      }
    case .released:
      let now = clock
      guard !claim.isHeld else { return }
      locks.update(index) {
        $0.dueAt = min($0.dueAt, now)
        $0.pause = min($0.pause, interval / 8)
      }
    case .outbid, .held, .wait: break
    }
  }
}
