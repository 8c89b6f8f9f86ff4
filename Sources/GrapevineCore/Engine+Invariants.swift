extension Engine: SelfVerifying {
  /// Throws if what is stored does not agree with itself, or exceeds its limit; O(all entries).
  package func verifyInvariants() throws(BrokenInvariant) {
    try verifyInvariants(of: configuration)
  }

  /// Throws if what is stored does not agree with itself, or exceeds a limit of `configuration`.
  package func verifyInvariants(
    of configuration: GossipConfiguration
  ) throws(BrokenInvariant) {
    try table.verifyInvariants()
    try require(table.contains(localKey), "the node itself is not in its table")
    try verifyLimits(of: configuration)
    for slot in 0..<table.count {
      try require(graves.find(table.key(inSlot: slot)) == nil, "a member has a grave")
      let entryCount = table[slot].state.entryCount
      try require(
        entryCount <= configuration.entryLimit + ReservedKeys.count,
        "\(entryCount) entries of a member"
      )
    }
    try verifyObservations(of: configuration)
    try verifyAccusations()
    try verifyQuestions(of: configuration)
    try verifyDissemination(of: configuration)
    try locks.verifyInvariants()
  }

  /// How much of a life's state is held; nil if it is unknown.
  ///
  /// What ``verifyInvariants()`` can't see is that it goes back.
  package func progress(of key: MemberKey) -> Progress? {
    table.slot(of: key).map { table[$0].state.progress }
  }

  /// Throws if more of something is held than `configuration` allows; O(streams).
  ///
  /// It is cheap enough to be asked after each input.
  package func verifyLimits(of configuration: GossipConfiguration) throws(BrokenInvariant) {
    try require(table.count <= configuration.memberLimit, "\(table.count) members")
    try require(graves.count <= configuration.graveLimit, "\(graves.count) graves")
    // What came last may take more memory than bytes, be it for a larger table of keys.
    let stateLimit = configuration.remoteStateLimit
    try require(
      remoteStateSize <= stateLimit + stateLimit / 2 + 32_768,
      "\(remoteStateSize) bytes of others' state"
    )
    try require(seeds.count <= configuration.seedLimit, "\(seeds.count) seeds")
    try require(joins.count <= configuration.joinLimit, "\(joins.count) joins")
    try require(exchanges.count <= ExchangeTable.limit, "\(exchanges.count) exchanges")
    try require(pulls.count <= RecentPulls.limit, "\(pulls.count) pulls")
    try require(observations.count < configuration.memberLimit, "\(observations.count) observed")
    try require(accusations.count < table.count, "\(accusations.count) accusations")
    try require(
      challenges.count <= configuration.verificationLimit,
      "\(challenges.count) challenges"
    )
    try require(relays.count <= configuration.relayLimit, "\(relays.count) relays")
    try require(spreads.count <= configuration.spreadLimit, "\(spreads.count) spreads")
    try require(reaches.count <= reachLimit, "\(reaches.count) attempts to reach")
    try require(pushCount <= configuration.pushLimit, "\(pushCount) pushes")
    // The own standing may come on top.
    try require(
      pending.standings.count <= PendingPush.limit + 1
        && pending.newcomers.count <= PendingPush.limit,
      "\(pending.standings.count) and \(pending.newcomers.count) pieces of news"
    )
    try require(
      locks.promiseCount <= configuration.lockMemoryLimit,
      "\(locks.promiseCount) promises of locks"
    )
    try verifyStreams(of: configuration)
  }

  private func verifyStreams(
    of configuration: GossipConfiguration
  ) throws(BrokenInvariant) {
    guard !streams.isEmpty else { return }
    try require(
      inboundCount <= configuration.inboundStreamLimit,
      "\(inboundCount) inbound streams"
    )
    // A name check and the three of a leave may come on top.
    try require(
      outboundCount <= configuration.outboundStreamLimit + 4,
      "\(outboundCount) outbound streams"
    )
    var held = 0
    var unsent = 0
    var staged = 0
    var messageLimit = 0
    for session in streams {
      held += session.assembler.heldSize
      unsent += session.unsentSize
      staged += session.staged?.snapshot.footprint ?? 0
      messageLimit = max(messageLimit, session.messageLimit)
      try require(session.queued <= configuration.streamQueueLimit, "\(session.queued) queued")
    }
    // Each may hold a frame besides, and what is put together last is put together whole.
    let slack = streams.count * FrameKind.sizeLimit
    let limit = configuration.streamMemoryLimit
    try require(held <= max(limit, messageLimit) + slack, "\(held) bytes of unfinished messages")
    try require(unsent <= limit + messageLimit + slack, "\(unsent) bytes unsent")
    try require(staged <= configuration.remoteStateLimit, "\(staged) bytes of snapshots in part")
  }

  private func verifyObservations(
    of configuration: GossipConfiguration
  ) throws(BrokenInvariant) {
    for (index, observation) in observations.enumerated() {
      try require(
        index == 0 || observations[index - 1].key < observation.key,
        "observations are not in order"
      )
      try require(observation.key != localKey, "the node observes itself")
      try require(observation.window.count <= configuration.arrivalWindow, "a window is too long")
      try require(
        (1...Observation.cautionLimit).contains(observation.caution),
        "a caution of \(observation.caution)"
      )
      try require(
        !observation.isAccused || observation.verification == nil,
        "an accused member is still looked into"
      )
    }
    let verified = observations.count { $0.verification != nil }
    try require(verified <= configuration.verificationLimit, "\(verified) are looked into")
    if let observers {
      try require(observers.count <= configuration.observerCount, "\(observers.count) observers")
      try require(Set(observers).count == observers.count, "an observer comes twice")
      try require(!observers.contains(localKey), "the node is its own observer")
    }
    try require((1...configuration.healthLimit).contains(health.multiplier), "a wrong multiplier")
  }

  /// Each live member that someone accuses has an accusation of just that incarnation, and nobody
  /// else has one.
  private func verifyAccusations() throws(BrokenInvariant) {
    for index in accusations.indices {
      let accusation = accusations[index]
      try require(accusations.index(of: accusation.key) == index, "an accusation is not found")
      try require(accusation.dueAt >= accusations.dueAt, "an accusation is due before the first")
      guard let slot = table.slot(of: accusation.key) else {
        throw BrokenInvariant("a member is accused that is not known")
      }
      let standing = table[slot].standing
      try require(standing.verdict == .alive, "a member is accused that is judged")
      try require(!standing.accusers.isEmpty, "a member is accused by nobody")
      try require(standing.incarnation == accusation.incarnation, "an accusation is refuted")
      try require(
        (accusation.secondAt != nil) == (standing.accusers.count > 1),
        "a second accuser without its time"
      )
      try require(accusation.dueAt < .never, "an accusation waits for ever")
    }
    let accused = (0..<table.count).count { table.isLive($0) && table.isAccused($0) }
    try require(accused == accusations.count, "\(accused) accused, \(accusations.count) noted")
    try require(!table.isAccused(localSlot), "the node has not refuted")
  }

  private func verifyQuestions(
    of configuration: GossipConfiguration
  ) throws(BrokenInvariant) {
    try require(Set(challenges.map(\.key)).count == challenges.count, "a challenge comes twice")
    for challenge in challenges {
      try require(challenge.claim.standing.verdict == .down, "a challenge without a verdict")
    }
    for spread in spreads {
      try require(!spread.waiting.isEmpty, "a spread waits for nobody")
      try require(spread.cursor < spread.waiting.count, "a spread has asked beyond its end")
    }
  }

  private func verifyDissemination(
    of configuration: GossipConfiguration
  ) throws(BrokenInvariant) {
    try require(Set(pending.standings).count == pending.standings.count, "news comes twice")
    try require(Set(pending.newcomers).count == pending.newcomers.count, "news comes twice")
    guard !isSilent else { return }
    try require(pending.isEmpty == (pending.dueAt == .never), "news waits for ever")
    try require(
      configuration.push == .tree || pending.isEmpty,
      "news waits where nothing is pushed"
    )
  }
}
