// One name, one node: this node's own standing, earlier lives of it, and twins.
extension Engine {
  /// Takes what others say about this node: never its state, and its standing only to refute it.
  mutating func takeNewsOfSelf(_ section: Section) {
    let own = table[localSlot]
    if let claim = section.standing {
      if claim.endpoint != endpoint, claim.standing.incarnation >= own.standing.incarnation,
        claim.standing.verdict == .alive
      {
        guard phase == .active else { return fallSilent(after: own.id) }
        check(rival: own.id, at: claim.endpoint)
        return
      }
      guard claim.standing.verdict != .left, claim.standing.incarnation < .max else {
        // An earlier life with this very identity has left, or a later life of the name has taken
        // its place somewhere: neither returns, whatever its incarnation.
        raiseGeneration(above: own.id.generation)
        return
      }
      if claim.standing.verdict == .down, claim.standing.incarnation >= lockIncarnation {
        // Some took this node for dead, be it that it has refuted what led to that.
        lockIncarnation = claim.standing.incarnation + 1
        loseLocks()
      }
      refute(claim.standing, own.standing)
    }
    guard let state = section.state, raiseCount < Self.raiseLimit else { return }
    if state.end > own.state.version || state.compacted > own.state.compacted {
      // An earlier life with this very identity wrote or dropped more than this one has; who holds
      // that would refuse what this one writes.
      raiseGeneration(above: own.id.generation)
    }
  }

  private mutating func refute(_ claimed: Standing, _ own: Standing) {
    guard phase == .active, claimed.incarnation >= own.incarnation,
      claimed.incarnation < .max, claimed != own, !PlantedFault.neverRefute.isPlanted
    else { return }
    table.update(localSlot) {
      $0.standing = Standing(incarnation: claimed.incarnation + 1)
    }
    metrics.refutations += 1
    if claimed.verdict == .down { distrustSilence() }
    pushStanding(of: localKey)
  }

  /// A packet came from someone with this node's key.
  mutating func checkTwin(at source: Endpoint) {
    guard source != endpoint else { return }
    check(rival: localID, at: source, isHeldByOthers: false)
  }

  /// Asks, by stream, whether another holder of this node's name lives.
  mutating func check(
    rival: MemberID,
    at rivalEndpoint: Endpoint,
    isHeldByOthers: Bool = true
  ) {
    guard phase == .active, nameCheck == nil else { return }
    nameCheck = NameCheck(
      rival: rival,
      rivalEndpoint: rivalEndpoint,
      isHeldByOthers: isHeldByOthers,
      until: clock + configuration.nameCheckTimeout
    )
    guard rivalEndpoint != endpoint else {
      // The address is this node's own, so whoever had it is gone.
      finishNameCheck(isAlive: false)
      return
    }
    askRival()
  }

  mutating func askRival() {
    guard let check = nameCheck else { return }
    let stream = open(check.rivalEndpoint, .ping, peer: MemberKey(check.rival))
    nameCheck?.retryAt = .never
    nameCheck?.stream = stream
  }

  /// Asks again in a moment, as the rival had no room for a stream, or this node had none; a rival
  /// that had none for as long as it was asked is taken to live.
  mutating func putOffNameCheck() {
    guard let check = nameCheck else { return }
    nameCheck?.stream = nil
    let retryAt = clock.advanced(by: random.number(in: 20_000_000...200_000_000))
    guard retryAt < check.until else { return finishNameCheck(isAlive: true) }
    nameCheck?.retryAt = retryAt
  }

  mutating func finishNameCheck(isAlive: Bool) {
    guard let done = nameCheck else { return }
    nameCheck = nil
    guard phase == .active else { return }
    guard isAlive else {
      if done.isHeldByOthers { raiseGeneration(above: done.rival.generation) }
      return
    }
    let own = localID
    // Of two with the very same identity that others know already, the lower address stays.
    if table.count > 1, done.rival == own, endpoint < done.rivalEndpoint {
      events.append(
        .member(.nameConflict(own: own, rival: done.rival, address: done.rivalEndpoint))
      )
      // A later life tells the two apart everywhere, and lets the other one yield.
      raiseGeneration(above: own.generation)
      return
    }
    yieldName(to: done.rival, at: done.rivalEndpoint)
  }

  /// Says nothing more, as one that has left and is forgotten, or whose identity lives elsewhere.
  ///
  /// Else it would keep that one alive when it dies; and of others it may tell what is long over,
  /// as it looks after nobody. Until all was told of leaving it goes on.
  mutating func fallSilent(after successor: MemberID) {
    guard phase == .left, leaving == nil, pending.isEmpty else { return }
    phase = .superseded(by: successor)
    endWaits()
  }

  /// Goes silent for good: the other goes on under the name.
  mutating func yieldName(to rival: MemberID, at rivalEndpoint: Endpoint) {
    let own = localID
    giveUpLocks()
    phase = .superseded(by: rival)
    events.append(.member(.nameConflict(own: own, rival: rival, address: rivalEndpoint)))
    events.append(.superseded(by: rival, at: rivalEndpoint))
    for join in joins {
      events.append(
        .joinFinished(join.ticket, .failed(.nameTaken(by: rival, at: rivalEndpoint)))
      )
    }
    endWaits()
  }

  private mutating func endWaits() {
    joins = []
    // No packet comes any more that could end them.
    for spread in spreads {
      events.append(.spreadFinished(spread.ticket, missing: identities(of: spread.waiting)))
    }
    spreads = []
    finishReaches()
    for session in streams { drop(session.id, aborting: true) }
    earlyAt = .never
  }

  /// Begins a new life with a generation above an earlier one's, with the same keys and values.
  ///
  /// Two live nodes that can't reach each other would drive each other on; so after a few times
  /// this one yields.
  mutating func raiseGeneration(above generation: UInt64) {
    guard phase == .active else { return }
    let own = table[localSlot]
    guard generation >= own.id.generation else {
      // Raised far enough already; what was asked with the former life is to be asked again.
      resumeHeldJoins()
      return
    }
    guard raiseCount < Self.raiseLimit, let id = laterLife(of: own.id.name, above: generation)
    else {
      yieldName(to: MemberID(name: own.id.name, generation: generation), at: endpoint)
      return
    }
    raiseCount += 1
    // Whoever took the former life for dead may have taken what it held.
    loseLocks()
    guard let old = table.remove(localKey) else { return }
    graves.bury(old, isReplaced: true, now: clock)
    let record = MemberRecord(
      id: id,
      endpoint: endpoint,
      standing: Standing(),
      verdictSince: PastInstant(clock),
      state: old.state
    )
    localKey = record.key
    graves.remove(localKey)
    table.insert(record)
    invalidateRings(isLoss: false)
    events.append(.generationRaised(id))
    resumeHeldJoins()
    pushNewcomer(localKey)
  }

  /// The next life whose key nobody holds: a stranger can make up a name and a generation with any
  /// key.
  private func laterLife(of name: String, above generation: UInt64) -> MemberID? {
    var generation = generation
    while generation < .max {
      generation += 1
      let id = MemberID(name: name, generation: generation)
      if !table.contains(MemberKey(id)) { return id }
    }
    return nil
  }

  private mutating func resumeHeldJoins() {
    for index in joins.indices where joins[index].isHeld {
      joins[index].isHeld = false
      joins[index].dueAt = clock
    }
  }

  static var raiseLimit: Int { 8 }
}
