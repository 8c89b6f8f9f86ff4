// Anti-entropy: heartbeats, digests and deltas as they come in.
extension Engine {
  /// Takes one datagram.
  package mutating func receive(_ datagram: Span<UInt8>, from source: Endpoint, now: Instant) {
    tick(now)
    told = []
    metrics.packetsIn += 1
    metrics.packetBytesIn += datagram.count
    guard !isSilent else { return }
    do throws(MalformedDatagram) {
      let header = try PacketHeader.read(datagram, label: label)
      guard header.sender != localKey else {
        metrics.drops[.fromSelf] += 1
        checkTwin(at: source)
        return
      }
      let isElsewhere = ration(source, of: header.sender, datagram.count)
      defer { packets.endRation() }
      var reader = WireReader(PacketHeader.size..<datagram.count)
      var isScheduled = false
      var agrees = false
      switch header.kind {
      case .heartbeat:
        let heartbeat = try Heartbeat.read(datagram, &reader)
        metrics.heartbeatsIn += 1
        isScheduled = heartbeat.isScheduled
        agrees = heartbeat.fingerprint == table.fingerprint
        if isElsewhere, isScheduled { tellAddress(of: header.sender, to: source) }
        take(heartbeat, from: header.sender, at: source)
      case .digest:
        try DigestRange.validate(datagram, reader)
        metrics.digestsIn += 1
        takeDigest(datagram, reader, from: header.sender, at: source)
      case .delta:
        try Delta.validate(datagram, reader)
        metrics.deltasIn += 1
        takeDelta(datagram, reader, from: header.sender, at: source)
      case .push:
        let head = try PushHead.read(datagram, &reader)
        try PushHead.validate(datagram, reader)
        takePush(head, datagram, reader, from: header.sender, at: source)
      case .ping:
        takePing(try Ping.read(datagram, &reader), at: source)
      case .pingRequest:
        takePingRequest(
          try PingRequest.read(datagram, &reader),
          from: header.sender,
          at: source
        )
      case .ack:
        takeAck(try Ping.read(datagram, &reader), datagram, from: header.sender, at: source)
      case .request:
        let (sequence, request) = try Inquiry.readRequest(datagram, &reader)
        switch request {
        case .version: takeRequest(sequence, from: header.sender, at: source)
        case .lock(let lock): takeLockRequest(lock, sequence, from: header.sender, at: source)
        }
      case .reply:
        let (sequence, reply) = try Inquiry.readReply(datagram, &reader)
        switch reply {
        case .version(let version): takeReply(sequence, version, from: header.sender)
        case .lock(let lock): takeLockReply(lock, sequence, from: header.sender)
        }
      }
      noteHeard(header.sender, isScheduled: isScheduled, agrees: agrees)
    } catch {
      metrics.drops[error.reason] += 1
    }
  }

  /// Bounds what goes back to an address that is not the one of the member who claims to speak, and
  /// says whether it is such a one.
  ///
  /// It may be that of someone who asked for nothing.
  private mutating func ration(
    _ source: Endpoint,
    of sender: MemberKey,
    _ size: Int
  ) -> Bool {
    if let slot = table.slot(of: sender), table.endpoint(inSlot: slot) == source { return false }
    packets.ration(
      source,
      to: max(Self.strangerFactor * size, configuration.maximumPacketSize)
    )
    return true
  }

  /// Now and then tells who sends from another address than its member's what that is: if it is not
  /// the sender's own, there are two by one identity, which never hear each other.
  private mutating func tellAddress(of sender: MemberKey, to source: Endpoint) {
    guard let slot = table.slot(of: sender), table.isLive(slot), random.chance(1, outOf: 16) else {
      return
    }
    ping(slot, takeSequence(), claim: table[slot].claim(now: clock), at: source)
  }

  /// A packet from an address that is no member's is answered with at most so many times its bytes,
  /// or a single packet if that is more.
  ///
  /// Eight: a digest of all members is answered with all that its sender lacks, as among members,
  /// and a packet with a forged address is worth no more than what a name server gives for it.
  static var strangerFactor: Int { 8 }

  private mutating func take(
    _ heartbeat: Heartbeat,
    from peer: MemberKey,
    at source: Endpoint
  ) {
    guard heartbeat.fingerprint != table.fingerprint else {
      if exchanges.find(peer) != nil {
        exchanges.update(peer) { $0.noteAgreement() }
      }
      return
    }
    // Where much is said at once, the next scheduled one is soon enough.
    guard heartbeat.isScheduled || !isFlooded else { return }
    let isStuck = exchanges.update(peer) { exchange in
      exchange.unanswered += 1
      return exchange.isStuck
    }
    if isStuck { requestSync(with: peer, at: source, isFallback: true) }
    sendDigest(to: source)
  }

  /// Notes which version of this node's state a peer has, if it said so.
  mutating func noteConfirmed(_ version: Version?, by peer: MemberKey) {
    guard let version, let slot = table.slot(of: peer) else { return }
    table.noteConfirmed(slot, version)
  }

  /// Tells all that this node holds: every member if they fit in a packet, else sums over parts.
  mutating func sendDigest(to target: Endpoint) {
    sendDigest(to: target) { table, bytes, limit in
      _ = table.appendAnswer(
        from: .lowest,
        through: .highest,
        to: &bytes,
        limit: limit
      )
    }
  }

  private mutating func sendDigest(
    to target: Endpoint,
    _ body: (MemberTable, inout [UInt8], Int) -> Void
  ) {
    let coarse = quirks.act(at: .coarseDigest) ? 256 : Int.max
    let size = min(configuration.maximumPacketSize, coarse, packets.room(to: target))
    guard size >= PacketHeader.size + DigestRange.sizeMaximum + DigestEntry.sizeMaximum else {
      return
    }
    metrics.digestsOut += 1
    let header = PacketHeader(kind: .digest, label: label, sender: localKey)
    let known = table
    packets.append(to: target) { bytes in
      let limit = bytes.count + size
      header.write(to: &bytes)
      body(known, &bytes, limit)
    }
  }

  // MARK: Digests

  private mutating func takeDigest(
    _ bytes: Span<UInt8>,
    _ start: WireReader,
    from peer: MemberKey,
    at source: Endpoint
  ) {
    guard !quirks.act(at: .muteDigest) else { return }
    // More than fit in the answer need not be listed, however many there are.
    let size = min(configuration.burst * configuration.maximumPacketSize, packets.room(to: source))
    var answer = DigestAnswer(strangerLimit: size / Section.wholeSizeMinimum)
    compare(bytes, start, &answer)
    noteConfirmed(answer.confirmed, by: peer)
    // One packet of the burst is for the digest that goes back, one for news of the dead, and one
    // for a life that may go on although a later one of its name took its place here. Where the
    // burst is too small for all, the dead go first: of each it is told once a second at most.
    let overtaken = answer.buried.filter { graves.find($0)?.isReplaced == true }
    let reserved = (answer.buried.isEmpty ? 0 : 1) + (overtaken.isEmpty ? 0 : 1)
    let room = max(0, configuration.burst - reserved)
    let hasSent =
      room > 0
      && sendDeltas(
        answer,
        to: source,
        count: max(1, room - 1),
        keeping: answer.sizeEstimate
      )
    let pings = !overtaken.isEmpty && (configuration.burst > 1 || random.chance(1, outOf: 2))
    if !answer.buried.isEmpty, configuration.burst > 1 || !pings {
      sendBuried(answer.buried, to: source)
    }
    if pings { pingBuried(overtaken[random.index(overtaken.count)], by: peer, at: source) }
    let asksForMore = !answer.wanted.isEmpty
    let isStuck = exchanges.update(peer) { exchange in
      exchange.unanswered = 0
      exchange.fruitless += asksForMore ? 1 : 0
      return exchange.isStuck
    }
    if isStuck { requestSync(with: peer, at: source, isFallback: true) }
    guard !answer.isEmpty, room > (hasSent ? 1 : 0) else { return }
    sendDigest(to: source) { table, bytes, limit in
      answer.write(to: &bytes, limit: limit, table)
    }
  }

  /// Compares a digest, whose format has been checked, with what is known here.
  mutating func compare(
    _ bytes: Span<UInt8>,
    _ start: WireReader,
    _ answer: inout DigestAnswer
  ) {
    var reader = start
    while !reader.isAtEnd {
      guard let range = try? DigestRange.read(bytes, &reader) else { return }
      switch range.body {
      case .fingerprint(let sum, let count):
        let positions = table.positions(from: range.lower, through: range.upper)
        if sum != table.fingerprint(of: positions) || count != positions.count {
          answer.ranges.append((range.lower, range.upper))
        } else if range.lower <= localKey, localKey <= range.upper {
          answer.confirmed = table[localSlot].state.version
        }
      case .entries(let count):
        compareEntries(range, count, bytes, &reader, &answer)
      case .wanted(let count):
        for _ in 0..<count {
          guard let entry = try? DigestEntry.read(bytes, &reader) else { return }
          noteWanted(entry, &answer)
        }
      }
    }
  }

  private mutating func compareEntries(
    _ range: DigestRange,
    _ count: Int,
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader,
    _ answer: inout DigestAnswer
  ) {
    let positions = table.positions(from: range.lower, through: range.upper)
    var next = positions.lowerBound
    for _ in 0..<count {
      guard let theirs = try? DigestEntry.read(bytes, &reader) else { return }
      let position = table.position(atOrAbove: theirs.key)
      answer.owe(next..<position, of: table)
      next = position
      if next < positions.upperBound, table.key(at: next) == theirs.key {
        compare(theirs, table.slot(at: next), &answer)
        next += 1
      } else {
        noteUnknown(theirs, &answer)
      }
    }
    answer.owe(next..<positions.upperBound, of: table)
  }

  private mutating func compare(
    _ theirs: DigestEntry,
    _ slot: Int,
    _ answer: inout DigestAnswer
  ) {
    adoptCompaction(theirs.progress.compacted, slot)
    table.noteAnnounced(slot, theirs.progress.version)
    if theirs.key == localKey { noteReplica(theirs.progress, &answer) }
    let own = table[slot].digestEntry
    guard own != theirs else { return }
    let differsInStanding = own.standingHash != theirs.standingHash
    if differsInStanding || own.progress.isAhead(of: theirs.progress) {
      answer.owed.append(
        Owed(key: own.key, replica: theirs.progress, needsStanding: differsInStanding)
      )
    }
    if differsInStanding || theirs.progress.isAhead(of: own.progress) {
      answer.wanted.append(own)
    }
  }

  /// Notes how much a peer says that it holds of this node's state.
  ///
  /// Where that is a bound above this node's own it is asked for all that it holds: it would refuse
  /// what this node writes, and what it says then lets this node begin a later life.
  private func noteReplica(_ progress: Progress, _ answer: inout DigestAnswer) {
    answer.confirmed = progress.version
    guard progress.compacted > table[localSlot].state.compacted else { return }
    answer.wanted.append(DigestEntry(key: localKey, progress: .none, standingHash: 0))
  }

  /// Takes over a member's compaction from someone who has heard of it, where that is safe.
  private mutating func adoptCompaction(_ compacted: Version, _ slot: Int) {
    let known = table[slot].state.progress
    guard compacted > known.compacted, known.version >= compacted,
      table.key(inSlot: slot) != localKey
    else { return }
    table.update(slot) { $0.state.adopt(compacted: compacted) }
  }

  /// Notes what a peer asks for.
  mutating func noteWanted(_ entry: DigestEntry, _ answer: inout DigestAnswer) {
    guard let slot = table.slot(of: entry.key) else { return }
    if entry.key == localKey { noteReplica(entry.progress, &answer) }
    adoptCompaction(entry.progress.compacted, slot)
    let own = table[slot].digestEntry
    let isUnknown = entry.progress == .none && entry.standingHash == 0
    let owed = Owed(
      key: entry.key,
      replica: entry.progress,
      needsIdentity: isUnknown,
      needsStanding: own.standingHash != entry.standingHash
    )
    if owed.needsIdentity || owed.needsStanding || own.progress.isAhead(of: entry.progress) {
      answer.owed.append(owed)
    }
  }

  /// Asks for a member that is not known here, unless it is dead and buried.
  ///
  /// Where no more members may be held it asks now and then only, as one may be another life of a
  /// member that is known.
  ///
  /// Who holds a buried one with another standing is told the buried one, once a second at most;
  /// theirs is asked for, too, as it may be a later incarnation.
  private mutating func noteUnknown(_ entry: DigestEntry, _ answer: inout DigestAnswer) {
    if let grave = graves.find(entry.key) {
      guard grave.standing.shortHash != entry.standingHash else { return }
      // Of a later life that is known here the peer hears anyhow.
      let isTold = grave.isReplaced && table.key(named: grave.id.name) != nil
      if !isTold, graves.mayTell(entry.key, now: clock) { answer.buried.append(entry.key) }
      guard !grave.isReplaced else { return }
    }
    guard table.count < configuration.memberLimit || random.chance(1, outOf: 8) else { return }
    answer.wanted.append(DigestEntry(key: entry.key, progress: .none, standingHash: 0))
  }

  // MARK: Deltas

  private mutating func takeDelta(
    _ bytes: Span<UInt8>,
    _ start: WireReader,
    from peer: MemberKey,
    at source: Endpoint
  ) {
    var reader = start
    guard let byte = try? reader.byte(bytes) else { return }
    let flags = Delta.Flags(rawValue: byte)
    var hasProgress = false
    var behind: [MemberKey] = []
    var buried: [MemberKey] = []
    // While members come, whom they joined tells the others.
    let wasCalm = table.count <= countAtRound
    while !reader.isAtEnd {
      guard let section = try? Section.reread(bytes, &reader) else { break }
      let isNews = section.key == peer && !table.contains(peer)
      let outcome = apply(section, bytes, by: .exchange)
      if isNews, wasCalm, table.contains(peer) { pushNewcomer(peer) }
      hasProgress = hasProgress || outcome.hasProgress
      if outcome.isBehind { behind.append(section.key) }
      if outcome.isBuried, graves.mayTell(section.key, now: clock) { buried.append(section.key) }
    }
    if !buried.isEmpty { tellOfBuried(&buried, to: source, of: peer) }
    guard !isSilent else { return }
    let isSpent = !buried.isEmpty && configuration.burst == 1
    let wanted = exchanges.update(peer) { exchange -> [MemberKey] in
      exchange.unanswered = 0
      exchange.hasProgress = exchange.hasProgress || hasProgress
      for key in behind where !exchange.behind.contains(key) {
        if exchange.behind.count < Exchange.behindLimit { exchange.behind.append(key) }
      }
      guard flags.contains(.final) else { return [] }
      defer {
        exchange.behind = []
        exchange.hasProgress = false
      }
      guard exchange.hasProgress else { return [] }
      exchange.fruitless = 0
      return exchange.behind
    }
    if hasProgress { noteNews() }
    guard flags.contains(.final) else { return }
    if flags.contains(.stream) {
      requestSync(with: peer, at: source, isFallback: false)
    } else if hasProgress, flags.contains(.more), !isSpent {
      sendDigest(to: source)
    } else if !wanted.isEmpty, !isSpent {
      pull(wanted, from: source)
    }
  }

  /// Tells who holds buried members for live that they are dead, and asks some of them: one that
  /// lives refutes it, and joins anew.
  private mutating func tellOfBuried(
    _ keys: inout [MemberKey],
    to source: Endpoint,
    of peer: MemberKey
  ) {
    random.shuffle(&keys)
    guard configuration.burst > 2 || random.chance(1, outOf: 2) else {
      // There is room for one packet, as the last is for what is asked of the peer.
      return pingBuried(keys[0], by: peer, at: source)
    }
    sendBuried(keys, to: source)
    for key in keys.prefix(max(0, configuration.burst - 2)) {
      pingBuried(key, by: peer, at: source)
    }
  }

  /// Asks a peer at once for members of which it has more.
  mutating func pull(_ keys: [MemberKey], from source: Endpoint) {
    metrics.pullsOut += 1
    var answer = DigestAnswer()
    for key in keys.sorted() {
      if let slot = table.slot(of: key) {
        answer.wanted.append(table[slot].digestEntry)
      } else {
        answer.wanted.append(DigestEntry(key: key, progress: .none, standingHash: 0))
      }
    }
    sendDigest(to: source) { table, bytes, limit in
      answer.write(to: &bytes, limit: limit, table)
    }
  }
}
