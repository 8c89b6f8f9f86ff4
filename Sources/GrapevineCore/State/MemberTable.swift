package import GrapevineHashing

/// Every member that a node knows, found by key, by name, and in key order.
///
/// Records lie dense in no order; a list of keys in order leads to them, and a table of names. The
/// fingerprint is kept up with every change, so reading it costs nothing.
package struct MemberTable: Sendable {
  /// The wrapping sum of all contributions.
  package private(set) var fingerprint: UInt64 = 0
  /// The sum of the states' footprints.
  package private(set) var footprint = 0
  /// Grows whenever a member comes or goes, or its address or verdict changes.
  package private(set) var addressChanges: UInt64 = 0

  private var records: ContiguousArray<MemberRecord> = []
  private var order = MemberOrder()
  private var names: NameTable

  /// Creates an empty table; `hash` is a secret of the node.
  package init(hash: SipHash) {
    names = NameTable(hash: hash)
  }

  package var count: Int { order.count }
  package var liveCount: Int { order.liveCount }
}

// MARK: Reading

extension MemberTable {
  package func contains(_ key: MemberKey) -> Bool { slot(of: key) != nil }

  package func slot(of key: MemberKey) -> Int? {
    order.find(key).map { Int(order[$0].slot) }
  }

  /// The record in a slot; slots change when a member is removed.
  package subscript(slot: Int) -> MemberRecord {
    _read { yield records[slot] }
  }

  package func key(inSlot slot: Int) -> MemberKey { records[slot].key }
  package func endpoint(inSlot slot: Int) -> Endpoint { records[slot].endpoint }
  package func isLive(_ slot: Int) -> Bool { records[slot].isLive }
  package func isLive(_ key: MemberKey) -> Bool { slot(of: key).map { isLive($0) } ?? false }
  package func isDown(_ slot: Int) -> Bool { records[slot].standing.verdict == .down }
  /// Says whether someone found the member silent, and it has not refuted that.
  package func isAccused(_ slot: Int) -> Bool { !records[slot].standing.accusers.isEmpty }
  /// When a packet of the member itself came last; zero for never.
  package func heardAt(_ slot: Int) -> Instant { records[slot].heardAt }

  package func key(named name: String) -> MemberKey? {
    names.find(name, in: records).map { records[$0].key }
  }

  /// The positions, in key order, of the members from `lower` to `upper`.
  ///
  /// - Complexity: O(log(`count`)), as to find the member at a position.
  package func positions(from lower: MemberKey, through upper: MemberKey) -> Range<Int> {
    let start = order.rank(atOrAbove: lower)
    guard upper < .highest else { return start..<order.count }
    return start..<max(start, order.rank(atOrAbove: upper.next))
  }

  /// How many members have lower keys, which is the position of the one with this key.
  package func position(atOrAbove key: MemberKey) -> Int { order.rank(atOrAbove: key) }

  /// The slot of the member at a position in key order.
  package func slot(at position: Int) -> Int { Int(order[rank: position].slot) }
  package func key(at position: Int) -> MemberKey { order[rank: position].key }

  /// Calls `body` with the slots of the members at `positions`, in key order, until it returns
  /// false.
  package func forEachSlot(at positions: Range<Int>, _ body: (Int) -> Bool) {
    order.forEach(in: positions) { body(Int($0.slot)) }
  }

  /// Calls `body` with the keys of the members at `positions`, in order.
  func forEachKey(at positions: Range<Int>, _ body: (MemberKey) -> Void) {
    order.forEach(in: positions) {
      body($0.key)
      return true
    }
  }

  /// The wrapping sum over the members at `positions`.
  ///
  /// - Complexity: O(positions / 64 + 64).
  package func fingerprint(of positions: Range<Int>) -> UInt64 { order.sum(of: positions) }

  /// Live members with lower keys.
  package func liveRank(atOrAbove key: MemberKey) -> Int { order.liveRank(atOrAbove: key) }

  /// The slot of the live member that has so many live ones before it in key order.
  package func slot(atLiveRank rank: Int) -> Int { Int(order[liveRank: rank].slot) }
}

// MARK: Changing

extension MemberTable {
  /// Adds a member whose key and name are not known.
  package mutating func insert(_ record: MemberRecord) {
    precondition(order.find(record.key) == nil, "\(record.id) is known")
    precondition(key(named: record.id.name) == nil, "the name of \(record.id) is known")
    // The records of many thousand members are not to need twice their room.
    if records.count == records.capacity { records.reserveCapacity(records.count * 9 / 8 + 4) }
    let slot = records.count
    records.append(record)
    let contribution = record.contribution
    order.insert(
      MemberOrder.Place(key: record.key, contribution: contribution, slot: UInt32(slot)),
      isLive: record.isLive
    )
    names.insert(slot, in: records)
    fingerprint &+= contribution
    footprint += record.state.footprint
    addressChanges += 1
  }

  /// Removes a member; the last record takes over its slot.
  package mutating func remove(_ key: MemberKey) -> MemberRecord? {
    guard let spot = order.find(key) else { return nil }
    let place = order[spot]
    let slot = Int(place.slot)
    let record = records[slot]
    names.remove(slot, in: records)
    order.remove(spot)
    fingerprint &-= place.contribution
    footprint -= record.state.footprint
    addressChanges += 1
    let last = records.removeLast()
    if slot < records.count {
      names.move(records.count, to: slot, last.id.name)
      if let spot = order.find(last.key) { order.setSlot(spot, slot) }
      records[slot] = last
    }
    return record
  }

  /// Changes the record in a slot, in place, and keeps the sums up.
  package mutating func update<Result>(
    _ slot: Int,
    _ body: (inout MemberRecord) -> Result
  ) -> Result {
    footprint -= records[slot].state.footprint
    let (endpoint, verdict) = (records[slot].endpoint, records[slot].standing.verdict)
    let result = body(&records[slot])
    footprint += records[slot].state.footprint
    let hasOtherVerdict = records[slot].standing.verdict != verdict
    if hasOtherVerdict || records[slot].endpoint != endpoint { addressChanges += 1 }
    guard let spot = order.find(records[slot].key) else {
      preconditionFailure("\(records[slot].id) is not in the order")
    }
    let contribution = records[slot].contribution
    fingerprint = fingerprint &- order[spot].contribution &+ contribution
    order.setContribution(spot, contribution)
    if hasOtherVerdict { order.setLive(spot, records[slot].isLive) }
    return result
  }

  /// Notes that a packet of the member itself has come.
  package mutating func noteHeard(_ slot: Int, at time: Instant) {
    records[slot].heardAt = time
  }

  /// Notes what a digest says of a member's version.
  package mutating func noteAnnounced(_ slot: Int, _ version: Version) {
    records[slot].announced = max(records[slot].announced, version)
  }

  /// Notes which version of this node's state the member holds.
  package mutating func noteConfirmed(_ slot: Int, _ version: Version) {
    records[slot].confirmed = version
  }

  /// Notes how long an answer of the member took.
  package mutating func noteRoundTrip(_ slot: Int, nanoseconds: UInt64) {
    records[slot].roundTrip = UInt32(clamping: max(1, nanoseconds / 1_000))
  }

  /// Makes up for a time in which nothing could be heard.
  package mutating func shiftHeard(by nanoseconds: UInt64) {
    for slot in records.indices where records[slot].heardAt > .zero {
      records[slot].heardAt = records[slot].heardAt.advanced(by: nanoseconds)
    }
  }
}

// MARK: Rules

extension MemberTable: SelfVerifying {
  /// Throws if sums or order do not agree with the records.
  package func verifyInvariants() throws(BrokenInvariant) {
    try require(order.count == records.count && names.count == records.count, "counts differ")
    try order.verifyInvariants()
    var bytes = 0
    var live = 0
    for (slot, record) in records.enumerated() {
      guard let spot = order.find(record.key) else { throw BrokenInvariant("a key is missing") }
      try require(Int(order[spot].slot) == slot, "a slot holds another member")
      try require(names.find(record.id.name, in: records) == slot, "a name leads elsewhere")
      try require(order[spot].contribution == record.contribution, "a contribution is stale")
      bytes += record.state.footprint
      live += record.isLive ? 1 : 0
      try record.state.verifyInvariants()
    }
    try require(
      order.sum(of: 0..<order.count) == fingerprint && bytes == footprint && live == liveCount,
      "sums do not agree"
    )
  }
}
