// Failure detection: who is observed, what their silence means, and looking into it.
extension Engine {
  // MARK: Rings

  /// Lets the rings be reckoned anew if a newcomer has a place near this node or those that it
  /// observes: of many thousand hardly one has.
  mutating func noteOnRings(newcomer: MemberKey) {
    guard ringReach?.holds(newcomer) != false else { return }
    invalidateRings(isLoss: false)
  }

  /// Lets the rings be reckoned anew: soon where a member fell off them, so that whom it observed
  /// is not left alone; else with the next round.
  mutating func invalidateRings(isLoss: Bool) {
    if quirks.act(at: .lateRings) {
      ringsDueAt = min(ringsDueAt, clock.advanced(by: interval))
    } else {
      observers = nil
    }
    if isLoss { lookFurther() }
  }

  /// Lets this node observe those whose observers it has lost, or may have.
  private mutating func lookFurther() {
    hasLostObservers = true
    ringsDueAt = min(ringsDueAt, clock.advanced(by: interval / 16))
  }

  /// Reckons who observes this node, and whom it observes.
  mutating func updateRings() {
    ringsDueAt = .never
    var rings = ObserverRings(
      table: table,
      ringCount: configuration.observerCount,
      own: localSlot
    )
    let isInherited = hasLostObservers
    hasLostObservers = false
    var toldSlots: [Int]?
    if lossAt != nil {
      toldSlots = rings.observers(of: localSlot)
      // Where many are lost, those who have not answered so far are not waited for.
      for observation in observations where observation.verification?.round == 2 {
        if let slot = table.slot(of: observation.key) { rings.remove(slot) }
      }
    }
    let found = rings.lookAround()
    ringReach = lossAt == nil ? found.reach : nil
    observers = (toldSlots ?? found.observers).map { table.key(inSlot: $0) }
    guard phase == .active else {
      observations = []
      return
    }
    var former = observations[...]
    var current: [Observation] = []
    let observed = found.observed.map { (table.key(inSlot: $0.slot), $0.rank) }
    for (key, rank) in observed.sorted(by: { $0.0 < $1.0 }) {
      while let next = former.first, next.key < key {
        keepIfAccused(former.removeFirst(), &current)
      }
      var observation =
        former.first?.key == key
        ? former.removeFirst() : observation(of: key, isInherited: isInherited)
      observation.rank = rank
      observation.isProbe = false
      // A probe that was answered waits for nothing any more.
      if observation.dueAt == .never { observation.dueAt = clock.advanced(by: interval) }
      current.append(observation)
    }
    for rest in former { keepIfAccused(rest, &current) }
    observations = current
  }

  /// Who accuses a member goes on to tell it so, whoever observes it now; and what was begun is
  /// brought to its end.
  private func keepIfAccused(_ observation: Observation, _ observations: inout [Observation]) {
    guard observation.isAccused || (observation.isProbe && observation.verification != nil),
      let slot = table.slot(of: observation.key), table.isLive(slot)
    else { return }
    observations.append(observation)
  }

  /// Looks into a member of chance that this node does not observe.
  ///
  /// Members that died together may have been each other's observers, so that nobody would miss
  /// them: now and then one is asked for no reason, and more often where many are being lost.
  mutating func probeByChance() {
    let recently =
      lossAt ?? Instant(nanoseconds: clock.since(Instant(nanoseconds: 2 * interval)))
    guard let slot = randomLiveMember(), !table.isAccused(slot),
      table.heardAt(slot) < recently
    else { return }
    let key = table.key(inSlot: slot)
    guard observationIndex(of: key) == nil else { return }
    var probe = observation(of: key, isInherited: true)
    probe.isProbe = true
    observations.insert(probe, at: observations.firstIndex { $0.key > key } ?? observations.count)
  }

  /// Begins to observe a member; one whose observer was lost is looked into at once.
  private func observation(of key: MemberKey, isInherited: Bool) -> Observation {
    let window = ArrivalWindow(
      limit: configuration.arrivalWindow,
      gapLimit: configuration.silenceLimit
    )
    let gap = window.gap(phi: configuration.suspicionThreshold, interval: interval)
    return Observation(
      key: key,
      window: window,
      heardAt: clock,
      dueAt: isInherited ? clock : clock.advanced(by: gap),
      isInherited: isInherited
    )
  }

  func observationIndex(of key: MemberKey) -> Int? {
    var lower = 0
    var upper = observations.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if observations[middle].key < key { lower = middle + 1 } else { upper = middle }
    }
    return lower < observations.count && observations[lower].key == key ? lower : nil
  }

  // MARK: Signs of life

  /// Notes a packet of a member itself.
  mutating func noteHeard(_ key: MemberKey, isScheduled: Bool, agrees: Bool = false) {
    guard let slot = table.slot(of: key) else { return }
    heardAnyAt = clock
    silenceExcusedUntil = nil
    table.noteHeard(slot, at: clock)
    if agrees { table.noteConfirmed(slot, table[localSlot].state.version) }
    guard let index = observationIndex(of: key) else { return }
    if isScheduled { noteArrival(index) }
    noteLife(index)
  }

  private mutating func noteArrival(_ index: Int) {
    if let last = observations[index].arrivedAt {
      let gap = clock.since(last)
      // What comes sooner is a copy, or was held up.
      guard gap >= interval / 4 else { return }
      observations[index].window.add(gap, interval: interval)
    }
    observations[index].arrivedAt = clock
    observations[index].hasToldStreamOnly = false
  }

  /// Notes that an observed member lives, however that was found out.
  mutating func noteLife(_ index: Int) {
    observations[index].heardAt = clock
    observations[index].isInherited = false
    observations[index].verification = nil
    if observations[index].isAccused { return }
    guard !observations[index].isProbe else {
      observations[index].dueAt = .never
      return
    }
    observations[index].dueAt = clock.advanced(by: silenceAllowed(index))
  }

  /// The silence after which an observed member is looked into.
  private func silenceAllowed(_ index: Int) -> UInt64 {
    let observation = observations[index]
    let caution = clock < observation.cautionEndsAt ? observation.caution : 1
    return observation.window.gap(
      phi: configuration.suspicionThreshold * health.multiplier * caution,
      interval: interval
    )
  }

  /// The process was not run, or had more to do than time: what it takes for silence was its own.
  mutating func notePause(lateness: UInt64, since before: Instant) {
    roundAt = clock
    health.notePause(interval: interval, now: clock)
    guard lateness >= interval else { return }
    metrics.pauses += 1
    events.append(.wasPaused(.nanoseconds(Int64(clamping: lateness))))
    heardAnyAt = clock
    // Others need longer than that to call it down, and to take over what it holds.
    if lateness >= 2 * interval { loseLocks() }
    // From the last time that it surely ran; what was open then goes on as if no time had passed.
    let length = clock.since(before)
    table.shiftHeard(by: length)
    for index in observations.indices {
      observations[index].arrivedAt = nil
      noteLife(index)
    }
    for index in accusations.indices {
      accusations[index].firstAt = accusations[index].firstAt.advanced(by: length)
      accusations[index].secondAt = accusations[index].secondAt?.advanced(by: length)
      accusations[index].dueAt = accusations[index].dueAt.advanced(by: length)
    }
    accusations.findNextDue()
    for index in challenges.indices {
      challenges[index].startedAt = challenges[index].startedAt.advanced(by: length)
      challenges[index].endsAt = challenges[index].endsAt.advanced(by: length)
    }
  }

  /// The others have called this node down: it was cut off, and what it took for their silence is
  /// as old as that.
  ///
  /// So they get the time to be heard anew before it judges, and what it has not told yet it does
  /// not push.
  mutating func distrustSilence() {
    pending.standings.removeAll { $0 != localKey }
    for index in observations.indices { noteLife(index) }
    for index in accusations.indices {
      accusations[index].firstAt = clock
      if accusations[index].secondAt != nil { accusations[index].secondAt = clock }
      accusations[index].dueAt = clock.advanced(by: grace)
    }
    accusations.findNextDue()
  }

  // MARK: Looking into silence

  var failureDeadline: Instant {
    var deadline = ringsDueAt
    guard !PlantedFault.sleepLate.isPlanted else { return deadline }
    for observation in observations { deadline = min(deadline, observation.dueAt) }
    deadline = min(deadline, accusations.dueAt)
    for challenge in challenges { deadline = min(deadline, challenge.dueAt) }
    return deadline
  }

  mutating func advanceObservations() {
    for index in observations.indices where observations[index].dueAt <= clock {
      lookInto(index)
    }
  }

  private mutating func lookInto(_ index: Int) {
    let key = observations[index].key
    guard phase == .active, let slot = table.slot(of: key), table.isLive(slot) else {
      observations[index].verification = nil
      observations[index].dueAt = .never
      return
    }
    if observations[index].isAccused {
      // It may live, and not have heard of the accusation.
      ping(slot, takeSequence(), claim: table[slot].claim(now: clock))
      observations[index].dueAt = clock.advanced(by: tellingPause)
      return
    }
    guard !PlantedFault.accuseUnasked.isPlanted else { return accuse(index, slot) }
    guard let verification = observations[index].verification else {
      beginVerification(index, slot)
      return
    }
    guard verification.round > 1 else {
      var second = verification
      second.round = 2
      guard ask(index, slot, second) else { return }
      observations[index].dueAt = max(
        verification.startedAt.advanced(by: patience),
        clock.advanced(by: 1)
      )
      if verification.isInherited { askByStream(index, slot) }
      if lossAt != nil { lookFurther() }
      return
    }
    guard table[slot].standing.accusers.count < 2 else {
      // Two are enough; what comes of it is seen soon.
      observations[index].verification = nil
      observations[index].dueAt = clock.advanced(by: grace)
      return
    }
    let allowedAt = accusationAllowedAt(verification, observations[index].rank)
    guard clock >= allowedAt else {
      observations[index].dueAt = allowedAt
      return
    }
    accuse(index, slot)
  }

  /// The time between two tellings of an accused member: longer where many are accused.
  private var tellingPause: UInt64 {
    let count = observations.count { $0.isAccused }
    return interval.multipliedClamping(1 + count / 4)
  }

  /// Says whether so many members are being looked into; looks no further than it takes to tell.
  private func isLookingInto(_ count: Int) -> Bool {
    var missing = count
    for observation in observations where observation.verification != nil {
      missing -= 1
      if missing <= 0 { return true }
    }
    return false
  }

  private mutating func beginVerification(_ index: Int, _ slot: Int) {
    guard !isLookingInto(configuration.verificationLimit) else {
      observations[index].dueAt = clock.advanced(by: interval / 4)
      return
    }
    let first = Observation.Verification(
      sequence: takeSequence(),
      startedAt: clock,
      askedAt: clock,
      isInherited: observations[index].isInherited
    )
    guard ask(index, slot, first) else { return }
    if !observations[index].isProbe { metrics.suspicions += 1 }
    observations[index].dueAt = clock.advanced(by: patience / 2)
    if !observations[index].isInherited { askByStream(index, slot) }
  }

  private mutating func askByStream(_ index: Int, _ slot: Int) {
    guard outboundCount < configuration.outboundStreamLimit else { return }
    let stream = open(table[slot].endpoint, .ping, peer: observations[index].key)
    if let session = self.index(of: stream) {
      streams[session].deadline = clock.advanced(by: patience)
    }
    observations[index].verification?.stream = stream
  }

  /// Asks a silent member itself, and others to ask it; where no packet can be queued, says no, and
  /// the member is asked a moment later: what was never sent is not to be answered.
  private mutating func ask(
    _ index: Int,
    _ slot: Int,
    _ verification: Observation.Verification
  ) -> Bool {
    guard ping(slot, verification.sequence) else {
      observations[index].dueAt = clock.advanced(by: interval / 4)
      return false
    }
    observations[index].verification = verification
    let observation = observations[index]
    for relay in relaySlots(for: observation, count: relayCount(for: verification)) {
      requestPing(of: observation.key, by: relay, verification.sequence)
    }
    return true
  }

  /// How many others are asked about a silent member: none where many are silent, or while the one
  /// that was inherited has not been asked itself.
  private func relayCount(for verification: Observation.Verification) -> Int {
    guard !isLookingInto(3), verification.round > 1 || !verification.isInherited else { return 0 }
    return configuration.relayCount
  }

  /// Who is asked to reach a silent member: the one that did last, then members of chance, those
  /// first that were heard of lately.
  private mutating func relaySlots(for observation: Observation, count: Int) -> [Int] {
    guard count > 0 else { return [] }
    let recently =
      lossAt ?? Instant(nanoseconds: clock.since(Instant(nanoseconds: 2 * interval)))
    var heard: [Int] = []
    var others: [Int] = []
    for slot in 0..<table.count {
      let key = table.key(inSlot: slot)
      guard key != localKey, key != observation.key, table.isLive(slot), !table.isAccused(slot)
      else { continue }
      if table.heardAt(slot) >= recently { heard.append(slot) } else { others.append(slot) }
    }
    random.shuffle(&heard)
    var chosen: [Int] = []
    if let relay = observation.relay, let slot = table.slot(of: relay), table.isLive(slot),
      !table.isAccused(slot)
    {
      chosen.append(slot)
    }
    for slot in heard where chosen.count < count && !chosen.contains(slot) {
      chosen.append(slot)
    }
    while chosen.count < count, !others.isEmpty {
      chosen.append(others.remove(at: random.index(others.count)))
    }
    return Array(chosen.prefix(count))
  }

  /// A stream to a silent member has been answered by `peer`.
  mutating func takeStreamAnswer(_ id: StreamID, by peer: MemberKey) {
    noteReached(by: id, of: peer)
    guard let index = observations.firstIndex(where: { $0.verification?.stream == id }),
      observations[index].key == peer
    else { return }
    metrics.streamAnswers += 1
    // It lives, and could judge others: who hears it is not the last one.
    noteHeard(peer, isScheduled: false)
    // Its observers see to it; not each who asks by chance.
    guard !observations[index].isProbe, let slot = table.slot(of: peer) else { return }
    // No heartbeat tells whether it has news, or it of this node's: so they compare all by stream.
    requestSync(
      with: peer,
      at: table[slot].endpoint,
      isFallback: true,
      longestPause: 8 * interval
    )
    guard !observations[index].hasToldStreamOnly else { return }
    observations[index].hasToldStreamOnly = true
    events.append(.answersByStreamOnly(table[slot].id))
  }

  // MARK: Accusing

  /// When this node may accuse: not while it runs late, and a while later when it hears of nobody.
  ///
  /// From the third place on an observer waits a moment: the first two are enough.
  private mutating func accusationAllowedAt(
    _ verification: Observation.Verification,
    _ rank: Int
  ) -> Instant {
    guard clock >= health.calmAt else { return health.calmAt }
    if clock.since(heardAnyAt) >= 2 * interval {
      // The same time for all of them: it is one silence.
      let excusedUntil = silenceExcusedUntil ?? clock.advanced(by: 2 * interval)
      silenceExcusedUntil = excusedUntil
      guard clock >= excusedUntil else { return excusedUntil }
    }
    let turn = rank < 2 ? 0 : interval / 8
    return max(clock, verification.startedAt.advanced(by: patience + turn))
  }

  mutating func accuse(_ index: Int, _ slot: Int) {
    let key = observations[index].key
    let own = localKey
    let before = table[slot].standing
    observations[index].verification = nil
    observations[index].isAccused = true
    observations[index].dueAt = clock.advanced(by: tellingPause)
    metrics.accusationsOut += 1
    table.update(slot) { $0.standing.accuse(own) }
    ping(slot, takeSequence(), claim: table[slot].claim(now: clock))
    guard table[slot].standing != before else { return }
    noteStanding(slot, before: before)
    pushStanding(of: key)
  }
}
