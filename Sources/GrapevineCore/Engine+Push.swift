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
  mutating func pushStanding(of key: MemberKey) {
    pending.add(standing: key)
    schedulePush()
  }

  /// Lets the others know a member that came to this node first.
  mutating func pushNewcomer(_ key: MemberKey) {
    pending.add(newcomer: key)
    schedulePush()
  }

  /// The first news goes out at once; what comes within the pause after it goes together.
  private mutating func schedulePush() {
    guard !isSilent else { return }
    guard configuration.push == .tree, table.liveCount > 1 else {
      pending = PendingPush()
      noteNews(within: 10)
      return
    }
    guard clock < pushAllowedAt else {
      flushPush()
      return
    }
    pending.dueAt = pushAllowedAt
  }

  // MARK: Going out

  mutating func flushPush() {
    guard !isSilent else { return }
    let news = pending
    pending = PendingPush()
    guard !news.isEmpty else { return }
    pushAllowedAt = clock + configuration.pushPause
    let isLeftOver = sendPushes(news)
    noteNews(within: isLeftOver ? 10 : nil)
  }

  /// Pushes what fits in packets and in the budget; says whether something was left to heartbeats.
  private mutating func sendPushes(_ news: PendingPush) -> Bool {
    var sections = PushSections(limit: configuration.maximumPacketSize)
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
        guard begin(sections.takeAll()) else { return true }
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
    return !begin(sections.takeAll()) || isLeftOver
  }

  /// Begins a push of some sections along as many trees as are wanted; false if the budget is used.
  private mutating func begin(_ sections: [UInt8]) -> Bool {
    guard pushCount < configuration.pushLimit else { return false }
    pushCount += 1
    metrics.pushesOut += 1
    var avoided: [Int] = []
    for _ in 0..<redundancy {
      let branches = TreePush.branches(
        of: Arc(around: localKey),
        own: localKey,
        fanout: configuration.pushFanout,
        avoiding: avoided,
        in: table,
        random: &random
      )
      for branch in branches {
        sendPush(to: branch, hops: 1) { $0.append(contentsOf: sections) }
        avoided.append(branch.slot)
      }
    }
    return true
  }

  /// How many trees a push takes: one more where one packet in twenty is seen to be lost.
  private var redundancy: Int {
    var missed = 0
    var seen = 0
    for observation in observations {
      missed += observation.window.missedCount
      seen += observation.window.count
    }
    let isLossy = seen >= 16 && missed * 20 > missed + seen
    return configuration.pushRedundancy + (isLossy ? 1 : 0)
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
    // Who is known of nobody here must not make this node send to many.
    if table.contains(peer) { forward(head, bytes, start) }
    var reader = start
    var hasProgress = false
    var behind: [MemberKey] = []
    while !reader.isAtEnd {
      guard let section = try? Section.read(bytes, &reader) else { break }
      let outcome = apply(section, bytes, by: .push)
      hasProgress = hasProgress || outcome.hasProgress
      let end = section.state?.end ?? 0
      if outcome.isBehind, pulls.mayPull(section.key, end: end, now: clock) {
        behind.append(section.key)
      }
    }
    if hasProgress {
      metrics.pushesNew += 1
      metrics.pushHopsLast = Int(head.hops)
      noteNews()
    }
    if !behind.isEmpty { pull(behind, from: source) }
  }

  private mutating func forward(_ head: PushHead, _ bytes: Span<UInt8>, _ start: WireReader) {
    guard configuration.push == .tree, Int(head.hops) < configuration.pushHopLimit else { return }
    let branches = TreePush.branches(
      of: head.arc,
      own: localKey,
      fanout: configuration.pushFanout,
      in: table,
      random: &random
    )
    for branch in branches {
      sendPush(to: branch, hops: head.hops + 1) { output in
        for index in start.offset..<start.end { output.append(bytes[index]) }
      }
    }
  }
}

/// The sections of a push as they are put together, bounded by the size of a packet.
struct PushSections: Sendable {
  private var bytes: [UInt8] = []
  private let limit: Int

  init(limit: Int) {
    self.limit = limit - PacketHeader.size - PushHead.size
  }

  var isEmpty: Bool { bytes.isEmpty }

  mutating func takeAll() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  /// Adds what is owed of a member if all of it fits; else nothing.
  ///
  /// - Returns: `.complete`, `.noRoom` if it may fit in a packet of its own, or `.needsStream`.
  mutating func add(_ owed: Owed, _ record: MemberRecord, now: Instant) -> SectionOutcome {
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
    guard outcome != .complete else { return .complete }
    bytes.removeLast(bytes.count - start)
    return start > 0 ? .noRoom : .needsStream
  }
}
