import GrapevineCore
import GrapevineHashing

// MARK: Sending

extension History {
  func isOpen(_ from: Int, _ to: Int) -> Bool { !isCut[from * nodes.count + to] }

  mutating func send(_ message: Message) {
    guard isOpen(message.from, message.to) else { return }
    messages.append(message)
    if messages.count > 24 { messages.remove(at: random.index(messages.count)) }
  }

  mutating func request() {
    let asking = 1 + random.index(nodes.count - 1)
    var asked = random.index(nodes.count - 1)
    if asked >= asking { asked += 1 }
    transcript?.note("\(asking) asks \(asked) at \(nodes[asking].state.progress)")
    send(
      Message(
        from: asking,
        to: asked,
        content: .request(nodes[asking].state.progress)
      )
    )
  }

  mutating func deliver(keeping isKept: Bool) throws {
    guard !messages.isEmpty else { return }
    let index = random.index(messages.count)
    let message = messages[index]
    if !isKept { messages.swapAt(index, messages.count - 1) }
    if !isKept { messages.removeLast() }
    guard isOpen(message.from, message.to) else { return }
    switch message.content {
    case .request(let replica): try answer(message.to, asking: message.from, replica)
    case .delta(let bytes): try take(bytes, at: message.to, from: message.from)
    }
  }

  /// A holder adopts the asker's compaction if it may; then it sends what fits, as plain sections.
  mutating func answer(_ node: Int, asking: Int, _ replica: Progress) throws {
    try meet(replica, at: node)
    var owed = Owed(
      key: nodes[node].key,
      replica: replica,
      needsIdentity: random.chance(1, outOf: 4),
      needsStanding: random.chance(1, outOf: 4)
    )
    let limit = 120 + random.index(200)
    let share = random.index(limit)
    for _ in 0...random.index(4) {
      var bytes: [UInt8] = []
      let outcome = nodes[node].write(
        &owed,
        to: &bytes,
        limit: limit,
        share: share,
        entryLimit: limit - 80,
        now: .zero
      )
      guard bytes.count <= limit else {
        throw HistoryFailure(description: "\(bytes.count) bytes where \(limit) are allowed")
      }
      transcript?.note("\(node) to \(asking), at \(replica): \(bytes.count) bytes, \(outcome)")
      if !bytes.isEmpty {
        send(Message(from: node, to: asking, content: .delta(bytes)))
      }
      switch outcome {
      case .complete, .noRoom: return
      case .partial: coverage.partials += 1
      case .needsStream:
        open(from: node, to: asking)
        return
      }
    }
  }

  mutating func meet(_ replica: Progress, at node: Int) throws {
    let own = nodes[node].state.progress
    guard node != 0, replica.compacted > own.compacted, own.version >= replica.compacted else {
      return
    }
    nodes[node].state.adopt(compacted: replica.compacted)
    coverage.adoptions += 1
    transcript?.note("\(node) adopts \(replica.compacted)")
    try watches[node].check(nodes[node].state, against: owner, changes: [])
  }

  /// A replica that is told so opens a stream, and says on it how far it has got.
  mutating func open(from: Int, to: Int) {
    guard streams.count < 6, isOpen(from, to), isOpen(to, from) else { return }
    let replica = nodes[to].state.progress
    streams.append(Stream(from: from, to: to, owed: Owed(key: nodes[to].key, replica: replica)))
  }

  /// Writes a further piece of a stream, or delivers its next one.
  mutating func moveStream() throws {
    guard !streams.isEmpty else { return }
    let index = random.index(streams.count)
    if !streams[index].isWritten, streams[index].pieces.isEmpty || random.chance(1, outOf: 2) {
      write(index)
    } else if streams[index].pieces.isEmpty {
      streams.remove(at: index)
    } else if isOpen(streams[index].from, streams[index].to) {
      let bytes = streams[index].pieces.removeFirst()
      var staged = streams[index].staged
      try take(bytes, at: streams[index].to, from: streams[index].from, staged: &staged)
      streams[index].staged = staged
    }
  }

  mutating func write(_ index: Int) {
    var bytes: [UInt8] = []
    let size = 1 + random.index(300)
    let node = streams[index].from
    let replica = streams[index].owed.replica
    if streams[index].snapshot == nil,
      nodes[node].state.offer(to: replica) == .snapshot
    {
      transcript?.note("\(node) takes a snapshot for \(streams[index].to) at \(replica)")
      streams[index].snapshot = SnapshotWriter(
        key: nodes[node].key,
        state: nodes[node].state,
        replica: replica
      )
    }
    if streams[index].snapshot != nil {
      streams[index].isWritten = streams[index].snapshot?.write(to: &bytes, size: size) ?? true
    } else {
      let outcome = nodes[node].write(
        &streams[index].owed,
        to: &bytes,
        limit: 100_000,
        share: size,
        entryLimit: 90_000,
        now: .zero
      )
      streams[index].isWritten = outcome != .partial
    }
    if !bytes.isEmpty { streams[index].pieces.append(bytes) }
  }

  mutating func restart() {
    let node = 1 + random.index(nodes.count - 1)
    transcript?.note("\(node) starts anew")
    nodes[node] = MemberRecord(
      id: nodes[0].id,
      endpoint: nodes[0].endpoint,
      standing: Standing(),
      verdictSince: PastInstant(.zero),
      state: VersionedState(hash: SipHash(key0: seed, key1: UInt64(node)))
    )
    watches[node] = ReplicaWatch()
    streams.removeAll { $0.from == node || $0.to == node }
  }
}

// MARK: Receiving

extension History {
  mutating func take(_ bytes: [UInt8], at node: Int, from: Int) throws {
    var staged: StagedSnapshot?
    try take(bytes, at: node, from: from, staged: &staged)
    guard staged == nil else {
      throw HistoryFailure(description: "a packet carried a piece of a snapshot")
    }
  }

  mutating func take(
    _ bytes: [UInt8],
    at node: Int,
    from: Int,
    staged: inout StagedSnapshot?
  ) throws {
    let span = bytes.span
    var reader = WireReader(0..<bytes.count)
    let section: Section
    do {
      section = try Section.read(span, &reader)
    } catch {
      throw HistoryFailure(description: "what was written can't be read: \(error)")
    }
    guard reader.isAtEnd, section.key == nodes[node].key else {
      throw HistoryFailure(description: "a section was not read as it was written")
    }
    guard let state = section.state, node != 0 else { return }
    var log = ChangeLog(isRecording: true)
    let before = nodes[node].state.progress
    let acceptance: Acceptance
    if state.isSnapshot {
      guard let result = try stage(section, state, span, at: node, &staged, &log) else { return }
      acceptance = result
    } else {
      acceptance = nodes[node].state.apply(state, span, limits: limits, log: &log)
    }
    transcript?.note("\(node) from \(from), at \(before): \(state), \(acceptance), \(log.changes)")
    coverage.count(acceptance, isSnapshot: state.isSnapshot)
    guard acceptance != .overLimit, acceptance == .accepted || nodes[node].state.progress == before
    else { throw HistoryFailure(description: "\(acceptance) at \(before)") }
    try watches[node].check(
      nodes[node].state,
      against: owner,
      changes: log.changes,
      isAtOnce: state.isSnapshot
    )
  }

  mutating func stage(
    _ section: Section,
    _ state: Section.State,
    _ bytes: Span<UInt8>,
    at node: Int,
    _ staged: inout StagedSnapshot?,
    _ log: inout ChangeLog
  ) throws -> Acceptance? {
    var snapshot = staged ?? StagedSnapshot(state)
    guard snapshot.isContinued(by: state), state.isContinued == (staged != nil),
      section.retained.map({ snapshot.retain($0, bytes) }) ?? true,
      snapshot.add(state, bytes, limits: limits)
    else { throw HistoryFailure(description: "a snapshot's piece does not go on from the last") }
    staged = snapshot
    guard state.isComplete else { return nil }
    if snapshot.retainedCount > 0 { coverage.retentions += 1 }
    let own = nodes[node].state
    let acceptance = nodes[node].state.apply(snapshot, log: &log)
    if acceptance == .refused,
      Acceptance.snapshot(snapshot.progress, own: own.progress) == .accepted
    {
      if own.horizon > snapshot.progress.version {
        coverage.retentionsLacking += 1
        return acceptance
      }
      throw HistoryFailure(
        description: "a snapshot of \(snapshot.progress) from \(snapshot.base) names what "
          + "\(node) lacks at \(own.progress)"
      )
    }
    return acceptance
  }
}
