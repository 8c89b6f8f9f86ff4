// Tree push: changes on their way at once.
extension Engine {
  // MARK: What is new

  /// Lets the others have the own changes after version `base`.
  mutating func pushOwnState(since base: Version) {
    guard table[localSlot].state.version > base else { return }
    pending.ownBase = min(pending.ownBase ?? base, base)
    schedulePush()
  }

  /// Lets the others have a member's standing.
  ///
  /// News of others is gathered for longer than own news: where many members are lost at once, many
  /// speak of it.
  mutating func pushStanding(of key: MemberKey) {
    if key == localKey {
      pending.add(ownStanding: key)
    } else {
      pending.add(standing: key)
    }
    schedulePush(notBefore: key == localKey ? .zero : othersAllowedAt)
  }

  /// Lets the others know a member that came to this node first.
  mutating func pushNewcomer(_ key: MemberKey) {
    pending.add(newcomer: key)
    schedulePush()
  }

  /// The first news goes out at once; what comes within the pause after it goes together.
  private mutating func schedulePush(notBefore earliest: Instant = .zero) {
    guard !isSilent else { return }
    guard configuration.push == .tree, table.liveCount > 1 else {
      pending = PendingPush()
      noteNews(within: 10)
      return
    }
    let allowedAt = max(pushAllowedAt, earliest)
    guard clock < allowedAt else {
      flushPush()
      return
    }
    pending.dueAt = min(pending.dueAt, allowedAt)
  }

  // MARK: Going out

  mutating func flushPush() {
    guard !isSilent else { return }
    let news = pending
    pending = PendingPush()
    guard !news.isEmpty else { return }
    pushAllowedAt = clock + configuration.pushPause
    if news.standings.contains(where: { $0 != localKey }) {
      othersAllowedAt = clock.advanced(by: interval / 4)
    }
    let isLeftOver = sendPushes(news) || news.isIncomplete
    noteNews(within: isLeftOver ? 10 : nil)
  }

  /// Pushes what fits in packets and in the budget; says whether something was left to heartbeats.
  private mutating func sendPushes(_ news: PendingPush) -> Bool {
    var sections = PushSections(limit: configuration.maximumPacketSize, own: localKey)
    var isLeftOver = false
    var keys: [MemberKey] = []
    if news.ownBase != nil { keys.append(localKey) }
    for key in news.standings + news.newcomers where !keys.contains(key) { keys.append(key) }
    for key in keys {
      guard let slot = table.slot(of: key) else { continue }
      let isNewcomer = news.newcomers.contains(key)
      var owed = Owed(
        key: key,
        replica: table[slot].state.progress,
        needsIdentity: isNewcomer,
        needsStanding: isNewcomer || news.standings.contains(key)
      )
      if isNewcomer {
        owed.replica = .none
      } else if key == localKey, let base = news.ownBase {
        owed.replica.version = base
      }
      var outcome = sections.add(owed, table[slot], now: clock)
      if outcome == .noRoom {
        guard begin(sections) else { return true }
        sections.removeAll()
        outcome = sections.add(owed, table[slot], now: clock)
      }
      if outcome != .complete, owed.needsStanding {
        // The state does not fit: that it exists does.
        owed.replica = table[slot].state.progress
        _ = sections.add(owed, table[slot], now: clock)
      }
      isLeftOver = isLeftOver || outcome != .complete
    }
    guard !sections.isEmpty else { return isLeftOver }
    return !begin(sections) || isLeftOver
  }

  /// Begins a push of some sections along as many trees as are wanted; false if the budget is used.
  private mutating func begin(_ sections: PushSections) -> Bool {
    guard pushCount < configuration.pushLimit else { return false }
    let redundancy = redundancy
    let lossAt = lossAt
    if sections.isRationed {
      // The own refutation goes out in any case: nobody else can tell it.
      let cost = min(redundancy * configuration.pushFanout, membershipBudget.capacity)
      guard membershipBudget.take(cost, now: clock) || sections.isAboutSelf else { return false }
    }
    pushCount += 1
    metrics.pushesOut += 1
    var avoided: [Int] = []
    for _ in 0..<redundancy {
      let branches = TreePush.branches(
        of: Arc(around: localKey),
        own: localKey,
        fanout: configuration.pushFanout,
        avoiding: avoided,
        lossAt: lossAt,
        in: table,
        random: &random
      )
      for branch in branches {
        sendPush(to: branch, hops: 1) { $0.append(contentsOf: sections.bytes) }
        avoided.append(branch.slot)
      }
    }
    return true
  }

  /// How many trees a push takes: one more where one packet in twenty is seen to be lost, a single
  /// one where many members are lost and much is said.
  private var redundancy: Int {
    mutating get { isFlooded ? 1 : usualRedundancy }
  }

  /// Says that there is more news of members than pushes should carry: then they take a single
  /// tree, and heartbeats are not sent early.
  var isFlooded: Bool {
    mutating get {
      isLosingMany
        || membershipBudget.level(now: clock)
          < min(2 * configuration.pushFanout, membershipBudget.capacity)
    }
  }

  /// Where many members are being lost, the time when that was first seen: who was heard of since
  /// lives.
  var lossAt: Instant? { isLosingMany ? accusations.first : nil }

  /// Says that at least four members are accused, and at least one in 64 of those that live.
  private var isLosingMany: Bool { accusations.count >= max(4, table.liveCount / 64) }

  private var usualRedundancy: Int { configuration.pushRedundancy + (isLossy ? 1 : 0) }

  /// Says that one scheduled heartbeat in twenty is seen to be lost.
  var isLossy: Bool {
    var missed = 0
    var seen = 0
    for observation in observations {
      missed += observation.window.missedCount
      seen += observation.window.count
    }
    return seen >= 16 && missed * 20 > missed + seen
  }

  private mutating func sendPush(
    to branch: TreePush.Branch,
    hops: UInt8,
    _ body: (inout [UInt8]) -> Void
  ) {
    metrics.pushPacketsOut += 1
    let header = PacketHeader(kind: .push, label: label, sender: localKey)
    packets.append(to: table[branch.slot].endpoint) { bytes in
      header.write(to: &bytes)
      PushHead(hops: hops, arc: branch.arc).write(to: &bytes)
      body(&bytes)
    }
  }

  // MARK: Coming in

  /// Takes a push whose format has been checked: applies it and passes it on, new or not.
  mutating func takePush(
    _ head: PushHead,
    _ bytes: Span<UInt8>,
    _ start: WireReader,
    from peer: MemberKey,
    at source: Endpoint
  ) {
    metrics.pushPacketsIn += 1
    let isRationed = PushHead.isRationed(bytes, start)
    // Who is known of nobody here must not make this node send to many.
    if table.contains(peer) { forward(head, bytes, start, isRationed: isRationed) }
    var reader = start
    var hasProgress = false
    var behind: [MemberKey] = []
    while !reader.isAtEnd {
      guard let section = try? Section.reread(bytes, &reader) else { break }
      let outcome = apply(section, bytes, by: .push)
      hasProgress = hasProgress || outcome.hasProgress
      let end = section.state?.end ?? 0
      if outcome.isBehind, pulls.mayPull(section.key, end: end, now: clock) {
        behind.append(section.key)
      }
    }
    // News of this node itself may have made it yield its name.
    guard !isSilent else { return }
    if hasProgress {
      metrics.pushesNew += 1
      metrics.pushHopsLast = Int(head.hops)
      noteNews()
    }
    if !behind.isEmpty { pull(behind, from: source) }
  }

  private mutating func forward(
    _ head: PushHead,
    _ bytes: Span<UInt8>,
    _ start: WireReader,
    isRationed: Bool
  ) {
    guard configuration.push == .tree, Int(head.hops) < configuration.pushHopLimit else { return }
    // One that is larger than this node's packets may be is left to heartbeats.
    guard start.end <= configuration.maximumPacketSize else { return }
    guard !isRationed || membershipBudget.level(now: clock) > 0 else { return }
    let branches = TreePush.branches(
      of: head.arc,
      own: localKey,
      fanout: configuration.pushFanout,
      lossAt: lossAt,
      in: table,
      random: &random
    )
    for branch in branches {
      guard !quirks.act(at: .prunedPush) else { continue }
      guard !isRationed || membershipBudget.take(1, now: clock) else { return }
      sendPush(to: branch, hops: head.hops + 1) { output in
        for index in start.offset..<start.end { output.append(bytes[index]) }
      }
    }
  }
}

/// The sections of a push as they are put together, bounded by the size of a packet.
struct PushSections: Sendable {
  private(set) var bytes: [UInt8] = []
  /// Says that there is nothing in it but who lives and who does not; see ``PushHead``.
  private(set) var isRationed = true
  private(set) var isAboutSelf = false
  private let limit: Int
  private let own: MemberKey

  init(limit: Int, own: MemberKey) {
    self.limit = limit - PacketHeader.size - PushHead.size
    self.own = own
  }

  var isEmpty: Bool { bytes.isEmpty }

  mutating func removeAll() {
    self = PushSections(limit: limit + PacketHeader.size + PushHead.size, own: own)
  }

  /// Adds what is owed of a member if all of it fits; else nothing.
  ///
  /// - Returns: `.complete`, `.noRoom` if it may fit in a packet of its own, or `.needsStream`.
  mutating func add(_ owed: Owed, _ record: MemberRecord, now: Instant) -> SectionOutcome {
    let isNews =
      owed.needsIdentity
      ? record.standing.incarnation == 0 : owed.replica != record.state.progress
    var owed = owed
    let start = bytes.count
    let outcome = record.write(
      &owed,
      to: &bytes,
      limit: limit,
      share: limit,
      entryLimit: limit,
      now: now
    )
    guard outcome != .complete else {
      isRationed = isRationed && !isNews
      isAboutSelf = isAboutSelf || record.key == own
      return .complete
    }
    bytes.removeLast(bytes.count - start)
    return start > 0 ? .noRoom : .needsStream
  }
}
