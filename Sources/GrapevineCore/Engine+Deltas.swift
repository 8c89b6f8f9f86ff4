// Deltas as they go out.
extension Engine {
  /// Sends what is owed by `answer` in at most `count` packets, fairly filled; says whether any was
  /// sent.
  ///
  /// Of what a stranger may be sent, `reserve` bytes, at most half, are kept for the digest that
  /// goes back.
  mutating func sendDeltas(
    _ answer: DigestAnswer,
    to target: Endpoint,
    count: Int,
    keeping reserve: Int
  ) -> Bool {
    guard !answer.owed.isEmpty else { return false }
    var rest = inOrderOfNeed(answer.owed)
    let room = packets.room(to: target)
    let share = room - min(reserve, room / 2)
    let size = max(1, min(configuration.maximumPacketSize, share))
    let count = min(quirks.act(at: .singlePacket) ? 1 : count, share / size)
    var flags: Delta.Flags = isForStream(answer) || quirks.act(at: .eagerStream) ? .stream : []
    var flagsOffset: Int?
    for packet in 0..<count {
      // Who has no room for more members is to hear of those that it knows all the same.
      if packet > 0, packet == count - 1 {
        rest = rest.filter(\.isOfKnown) + rest.filter { !$0.isOfKnown }
      }
      guard let filled = sendDelta(&rest, to: target, size: size) else {
        // Nothing at all fitted: what is left is too large for a packet.
        if !rest.isEmpty { flags.insert(.stream) }
        break
      }
      flagsOffset = filled.flagsOffset
      if filled.needsStream { flags.insert(.stream) }
      if rest.isEmpty || (packet == 0 && flags.contains(.stream)) { break }
    }
    if flagsOffset == nil, flags.contains(.stream) {
      flagsOffset = appendDelta(to: target) { _, _ in }
    }
    guard let flagsOffset else { return false }
    flags.insert(.final)
    if !rest.isEmpty || answer.omittedCount > 0 { flags.insert(.more) }
    packets.setBits(flags.rawValue, at: flagsOffset)
    return true
  }

  /// News of who is there comes first, then members in rotation, so that none starves.
  private mutating func inOrderOfNeed(_ owed: [Owed]) -> [Owed] {
    let urgent = owed.filter { $0.needsIdentity || $0.needsStanding }
    if quirks.act(at: .jumpyRotation) { rotation = MemberKey(rawValue: quirks.number()) }
    let others = owed.filter { !$0.needsIdentity && !$0.needsStanding }.sorted { $0.key < $1.key }
    let start = others.firstIndex { $0.key > rotation } ?? 0
    if let last = others.last, start < others.count {
      rotation = start == 0 ? others[0].key : others[start].key
      if rotation >= last.key { rotation = .lowest }
    }
    return urgent + others[start...] + others[..<start]
  }

  /// Says whether more is owed than packets should carry.
  ///
  /// Members that the peer does not know and that are not listed are taken to be as large as those
  /// that are, which is a guess: if it is wrong, packets or a stream bring the rest, later.
  private func isForStream(_ answer: DigestAnswer) -> Bool {
    // By itself: a closure that asks for it takes a copy of the whole engine.
    let limit = configuration.streamThreshold
    var size = 0
    var strangerSize = 0
    var strangerCount = 0
    for item in answer.owed {
      guard let slot = table.slot(of: item.key) else { continue }
      let state = table[slot].state
      switch state.offer(to: item.replica) {
      case .nothing: continue
      case .snapshot: return true
      case .plain: break
      }
      let before = size
      state.forEach(after: item.replica.version) { entry in
        size += entry.size + 6
        return size <= limit
      }
      guard size <= limit else { return true }
      guard item.needsIdentity else { continue }
      strangerCount += 1
      strangerSize += size - before
    }
    return size + strangerSize * answer.omittedCount / max(strangerCount, 1) > limit
  }

  /// How many in a row that do not fit end a packet.
  private static var missLimit: Int { 8 }

  private struct Filled {
    var flagsOffset: Int
    var needsStream: Bool
  }

  /// Sends one packet of what is owed, and leaves in `owed` what did not fit; nil if nothing did.
  private mutating func sendDelta(
    _ owed: inout [Owed],
    to target: Endpoint,
    size: Int
  ) -> Filled? {
    var rest: [Owed] = []
    var isEmpty = true
    var needsStream = false
    var sentCount = 0
    var missCount = 0
    let entrySizeLimit =
      configuration.maximumPacketSize - PacketHeader.size - 1 - Section.overhead
      - Section.stateOverhead
    let known = table
    let now = clock
    let items = owed
    let isShort = quirks.act(at: .shortShares)
    let flagsOffset = appendDelta(to: target, size: size) { bytes, limit in
      for (index, item) in items.enumerated() {
        guard limit - bytes.count > Section.overhead, missCount < Self.missLimit else {
          rest += items[index...]
          return
        }
        guard let slot = known.slot(of: item.key) else { continue }
        var item = item
        let share = isShort ? 64 : max(64, (limit - bytes.count) / (items.count - index))
        let size = bytes.count
        let outcome = known[slot].write(
          &item,
          to: &bytes,
          limit: limit,
          share: share,
          entryLimit: entrySizeLimit,
          now: now
        )
        isEmpty = isEmpty && bytes.count == size
        missCount = outcome == .noRoom ? missCount + 1 : 0
        sentCount += item.sentCount
        item.sentCount = 0
        switch outcome {
        case .complete: break
        case .partial, .noRoom: rest.append(item)
        case .needsStream: needsStream = true
        }
      }
    }
    owed = rest
    metrics.entriesOut += sentCount
    guard let flagsOffset else { return nil }
    if isEmpty, !needsStream {
      packets.removeLast()
      metrics.deltasOut -= 1
      return nil
    }
    return Filled(flagsOffset: flagsOffset, needsStream: needsStream)
  }

  /// Tells with what standings members were buried here.
  mutating func sendBuried(_ keys: [MemberKey], to target: Endpoint) {
    let known = graves
    let now = clock
    let flagsOffset = appendDelta(to: target) { bytes, limit in
      for key in keys {
        let start = bytes.count
        known.write(key, to: &bytes, now: now)
        guard bytes.count <= limit else {
          bytes.removeLast(bytes.count - start)
          return
        }
      }
    }
    if let flagsOffset { packets.setBits(Delta.Flags.final.rawValue, at: flagsOffset) }
  }

  /// Queues a delta packet whose sections `body` writes; returns where its flags lie.
  private mutating func appendDelta(
    to target: Endpoint,
    size: Int = .max,
    _ body: (inout [UInt8], Int) -> Void
  ) -> Int? {
    let size = min(size, configuration.maximumPacketSize, packets.room(to: target))
    guard size > PacketHeader.size else { return nil }
    metrics.deltasOut += 1
    let header = PacketHeader(kind: .delta, label: label, sender: localKey)
    let start = packets.append(to: target) { bytes in
      let limit = bytes.count + (PlantedFault.overfillPackets.isPlanted ? size + 8 : size)
      header.write(to: &bytes)
      bytes.append(0)
      body(&bytes, limit)
    }
    return start.map { $0 + PacketHeader.size }
  }
}
