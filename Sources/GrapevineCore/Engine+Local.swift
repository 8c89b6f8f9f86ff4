// What the node's user asks for.
extension Engine {
  /// Applies all changes with consecutive versions, or none; returns the version after them.
  ///
  /// - Throws: ``StateError``; then nothing has changed.
  package mutating func update(
    _ changes: [Change],
    now: Instant
  ) throws(StateError) -> Version {
    tick(now)
    switch phase {
    case .active: break
    case .left: throw .hasLeft
    case .superseded(let rival): throw .nameTaken(by: rival)
    }
    let slot = localSlot
    var newKeys: Set<NameKey> = []
    for change in changes {
      if let key = try check(change, slot) { newKeys.insert(key) }
    }
    guard table[slot].state.entryCount + newKeys.count <= configuration.entryLimit else {
      throw .tooManyEntries(limit: configuration.entryLimit)
    }
    let before = table[slot].state.version
    for change in changes { apply(change, slot) }
    let version = table[slot].state.version
    pushOwnState(since: before)
    return version
  }

  /// Announces that this node is about to leave, so that others take over what it holds; returns
  /// the version after it.
  ///
  /// - Throws: ``StateError`` as ``update(_:now:)`` does.
  @discardableResult
  package mutating func beginLeaving(now: Instant) throws(StateError) -> Version {
    try setReserved(ReservedKeys.leaving, [], now: now)
  }

  /// Announces that this node owns keys from now on; returns the version after it.
  ///
  /// - Throws: ``StateError`` as ``update(_:now:)`` does.
  package mutating func participate(weight: Int, now: Instant) throws(StateError) -> Version {
    try setReserved(ReservedKeys.participant, Array("\(weight)".utf8), now: now)
  }

  /// Tells others of the keys that this node seals with; returns the version after it.
  ///
  /// - Throws: ``StateError`` as ``update(_:now:)`` does.
  @discardableResult
  package mutating func publish(
    _ sealing: MemberSealing,
    now: Instant
  ) throws(StateError) -> Version {
    try setReserved(ReservedKeys.sealing, Array(sealing.text.utf8), now: now)
  }

  mutating func setReserved(
    _ key: String,
    _ value: [UInt8],
    now: Instant
  ) throws(StateError) -> Version {
    // Whether the state may change is checked as for any other change.
    let before = try update([], now: now)
    let isNew = table.update(localSlot) { $0.state.set(key: key, value: value) }
    if isNew { pushOwnState(since: before) }
    return table[localSlot].state.version
  }

  /// Checks a change; returns its key if that would be a new entry.
  private func check(_ change: Change, _ slot: Int) throws(StateError) -> NameKey? {
    switch change {
    case .delete(let key):
      try check(key: key)
      return nil
    case .set(let key, let value, let timeToLive):
      try check(key: key)
      guard value.count <= configuration.valueSizeLimit else {
        throw .valueTooLarge(
          key: key,
          size: value.count,
          limit: configuration.valueSizeLimit
        )
      }
      if let timeToLive, timeToLive <= .zero {
        throw .timeToLiveNotPositive(key: key, timeToLive: timeToLive)
      }
      return table[slot].state.find(key) == nil ? NameKey(name: key) : nil
    }
  }

  private func check(key: String) throws(StateError) {
    let size = key.utf8.count
    guard size > 0 else { throw .emptyKey }
    guard size <= configuration.keySizeLimit else {
      throw .keyTooLong(key: key, size: size, limit: configuration.keySizeLimit)
    }
    guard !key.utf8.starts(with: ReservedKeys.prefix.utf8) else { throw .reservedKey(key: key) }
  }

  private mutating func apply(_ change: Change, _ slot: Int) {
    switch change {
    case .set(let key, let value, let duration):
      _ = table.update(slot) { $0.state.set(key: key, value: value) }
      guard duration != nil || !PlantedFault.keepOldTimeToLive.isPlanted else { return }
      let dueAt = duration.map { clock + $0 }
      timeToLive.set(key, version: table[slot].state.find(key)?.version ?? 0, dueAt: dueAt)
    case .delete(let key):
      delete(key, slot)
    }
  }

  mutating func delete(_ key: String, _ slot: Int) {
    guard table.update(slot, { $0.state.delete(key: key) }) else { return }
    timeToLive.set(key, version: 0, dueAt: nil)
    tombstones.note(table[slot].state.version, at: clock)
  }

  /// Adds addresses that are contacted now and then for ever, unless a live member has them.
  package mutating func addSeeds(_ endpoints: [Endpoint], now: Instant) {
    tick(now)
    for seed in endpoints where seed != endpoint && !seeds.contains(seed) {
      if seeds.count >= configuration.seedLimit { seeds.removeFirst() }
      seeds.append(seed)
    }
  }

  /// Forgets addresses that were contacted now and then; members keep theirs.
  package mutating func removeSeeds(_ endpoints: Set<Endpoint>, now: Instant) {
    tick(now)
    seeds.removeAll(where: endpoints.contains)
  }

  /// Begins to join the node at `target`; the outcome comes as an event.
  ///
  /// The address is remembered as a seed.
  package mutating func join(_ target: Endpoint, now: Instant) -> JoinTicket {
    tick(now)
    let ticket = JoinTicket(rawValue: nextTicketNumber)
    nextTicketNumber += 1
    switch phase {
    case .left:
      events.append(.joinFinished(ticket, .failed(.closed)))
    case .superseded(let rival):
      events.append(.joinFinished(ticket, .failed(.nameTaken(by: rival, at: target))))
    case .active where target == endpoint:
      events.append(.joinFinished(ticket, .isSelf))
    case .active where joins.count >= configuration.joinLimit:
      events.append(.joinFinished(ticket, .failed(.busy)))
    case .active:
      addSeeds([target], now: now)
      joins.append(
        PendingJoin(
          ticket: ticket,
          endpoint: target,
          dueAt: clock
        )
      )
      startJoins()
    }
    return ticket
  }

  /// Gives up a join that has not finished; its outcome is `.failed(.closed)`.
  package mutating func cancelJoin(_ ticket: JoinTicket, now: Instant) {
    tick(now)
    guard let index = joins.firstIndex(where: { $0.ticket == ticket }) else { return }
    joins.remove(at: index)
    events.append(.joinFinished(ticket, .failed(.closed)))
    for session in streams where session.ticket == ticket { drop(session.id, aborting: true) }
    startJoins()
  }

  /// Marks this node as left and tells up to three live members; `leaveFinished` follows.
  package mutating func leave(now: Instant) {
    tick(now)
    guard phase == .active else {
      events.append(.leaveFinished(asked: [], acknowledged: []))
      return
    }
    giveUpLocks()
    phase = .left
    let time = PastInstant(clock)
    table.update(localSlot) {
      $0.standing.verdict = .left
      $0.verdictSince = time
    }
    invalidateRings(isLoss: false)
    for join in joins { events.append(.joinFinished(join.ticket, .failed(.closed))) }
    joins = []
    leaving = Leaving()
    let told = randomLiveMembers(3)
    pushStanding(of: localKey)
    for slot in told {
      let record = table[slot]
      let stream = open(record.endpoint, .leave, peer: record.key)
      leaving?.asked.append(record.id)
      leaving?.open.append(stream)
    }
    finishLeaveIfDone()
  }

  mutating func finishLeaveIfDone() {
    guard let done = leaving, done.open.isEmpty else { return }
    leaving = nil
    events.append(.leaveFinished(asked: done.asked, acknowledged: done.acknowledged))
  }

  /// A live member of chance other than this node; nil if there is none.
  mutating func randomLiveMember() -> Int? {
    func isEligible(_ slot: Int) -> Bool {
      table.isLive(slot) && table.key(inSlot: slot) != localKey
    }
    for _ in 0..<16 {
      let slot = random.index(table.count)
      if isEligible(slot) { return slot }
    }
    let start = random.index(table.count)
    return (start..<table.count).first(where: isEligible) ?? (0..<start).first(where: isEligible)
  }

  /// Up to `count` live members of chance, none of them this node.
  mutating func randomLiveMembers(_ count: Int) -> [Int] {
    var chosen: [Int] = []
    var tries = 0
    while chosen.count < count, tries < 16 * count {
      tries += 1
      let slot = random.index(table.count)
      guard table.isLive(slot), table.key(inSlot: slot) != localKey, !chosen.contains(slot) else {
        continue
      }
      chosen.append(slot)
    }
    guard chosen.count < count else { return chosen }
    let start = random.index(table.count)
    for offset in 0..<table.count where chosen.count < count {
      let slot = (start + offset) % table.count
      guard table.isLive(slot), table.key(inSlot: slot) != localKey else { continue }
      if !chosen.contains(slot) { chosen.append(slot) }
    }
    return chosen
  }
}

/// When keys of the own state are due for deletion.
struct TimeToLive: Sendable {
  private struct Item: Comparable, Sendable {
    var dueAt: Instant
    var version: Version
    var key: String

    static func < (first: Item, second: Item) -> Bool {
      (first.dueAt, first.version) < (second.dueAt, second.version)
    }

    static func == (first: Item, second: Item) -> Bool {
      first.dueAt == second.dueAt && first.version == second.version
    }
  }

  private var heap = Heap<Item>()
  /// The time that counts for a key; what the heap holds besides is void.
  private var dueTimes: [NameKey: Instant] = [:]

  init() {}

  var nextDue: Instant { heap.least?.dueAt ?? .never }

  /// Lets `key` be due at a time, or never.
  mutating func set(_ key: String, version: Version, dueAt: Instant?) {
    let name = NameKey(name: key)
    guard let dueAt else {
      dueTimes[name] = nil
      return
    }
    dueTimes[name] = dueAt
    heap.insert(Item(dueAt: dueAt, version: version, key: key))
    if heap.count > 2 * dueTimes.count + 64 {
      heap.filter { dueTimes[NameKey(name: $0.key)] == $0.dueAt }
    }
  }

  /// The next key whose time has come.
  mutating func nextKey(now: Instant) -> String? {
    while let least = heap.least, least.dueAt <= now {
      _ = heap.removeLeast()
      let name = NameKey(name: least.key)
      guard dueTimes[name] == least.dueAt else { continue }
      dueTimes[name] = nil
      return least.key
    }
    return nil
  }
}

/// How old the own tombstones are.
struct TombstoneClock: Sendable {
  private var times: [(version: Version, at: Instant)] = []

  init() {}

  mutating func note(_ version: Version, at time: Instant) {
    times.append((version, time))
  }

  /// The version up to which to compact `state`: at least `threshold` of its tombstones are `age`
  /// old.
  mutating func bound(
    for state: VersionedState,
    threshold: Int,
    age: UInt64,
    now: Instant
  ) -> Version? {
    if times.count > 2 * state.tombstoneCount + 1_024 { removeStale(state) }
    guard state.tombstoneCount >= threshold, times.count >= threshold,
      now.since(times[threshold - 1].at) >= age
    else { return nil }
    removeStale(state)
    let aged = times.prefix { now.since($0.at) >= age }
    guard aged.count >= threshold, let last = aged.last else { return nil }
    times.removeFirst(aged.count)
    return last.version
  }

  /// Forgets tombstones that a later change of their key took the place of.
  private mutating func removeStale(_ state: VersionedState) {
    times.removeAll { state.entry(at: $0.version)?.isDeleted != true }
  }
}
