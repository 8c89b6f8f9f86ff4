/// Every member that a node knows, found by key, by name, and in key order.
///
/// Records lie dense in no order; a sorted list of keys leads to them. The fingerprint is kept up
/// with every change, so reading it costs nothing.
package struct MemberTable: Sendable {
  /// The wrapping sum of all contributions.
  package private(set) var fingerprint: UInt64 = 0
  /// The sum of the states' footprints.
  package private(set) var footprint = 0
  package private(set) var liveCount = 0
  /// Grows whenever a member comes or goes, or its address or verdict changes.
  package private(set) var addressChanges: UInt64 = 0

  private var records: ContiguousArray<MemberRecord> = []
  private var contributions: ContiguousArray<UInt64> = []
  /// Sorted by key.
  private var order: ContiguousArray<Place> = []
  private var names: [NameKey: MemberKey] = [:]

  private struct Place {
    var key: MemberKey
    var slot: Int32
  }

  package init() {}

  package var count: Int { order.count }
}

// MARK: Reading

extension MemberTable {
  package func contains(_ key: MemberKey) -> Bool { slot(of: key) != nil }

  package func slot(of key: MemberKey) -> Int? {
    let index = position(atOrAbove: key)
    guard index < order.count, order[index].key == key else { return nil }
    return Int(order[index].slot)
  }

  /// The record in a slot; slots change when a member is removed.
  package subscript(slot: Int) -> MemberRecord {
    _read { yield records[slot] }
  }

  package func key(inSlot slot: Int) -> MemberKey { records[slot].key }
  package func endpoint(inSlot slot: Int) -> Endpoint { records[slot].endpoint }
  package func isLive(_ slot: Int) -> Bool { records[slot].isLive }
  package func isDown(_ slot: Int) -> Bool { records[slot].standing.verdict == .down }
  /// Says whether someone found the member silent, and it has not refuted that.
  package func isAccused(_ slot: Int) -> Bool { !records[slot].standing.accusers.isEmpty }
  /// When a packet of the member itself came last; zero for never.
  package func heardAt(_ slot: Int) -> Instant { records[slot].heardAt }

  package func key(named name: String) -> MemberKey? { names[NameKey(name: name)] }

  /// The positions, in key order, of the members from `lower` to `upper`.
  package func positions(from lower: MemberKey, through upper: MemberKey) -> Range<Int> {
    let start = position(atOrAbove: lower)
    guard upper < .highest else { return start..<order.count }
    return start..<max(start, position(atOrAbove: MemberKey(rawValue: upper.rawValue + 1)))
  }

  /// The slot of the member at a position in key order.
  package func slot(at position: Int) -> Int { Int(order[position].slot) }
  package func key(at position: Int) -> MemberKey { order[position].key }

  /// The wrapping sum over the members at `positions`.
  package func fingerprint(of positions: Range<Int>) -> UInt64 {
    var sum: UInt64 = 0
    for position in positions { sum &+= contributions[Int(order[position].slot)] }
    return sum
  }

  private func position(atOrAbove key: MemberKey) -> Int {
    var lower = 0
    var upper = order.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if order[middle].key < key { lower = middle + 1 } else { upper = middle }
    }
    return lower
  }
}

// MARK: Changing

extension MemberTable {
  /// Adds a member whose key and name are not known.
  package mutating func insert(_ record: MemberRecord) {
    let index = position(atOrAbove: record.key)
    precondition(index == order.count || order[index].key != record.key, "\(record.id) is known")
    let earlier = names.updateValue(record.key, forKey: NameKey(name: record.id.name))
    precondition(earlier == nil, "the name of \(record.id) is known")
    order.insert(Place(key: record.key, slot: Int32(records.count)), at: index)
    let contribution = record.contribution
    contributions.append(contribution)
    fingerprint &+= contribution
    footprint += record.state.footprint
    if record.isLive { liveCount += 1 }
    addressChanges += 1
    records.append(record)
  }

  /// Removes a member; the last record takes over its slot.
  package mutating func remove(_ key: MemberKey) -> MemberRecord? {
    let index = position(atOrAbove: key)
    guard index < order.count, order[index].key == key else { return nil }
    let slot = Int(order.remove(at: index).slot)
    let record = records[slot]
    names[NameKey(name: record.id.name)] = nil
    fingerprint &-= contributions[slot]
    footprint -= record.state.footprint
    if record.isLive { liveCount -= 1 }
    addressChanges += 1
    let last = records.removeLast()
    let lastContribution = contributions.removeLast()
    if slot < records.count {
      records[slot] = last
      contributions[slot] = lastContribution
      order[position(atOrAbove: last.key)].slot = Int32(slot)
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
    if verdict == .alive { liveCount -= 1 }
    let result = body(&records[slot])
    if records[slot].isLive { liveCount += 1 }
    if records[slot].endpoint != endpoint || records[slot].standing.verdict != verdict {
      addressChanges += 1
    }
    footprint += records[slot].state.footprint
    let contribution = records[slot].contribution
    fingerprint = fingerprint &- contributions[slot] &+ contribution
    contributions[slot] = contribution
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
    var sum: UInt64 = 0
    var bytes = 0
    var live = 0
    for (index, place) in order.enumerated() {
      try require(index == 0 || order[index - 1].key < place.key, "keys are not in order")
      let record = records[Int(place.slot)]
      try require(record.key == place.key, "a slot holds another member")
      try require(names[NameKey(name: record.id.name)] == record.key, "a name leads elsewhere")
      try require(contributions[Int(place.slot)] == record.contribution, "a sum is stale")
      sum &+= record.contribution
      bytes += record.state.footprint
      live += record.isLive ? 1 : 0
      try record.state.verifyInvariants()
    }
    try require(
      sum == fingerprint && bytes == footprint && live == liveCount,
      "sums do not agree"
    )
  }
}
