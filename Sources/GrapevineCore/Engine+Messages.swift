// What is said on streams after the greeting.
extension Engine {
  mutating func take(
    _ kind: FrameKind,
    _ payload: [UInt8],
    _ index: Int
  ) throws(MalformedDatagram) {
    let bytes = payload.span
    let reader = WireReader(0..<payload.count)
    let session = streams[index]
    guard !session.hasReceivedDone else { throw .malformed }
    switch (kind, session.phase) {
    case (.hello, .greeting) where session.peerID == nil:
      try takeHello(bytes, reader, index)
    case (.refusal, .greeting) where session.direction == .outbound:
      try takeRefusal(bytes, reader, session)
    case (.leaveAcknowledged, .greeting)
    where session.direction == .outbound && session.purpose == .leave:
      if let id = leaving?.asked.first(where: { MemberKey($0) == session.peer }) {
        leaving?.acknowledged.append(id)
      }
      drop(session.id, aborting: false)
      finishPurpose(of: session, isAlive: true)
    case (.digest, .exchanging):
      try takeDigest(bytes, reader, index)
    case (.delta, .exchanging):
      try takeSections(bytes, reader, index)
    case (.done, .exchanging) where payload.isEmpty:
      streams[index].hasReceivedDone = true
      if session.hasProgress, session.direction == .inbound { noteNews() }
    default:
      throw .malformed
    }
  }

  mutating func beginExchange(_ index: Int) {
    streams[index].phase = .exchanging
    streams[index].assembler.messageLimit = streams[index].messageLimit
    streams[index].digestFrom = .lowest
    streams[index].progressAt = clock
    // Who joins alone learns of all others by the peer, who tells them of it.
    streams[index].isPeerNews = streams[index].direction == .inbound || table.liveCount > 1
  }

  /// Takes a piece of the peer's digest, which must go on where the last one ended.
  private mutating func takeDigest(
    _ bytes: Span<UInt8>,
    _ start: WireReader,
    _ index: Int
  ) throws(MalformedDatagram) {
    try DigestRange.validate(bytes, start)
    var reader = start
    let range = try DigestRange.read(bytes, &reader)
    guard case .entries(let count) = range.body, range.lower == streams[index].expectedFrom else {
      throw .malformed
    }
    for _ in 0..<count { _ = try DigestEntry.read(bytes, &reader) }
    guard reader.isAtEnd else { throw .malformed }
    var answer = DigestAnswer()
    compare(bytes, start, &answer)
    if let peer = streams[index].peer { noteConfirmed(answer.confirmed, by: peer) }
    streams[index].owed += answer.owed
    if !answer.buried.isEmpty { sayBuried(answer.buried, index) }
    streams[index].expectedFrom =
      range.upper < .highest ? MemberKey(rawValue: range.upper.rawValue + 1) : nil
  }

  private mutating func takeSections(
    _ bytes: Span<UInt8>,
    _ start: WireReader,
    _ index: Int
  ) throws(MalformedDatagram) {
    var reader = start
    while !reader.isAtEnd { _ = try Section.read(bytes, &reader) }
    reader = start
    metrics.deltasIn += 1
    let id = streams[index].id
    while !reader.isAtEnd {
      let section = try Section.reread(bytes, &reader)
      let isNewcomer =
        !table.contains(section.key)
        && self.index(of: id).map {
          streams[$0].peer == section.key && streams[$0].isPeerNews
        } == true
      var isNew = apply(section, bytes, by: .exchange).hasProgress
      if isNewcomer, table.contains(section.key) { pushNewcomer(section.key) }
      if section.state?.isSnapshot == true {
        isNew = try stage(section, bytes, id) || isNew
      }
      guard isNew, let index = self.index(of: id) else { continue }
      streams[index].hasProgress = true
      streams[index].progressAt = clock
    }
  }

  /// Adds a piece to the snapshot that is on its way; applies it when it is whole.
  private mutating func stage(
    _ section: Section,
    _ bytes: Span<UInt8>,
    _ id: StreamID
  ) throws(MalformedDatagram) -> Bool {
    guard let index = index(of: id), let state = section.state else { return false }
    guard state.isContinued || streams[index].beginSnapshot(of: section.key) else {
      throw .malformed
    }
    guard section.key != localKey, let slot = table.slot(of: section.key) else { return true }
    var snapshot = StagedSnapshot(state)
    if state.isContinued {
      // Of one whose beginning was not taken the rest is of no use: the member was not known then.
      guard let staged = streams[index].staged, staged.key == section.key,
        staged.snapshot.isContinued(by: state)
      else {
        streams[index].staged = nil
        return false
      }
      snapshot = staged.snapshot
    }
    streams[index].staged = nil
    if let runs = section.retained {
      guard snapshot.retain(runs, bytes),
        snapshot.retainedCount <= UInt64(limits.entryCount)
      else { throw .malformed }
    }
    guard snapshot.add(state, bytes, limits: limits) else { throw .malformed }
    let others = streams.reduce(0) { $0 + ($1.staged?.snapshot.footprint ?? 0) }
    guard hasRoom(for: others + snapshot.footprint, slot) else { return false }
    guard state.isComplete else {
      streams[index].staged = (section.key, snapshot)
      return true
    }
    return apply(snapshot, to: section.key)
  }

  /// Puts the next message together; false if there is nothing to say.
  mutating func prepareMessage(_ index: Int) -> Bool {
    guard streams[index].phase == .exchanging, !streams[index].hasSentDone else { return false }
    if let from = streams[index].digestFrom {
      streams[index].digestFrom = sayDigest(from: from, index)
      return true
    }
    guard !isHeldBack(index) else { return false }
    if let payload = nextSections(index) {
      metrics.deltasOut += 1
      streams[index].say(.delta, payload)
      return true
    }
    guard streams[index].hasSaidAll else { return false }
    streams[index].say(.done)
    streams[index].hasSentDone = true
    return true
  }

  /// Says whether a stream is to wait before it puts more together, since so much waits to be sent
  /// already that peers who do not read could fill the memory.
  private mutating func isHeldBack(_ index: Int) -> Bool {
    let unsent = streams.reduce(0) { $0 + $1.unsentSize }
    streams[index].isHeldBack = unsent >= configuration.streamMemoryLimit
    return streams[index].isHeldBack
  }

  /// Says how far this node has got with some thousand members; returns where to go on.
  private mutating func sayDigest(from lower: MemberKey, _ index: Int) -> MemberKey? {
    let all = table.positions(from: lower, through: .highest)
    let part = all.prefix(1_500)
    let isLast = part.count == all.count
    let upper = isLast ? MemberKey.highest : table.key(at: part.upperBound - 1)
    var payload: [UInt8] = []
    DigestRange(lower: lower, upper: upper, body: .entries(count: part.count))
      .write(to: &payload)
    table.forEachSlot(at: part) { slot in
      table[slot].digestEntry.write(to: &payload)
      return true
    }
    streams[index].say(.digest, payload)
    return isLast ? nil : MemberKey(rawValue: upper.rawValue + 1)
  }

  /// The next sections that the peer lacks, about a frame of them; nil when there are none for now.
  private mutating func nextSections(_ index: Int) -> [UInt8]? {
    let limit = FrameKind.payloadLimit
    var payload: [UInt8] = []
    payload.reserveCapacity(limit)
    while payload.count + 4_096 <= limit {
      if var snapshot = streams[index].snapshot {
        let isDone = snapshot.write(to: &payload, size: limit - payload.count - 1_024)
        streams[index].snapshot = isDone ? nil : snapshot
        if isDone { streams[index].owed[streams[index].owedIndex].replica = snapshot.progress }
        continue
      }
      guard streams[index].owedIndex < streams[index].owed.count,
        writeOwed(index, to: &payload, limit: limit)
      else { break }
    }
    return payload.isEmpty ? nil : payload
  }

  /// Writes the first of what is owed; false if it must wait for a message of its own.
  private mutating func writeOwed(
    _ index: Int,
    to payload: inout [UInt8],
    limit: Int
  ) -> Bool {
    let position = streams[index].owedIndex
    var item = streams[index].owed[position]
    guard let slot = table.slot(of: item.key) else {
      streams[index].owedIndex += 1
      compactOwed(index)
      return true
    }
    if mayBeSnapshot(item, slot), quirks.act(at: .eagerSnapshot) {
      streams[index].snapshot = SnapshotWriter(
        key: item.key,
        state: table[slot].state,
        replica: item.replica
      )
      return true
    }
    var outcome = table[slot].write(
      &item,
      to: &payload,
      limit: limit,
      share: limit,
      entryLimit: .max,
      now: clock
    )
    let isStopped = outcome == .noRoom || (outcome == .partial && item.sentCount == 0)
    if isStopped, payload.count < 4_096 {
      // The next entry alone is larger than a frame: it goes in several.
      outcome = table[slot].write(
        &item,
        to: &payload,
        limit: .max,
        share: 0,
        entryLimit: .max,
        now: clock
      )
    }
    metrics.entriesOut += item.sentCount
    item.sentCount = 0
    if outcome == .needsStream {
      streams[index].snapshot = SnapshotWriter(
        key: item.key,
        state: table[slot].state,
        replica: item.replica
      )
    } else if outcome == .complete {
      streams[index].owedIndex += 1
      compactOwed(index)
    }
    if outcome != .complete { streams[index].owed[position] = item }
    return !isStopped
  }

  /// Says whether a replica that would take the missing entries would also take a snapshot.
  private func mayBeSnapshot(_ item: Owed, _ slot: Int) -> Bool {
    let state = table[slot].state
    return !item.needsIdentity && !item.needsStanding && state.isWhole
      && state.progress.isAhead(of: item.replica) && state.offer(to: item.replica) == .plain
      && state.version >= state.compacted && state.compacted >= item.replica.compacted
  }

  /// Tells with what standings members were buried here.
  private mutating func sayBuried(_ keys: [MemberKey], _ index: Int) {
    var payload: [UInt8] = []
    for key in keys.prefix(500) { graves.write(key, to: &payload, now: clock) }
    streams[index].say(.delta, payload)
  }

  private mutating func compactOwed(_ index: Int) {
    guard streams[index].owedIndex == streams[index].owed.count else { return }
    streams[index].owed = []
    streams[index].owedIndex = 0
  }

  /// Ends an outbound exchange in which both sides have said all.
  mutating func finishSyncIfDone(_ id: StreamID) {
    guard let index = index(of: id), streams[index].direction == .outbound,
      streams[index].hasReceivedDone, streams[index].hasSentDone
    else { return }
    let session = streams[index]
    drop(id, aborting: false)
    if session.hasProgress { noteNews() }
    if session.hasProgress, let peer = session.peer {
      exchanges.update(peer) { $0.streamPause = 0 }
    }
    guard let ticket = session.ticket, let peer = session.peerID else { return }
    finishJoin(ticket, .joined(peer))
  }
}
