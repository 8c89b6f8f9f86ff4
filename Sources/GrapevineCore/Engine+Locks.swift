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
    startClaim(id, above: 0)
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

  private mutating func startClaim(_ id: LockID, above known: LockEpoch) {
    locks.claim(
      id,
      by: localKey,
      among: livePeerKeys(),
      atLeast: max(leastEpoch, known < .max ? known + 1 : .max),
      sequence: takeSequence(),
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
    guard let (epoch, askers) = locks.remove(id) else { return }
    tellReleased(id, epoch, to: askers)
  }

  private mutating func tellReleased(
    _ id: LockID,
    _ epoch: LockEpoch,
    to askers: [MemberKey]
  ) {
    guard !isSilent else { return }
    for key in askers {
      guard let slot = table.slot(of: key), table.isLive(slot) else { continue }
      sendLockReply(id, .released, epoch, sequence: 0, to: table[slot].endpoint)
    }
  }

  /// Loses all that is held, as others may have taken this node for dead, and waits before it takes
  /// anything again.
  mutating func loseLocks() {
    lockAllowedAt = clock.advanced(by: configuration.lockGrace.wholeNanoseconds)
    for claim in locks.removeAll(where: \.isHeld) { tellLost(claim) }
    let allowedAt = lockAllowedAt
    for index in locks.claims.indices { locks.rest(index, until: allowedAt) }
  }

  /// Gives up all locks and claims for good.
  mutating func giveUpLocks() {
    lockAllowedAt = .never
    for claim in locks.removeAll(where: { _ in true }) { tellLost(claim) }
  }

  private mutating func tellLost(_ claim: LockTable.Claim) {
    events.append(.lockLost(claim.id))
    tellReleased(claim.id, claim.epoch, to: claim.askers)
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
    var room = Self.questionLimit
    var index = 0
    while index < locks.claims.count {
      defer { index += 1 }
      guard locks.claims[index].dueAt <= clock else { continue }
      let allowedAt = lockAllowedAt
      guard clock >= allowedAt || locks.claims[index].isHeld else {
        locks.update(index) { $0.dueAt = allowedAt }
        continue
      }
      if locks.claims[index].epoch == 0 {
        startClaim(locks.claims[index].id, above: locks.claims[index].outbidBy)
      }
      // Within a round those that are no longer live are passed over when their turn comes.
      if !locks.claims[index].isAmidRound {
        locks.update(index) { claim in claim.waiting.removeAll { !known.isLive($0) } }
      }
      guard !locks.claims[index].waiting.isEmpty else {
        agree(index)
        continue
      }
      guard room > 0 else {
        let soon = clock.advanced(by: Spread.firstPause)
        locks.update(index) { $0.dueAt = soon }
        continue
      }
      room -= ask(index)
    }
    locks.findNextDue()
  }

  /// The questions that go out at a time, and a few more: where a member joins it is asked about
  /// all that is held.
  private static var questionLimit: Int { 256 }

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

  /// Asks the next of those that have not agreed; returns how many.
  private mutating func ask(_ index: Int) -> Int {
    let claim = locks.claims[index]
    let header = PacketHeader(kind: .request, label: label, sender: localKey)
    let request = LockRequest(id: claim.id, epoch: claim.epoch, isHeld: claim.isHeld)
    let rest = max(1, claim.waiting.count - claim.askedCount)
    let asked = min(Spread.chunk, rest, claim.waiting.count)
    for key in claim.waiting.prefix(asked) {
      guard let slot = table.slot(of: key), table.isLive(slot) else { continue }
      metrics.requestsOut += 1
      packets.append(to: table[slot].endpoint) { bytes in
        header.write(to: &bytes)
        Inquiry.write(request, claim.sequence, to: &bytes)
      }
    }
    let now = clock
    let limit = interval
    locks.update(index) {
      // Those that were asked now come last the next time.
      $0.waiting = Array($0.waiting[asked...] + $0.waiting[..<asked])
      $0.askedCount += asked
      guard $0.askedCount >= $0.waiting.count else {
        $0.dueAt = now.advanced(by: Spread.firstPause)
        return
      }
      $0.askedCount = 0
      $0.dueAt = now.advanced(by: $0.pause)
      $0.pause = min(2 * $0.pause, limit)
    }
    return asked
  }

  // MARK: Packets

  mutating func takeLockRequest(
    _ request: LockRequest,
    _ sequence: SequenceNumber,
    from peer: MemberKey,
    at source: Endpoint
  ) {
    metrics.requestsIn += 1
    let isKnown = table.slot(of: peer).map { table.isLive($0) } ?? false
    if isKnown, request.isHeld, let own = lockEpoch(of: request.id), own < request.epoch {
      // Of two that hold a lock, as after a split, the later one does.
      contest(request.id)
    }
    guard phase == .active, isKnown,
      clock >= lockAllowedAt || lockEpoch(of: request.id) != nil
    else {
      sendLockReply(request.id, .wait, request.epoch, sequence: sequence, to: source)
      return
    }
    let (answer, epoch) = locks.answer(request, from: peer, own: localKey)
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

  mutating func takeLockReply(
    _ reply: LockReply,
    _ sequence: SequenceNumber,
    from peer: MemberKey
  ) {
    metrics.repliesIn += 1
    guard let index = locks.index(of: reply.id) else { return }
    let claim = locks.claims[index]
    guard claim.epoch > 0, claim.waiting.contains(peer) else { return }
    guard sequence == claim.sequence || reply.answer == .released else { return }
    switch reply.answer {
    case .free:
      guard reply.epoch == claim.epoch else { return }
      locks.update(index) { $0.waiting.removeAll { $0 == peer } }
      if locks.claims[index].waiting.isEmpty { agree(index) }
    case .outbid where reply.epoch >= claim.epoch, .held where claim.isHeld:
      // What is held was taken by another meanwhile, as on the other side of a split.
      guard !claim.isHeld else { return contest(reply.id) }
      locks.update(index) { $0.outbidBy = max($0.outbidBy, reply.epoch) }
      locks.rest(index, until: clock.advanced(by: random.below(max(1, interval / 4))))
    case .released:
      guard !claim.isHeld else { return }
      let soon = clock.advanced(by: interval / 16)
      let pause = interval / 8
      locks.update(index) {
        $0.dueAt = min($0.dueAt, soon)
        $0.pause = min($0.pause, pause)
      }
    case .outbid, .held, .wait: break
    }
  }

  /// Loses a lock that another holds, too, or held after this node.
  private mutating func contest(_ id: LockID) {
    metrics.locksContested += 1
    events.append(.lockLost(id))
    dropLock(id)
  }
}
