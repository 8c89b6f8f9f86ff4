// Who holds which version of the own state: asked of each live member.
extension Engine {
  /// Finds out when every live member holds `version` of the own state, or gives up at `deadline`;
  /// `spreadFinished` follows.
  package mutating func spread(
    upTo version: Version,
    deadline: Instant,
    now: Instant
  ) -> SpreadTicket {
    tick(now)
    let ticket = SpreadTicket(rawValue: nextTicketNumber)
    nextTicketNumber += 1
    var waiting: [MemberKey] = []
    for position in 0..<table.count where table.isLive(table.slot(at: position)) {
      let key = table.key(at: position)
      if key != localKey { waiting.append(key) }
    }
    let isOver = isSilent || waiting.isEmpty || spreads.count >= configuration.spreadLimit
    guard !isOver else {
      events.append(.spreadFinished(ticket, missing: identities(of: waiting)))
      return ticket
    }
    spreads.append(
      Spread(
        ticket: ticket,
        version: version,
        deadline: deadline,
        waiting: waiting,
        sequence: takeSequence(),
        // What was just set is on its way.
        dueAt: min(clock.advanced(by: Spread.firstPause), deadline)
      )
    )
    return ticket
  }

  /// Says whether as many requests wait as may.
  package var isSpreadRefused: Bool { spreads.count >= configuration.spreadLimit }

  /// Gives up a request; no event follows.
  package mutating func cancelSpread(_ ticket: SpreadTicket, now: Instant) {
    tick(now)
    spreads.removeAll { $0.ticket == ticket }
  }

  /// Lets those who wait for all live members wait for one more: it joined, or lives again.
  mutating func widenSpreads(to key: MemberKey) {
    widenClaims(to: key)
    for index in spreads.indices where !spreads[index].waiting.contains(key) {
      spreads[index].waiting.append(key)
    }
  }

  mutating func advanceSpreads() {
    var index = 0
    while index < spreads.count {
      guard spreads[index].dueAt <= clock else {
        index += 1
        continue
      }
      let isOver = clock >= spreads[index].deadline
      // Within a round those that are no longer live are passed over when their turn comes.
      if isOver || spreads[index].cursor == 0 {
        let known = table
        spreads[index].waiting.removeAll { !known.isLive($0) }
      }
      if spreads[index].waiting.isEmpty || isOver {
        finishSpread(index)
        continue
      }
      ask(index)
      index += 1
    }
  }

  /// Asks the next of those that have not said that they hold the version.
  private mutating func ask(_ index: Int) {
    if quirks.act(at: .forgetfulSpread) { spreads[index].cursor = 0 }
    var spread = spreads[index]
    let header = PacketHeader(kind: .request, label: label, sender: localKey)
    let end = min(spread.cursor + Spread.chunk, spread.waiting.count)
    for key in spread.waiting[min(spread.cursor, end)..<end] {
      guard let slot = table.slot(of: key), table.isLive(slot) else { continue }
      metrics.requestsOut += 1
      packets.append(to: table[slot].endpoint) { bytes in
        header.write(to: &bytes)
        Inquiry.writeRequest(sequence: spread.sequence, to: &bytes)
      }
    }
    if PlantedFault.spreadUnasked.isPlanted { spread.waiting.removeSubrange(..<end) }
    if end < spread.waiting.count {
      spread.cursor = end
      spread.dueAt = clock.advanced(by: Spread.firstPause)
    } else {
      spread.cursor = 0
      spread.dueAt = clock.advanced(by: spread.pause)
      spread.pause = min(spread.pause * 2, max(interval, Spread.secondPause))
    }
    spread.dueAt = min(spread.dueAt, max(spread.deadline, clock.advanced(by: 1)))
    spreads[index] = spread
  }

  private mutating func finishSpread(_ index: Int) {
    let spread = spreads.remove(at: index)
    events.append(.spreadFinished(spread.ticket, missing: identities(of: spread.waiting)))
  }

  /// Says how far this node has got with the one who asks.
  mutating func takeRequest(
    _ sequence: SequenceNumber,
    from peer: MemberKey,
    at source: Endpoint
  ) {
    metrics.requestsIn += 1
    let version = table.slot(of: peer).map { table[$0].state.version } ?? 0
    let header = PacketHeader(kind: .reply, label: label, sender: localKey)
    packets.append(to: source) { bytes in
      header.write(to: &bytes)
      Inquiry.writeReply(sequence: sequence, version: version, to: &bytes)
    }
  }

  mutating func takeReply(
    _ sequence: SequenceNumber,
    _ version: Version,
    from peer: MemberKey
  ) {
    metrics.repliesIn += 1
    guard let index = spreads.firstIndex(where: { $0.sequence == sequence }),
      version >= spreads[index].version
    else { return }
    // Those before the cursor have been asked already: it moves down with them.
    guard let position = spreads[index].waiting.firstIndex(of: peer) else { return }
    spreads[index].waiting.remove(at: position)
    if position < spreads[index].cursor { spreads[index].cursor -= 1 }
    if spreads[index].cursor >= spreads[index].waiting.count { spreads[index].cursor = 0 }
    if spreads[index].waiting.isEmpty { finishSpread(index) }
  }

  func identities(of keys: [MemberKey]) -> [MemberID] {
    keys.compactMap { key in table.slot(of: key).map { table[$0].id } }
  }
}

/// A wait until all live members hold a version of the own state.
package struct Spread: Sendable {
  let ticket: SpreadTicket
  let version: Version
  let deadline: Instant
  /// Those that have not said that they hold it.
  var waiting: [MemberKey]
  let sequence: SequenceNumber
  /// How many of them have been asked in the round under way.
  var cursor = 0
  var dueAt: Instant
  var pause = Spread.secondPause

  /// The most members that are asked at a time.
  package static let chunk = 64
  static let firstPause: UInt64 = 5_000_000
  static let secondPause: UInt64 = 50_000_000
}
