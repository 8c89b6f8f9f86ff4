// What the driver pulls after each input.
extension Engine {
  /// Says whether there is a datagram to pull.
  package var hasDatagrams: Bool { !packets.isEmpty }

  /// Appends the next datagram's bytes to `buffer` and returns where to send them; nil when none
  /// is left.
  package mutating func nextDatagram(into buffer: inout [UInt8]) -> Endpoint? {
    let start = buffer.count
    metrics.packetsDiscarded = packets.droppedCount
    guard let endpoint = packets.next(into: &buffer) else { return nil }
    metrics.packetsOut += 1
    metrics.packetBytesOut += buffer.count - start
    return endpoint
  }

  package mutating func nextStreamAction() -> StreamAction? {
    actions.next()
  }

  package mutating func nextEvent() -> EngineEvent? {
    events.next()
  }
}

// What the driver's user reads.
extension Engine {
  package var localID: MemberID { table[localSlot].id }
  package var localEndpoint: Endpoint { endpoint }

  /// The wrapping sum over all members; two engines with the same sum hold the same.
  package var fingerprint: UInt64 { table.fingerprint }
  package var memberCount: Int { table.count }
  package var liveMemberCount: Int { table.liveCount }
  /// Members held alive, this node not counted.
  package var livePeerCount: Int {
    table.liveCount - (table.isLive(localSlot) ? 1 : 0)
  }

  /// Bytes of keys, values and bookkeeping held for all members.
  package var stateSize: Int { table.footprint }

  /// All known members with their entries, sorted by name.
  ///
  /// - Complexity: O(all entries).
  package func members(now: Instant) -> [Member] {
    sortedMembers(now: now, withEntries: true)
  }

  /// All known members without entries, sorted by name.
  package func memberSummaries(now: Instant) -> [Member] {
    sortedMembers(now: now, withEntries: false)
  }

  package func member(named name: String, now: Instant) -> Member? {
    guard let key = table.key(named: name), let slot = table.slot(of: key) else { return nil }
    return view(slot, now: now, withEntries: true)
  }

  package func localMember(now: Instant) -> Member {
    view(localSlot, now: now, withEntries: true)
  }

  package func localSummary(now: Instant) -> Member {
    view(localSlot, now: now, withEntries: false)
  }

  /// The entry of one key of one member, unless it is deleted; O(1).
  package func entry(_ key: String, of name: String) -> Entry? {
    guard let member = table.key(named: name), let slot = table.slot(of: member),
      let entry = table[slot].state.find(key), !entry.isDeleted, !entry.isReserved
    else { return nil }
    return entry.entry
  }

  /// The version held of a member's state; nil if it is unknown.
  package func version(of name: String) -> Version? {
    guard let key = table.key(named: name), let slot = table.slot(of: key) else { return nil }
    return table[slot].state.version
  }

  /// The known members that accuse a member, or did when it was judged.
  package func accusers(of name: String) -> [MemberID] {
    guard let key = table.key(named: name), let slot = table.slot(of: key) else { return [] }
    return table[slot].standing.accusers.compactMap { accuser in
      table.slot(of: accuser).map { table[$0].id }
    }
  }

  private func sortedMembers(now: Instant, withEntries: Bool) -> [Member] {
    var places = (0..<table.count).map { (name: NamePrefix(table[$0].id.name), slot: $0) }
    places.sort {
      $0.name == $1.name ? table[$0.slot].id < table[$1.slot].id : $0.name < $1.name
    }
    return places.map { view($0.slot, now: now, withEntries: withEntries) }
  }

  /// The most bytes of a weight in decimal digits that is read.
  private static var weightSizeLimit: Int { 20 }

  private func weight(of state: VersionedState) -> Int? {
    guard let entry = state.find(ReservedKeys.participant), !entry.isDeleted else { return nil }
    // What others say can be as long as any value.
    let isShort = entry.header.value.count <= Self.weightSizeLimit
    let weight = isShort ? Int(entry.entry.text) : nil
    return weight.map { min(max($0, 1), Member.weightLimit) } ?? 100
  }

  private func sealing(of state: VersionedState) -> MemberSealing? {
    guard let entry = state.find(ReservedKeys.sealing), !entry.isDeleted,
      entry.header.value.count <= MemberSealing.readLimit
    else { return nil }
    return MemberSealing(text: entry.entry.text)
  }

  private func view(_ slot: Int, now: Instant, withEntries: Bool) -> Member {
    let record = table[slot]
    var entries: [Entry] = []
    if withEntries {
      entries.reserveCapacity(record.state.entryCount)
      record.state.forEach { entry in
        if !entry.isReserved { entries.append(entry.entry) }
        return true
      }
    }
    let elapsed = Int64(clamping: max(now, clock).since(record.verdictSince))
    let rest = configuration.memberExpiry - .nanoseconds(elapsed)
    return Member(
      id: record.id,
      address: record.endpoint,
      version: record.state.version,
      hasLeft: record.standing.verdict == .left,
      isLeaving: record.isLive && record.state.find(ReservedKeys.leaving)?.isDeleted == false,
      isDown: record.standing.verdict == .down,
      weight: weight(of: record.state),
      sealing: sealing(of: record.state),
      expiry: record.isLive ? nil : max(.zero, rest),
      isSelf: record.key == localKey,
      entries: entries
    )
  }
}
