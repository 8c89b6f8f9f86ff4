import GrapevineCore

// After the faults.
extension SwarmRun {
  /// The time in which members that died must be called so, however many died at once.
  ///
  /// A silence counts for a bounded time, and a single accuser's word for enough after another;
  /// where few are looked into at a time, the others wait for their turn.
  var patience: Duration {
    let configuration = options.configuration
    let turns = simulation.nodeIndices.count * 4 / configuration.verificationLimit
    let grace = configuration.silenceLimit + configuration.loneAccuserGrace
    let rounds = configuration.interval * (grace + 20 + turns)
    // After slow moments answers are waited for longer, for a while.
    return options.profile == .calm ? rounds : rounds + .seconds(6)
  }

  /// The longest that a datagram is on its way: it waits for three lines, and is held up.
  private static let drainTime = Duration.seconds(3 * Int64(Swarm.lineDelayLimit) + 2)

  /// The nodes of the core that take part.
  var members: [Int] {
    core.filter { simulation.state(of: $0) == .running && simulation.isMember($0) }
  }

  /// Ends all faults and demands that the core's nodes agree on each other, and forget who is gone.
  ///
  /// - Returns: the time until they agreed.
  mutating func bringPeace() throws(Swarm.Failure) -> Duration {
    endFaults()
    let begin = simulation.now
    // What a dead owner told only in part, no survivor can tell another whole: then they agree
    // once it is forgotten.
    var limit = options.healDuration
    if options.core != .everyone { limit += options.configuration.memberExpiry + patience }
    let end = try converge(within: limit)
    try advance(options.configuration.interval * 4)
    // What was sent before the faults ended may still bring news of those who are gone.
    let drainedAt = begin + Self.drainTime
    if simulation.now < drainedAt {
      try advance(.nanoseconds(Int64(drainedAt.since(simulation.now))))
    }
    _ = try converge(within: limit)
    simulation.peaceful = Set(members)
    try requireAccord()
    return .nanoseconds(Int64(end.since(begin)))
  }

  private mutating func endFaults() {
    simulation.healAll()
    for fault in linkFaults { mend(fault) }
    if let repair, case .mend(let fault) = repair.1 { mend(fault) }
    var calm = NetworkConditions()
    calm.latency = options.conditions.latency
    simulation.conditions = calm
    // Without end to it, what many hold of each other never is the same at one moment.
    simulation.endQuirk(at: .needlessRefutation)
    simulation.endQuirk(at: .hastyAccusation)
    chooseCore()
    for node in core {
      if simulation.state(of: node) == .paused { simulation.resume(node) }
      simulation.setDrift(node, partsPerMillion: 0)
      // Of twins one is enough: the other would have to yield at once.
      if !simulation.state(of: node).isAlive, !simulation.hasRival(node) { restart(node) }
    }
    tellTwinsApart()
    tellSeeds()
  }

  /// Those who have all moved, or given their names up, meanwhile are found by names, which are
  /// resolved again.
  private func tellSeeds() {
    let first = Array(members.prefix(3))
    for node in members {
      simulation.addSeeds(node, first.filter { $0 != node })
    }
  }

  private mutating func chooseCore() {
    core = Array(simulation.nodeIndices)
    guard options.core != .everyone else { return }
    core.removeAll { !simulation.state(of: $0).isAlive }
    guard options.core == .part, core.count > 1 else { return }
    random.shuffle(&core)
    core = core.prefix(1 + random.index(core.count)).sorted()
    let others = simulation.nodeIndices.filter { !core.contains($0) }
    for node in others where simulation.state(of: node).isAlive && random.chance(1, outOf: 2) {
      crash(node)
    }
    simulation.partition(core, from: others)
  }

  /// Lets one of two processes that go by one identity write, unless they differ already.
  ///
  /// With equal versions they do not notice each other, which `docs/protocol.md` names as a gap.
  private mutating func tellTwinsApart() {
    for twin in twins where members.contains(twin) {
      let name = simulation.engine(at: twin).localID.name
      func version(_ node: Int) -> Version { simulation.engine(at: node).version(of: name) ?? 0 }
      let others = simulation.nodeIndices.filter {
        $0 != twin && simulation.engine(at: $0).localID == simulation.engine(at: twin).localID
      }
      for count in 0..<others.count where others.contains(where: { version($0) == version(twin) }) {
        write([.set("twin", to: "\(count)")], twin)
      }
    }
  }

  /// Lets some of the core die together, and demands that the others notice.
  mutating func bringDeath() throws(Swarm.Failure) {
    var victims = members
    guard options.lastDeathCount > 0, victims.count > 1 else { return }
    random.shuffle(&victims)
    for node in victims.prefix(min(options.lastDeathCount, victims.count - 1)) {
      witness.coverage.lastDeaths += 1
      crash(node)
    }
    try advance(patience)
    try requireNoGhosts()
    try requireAccord()
  }
}

// What is demanded.
extension SwarmRun {
  /// Demands that all of the core come to hold the same.
  private mutating func converge(within duration: Duration) throws(Swarm.Failure) -> Instant {
    guard !options.isStarved else { return try settle(within: duration) }
    let deadline = simulation.now + duration
    while true {
      let group = members
      // A process that gives its name up meanwhile is no member any more.
      let count = witness.coverage.supersessions
      if simulation.now < deadline, !twins.isEmpty, simulation.isConverged(among: group),
        Set(group.map { simulation.engine(at: $0).localID }).count < group.count
      {
        // They hold the same, as of two that go by one identity: both took the same generation.
        tellTwinsApart()
        try advance(options.configuration.interval)
        continue
      }
      do throws(Violation) {
        if !simulation.isConverged(among: group) {
          let witness = witness
          let end = try simulation.run(deadline: deadline) { simulation, _ in
            witness.coverage.supersessions == count && !simulation.isConverged(among: group)
          }
          guard end != nil else { break }
          if witness.coverage.supersessions != count { tellSeeds() }
          continue
        }
        try simulation.verify(among: group)
        return simulation.now
      } catch {
        throw Swarm.Failure(kind: .brokenInvariant, violation: error, pending: [])
      }
    }
    throw missed(ConvergenceCheck.self, simulation.dissent.0, simulation.describeDissent())
  }

  /// Demands what is promised where some have no room: all list each other as live, who has refused
  /// nothing holds all that the others have written, and those with room hold the same.
  private mutating func settle(within duration: Duration) throws(Swarm.Failure) -> Instant {
    let deadline = simulation.now + duration
    while true {
      let group = members
      tellTwinsApart()
      do throws(Violation) {
        try simulation.requireAllHeldLive(among: group)
        try simulation.requireKnowledge(among: group)
        try simulation.requireSameness(among: group.filter { hasRoom($0) })
        try simulation.verify(among: group)
        return simulation.now
      } catch {
        guard error.check == AccordCheck.name else {
          throw Swarm.Failure(kind: .brokenInvariant, violation: error, pending: [])
        }
        guard simulation.now < deadline else {
          throw Swarm.Failure(kind: .noConvergence, violation: error, pending: pending())
        }
      }
      let count = witness.coverage.supersessions
      try advance(options.configuration.interval)
      if witness.coverage.supersessions != count { tellSeeds() }
    }
  }

  /// Says whether a node takes all that others say.
  private func hasRoom(_ node: Int) -> Bool {
    simulation.configuration(of: node).remoteStateLimit == GossipConfiguration().remoteStateLimit
  }

  /// Demands that all come to list each other as live, and nobody else.
  private mutating func requireAccord() throws(Swarm.Failure) {
    let group = members
    try demand { () throws(Violation) in try simulation.requireAllHeldLive(among: group) }
    try advance(options.configuration.memberExpiry + patience)
    _ = try converge(within: options.healDuration)
    try requireNoGhosts()
    let rest = members
    try demand { () throws(Violation) in try simulation.requireAccord(among: rest) }
    try requireQuiet()
  }

  /// Demands that nodes that hold the same, and go on to, send no digests, deltas and entries.
  private mutating func requireQuiet() throws(Swarm.Failure) {
    guard !options.isStarved else { return }
    let group = members
    let engines = { [simulation] in group.map { simulation.engine(at: $0) } }
    let fingerprints = engines().map(\.fingerprint)
    guard Set(fingerprints).count == 1 else { return }
    // A heartbeat of before may be on its way, and be answered.
    try advance(options.configuration.interval * 2)
    let before = engines().map(\.metrics)
    try advance(options.configuration.interval * 4)
    // Keys whose time is up, and tombstones that are dropped, are news.
    guard engines().map(\.fingerprint) == fingerprints, members == group else { return }
    witness.coverage.quietSpans += 1
    for (node, (former, latter)) in zip(group, zip(before, engines().map(\.metrics))) {
      let digests = latter.digestsOut - former.digestsOut
      let deltas = latter.deltasOut - former.deltasOut
      let entries = latter.entriesOut - former.entriesOut
      guard digests + deltas + entries > 0 else { continue }
      throw missed(
        ExchangeCheck.self,
        node,
        "all hold the same for four intervals, and it sends \(digests) digests and \(deltas) "
          + "deltas with \(entries) entries"
      )
    }
  }

  private func demand(
    _ body: () throws(Violation) -> Void
  ) throws(Swarm.Failure) {
    do throws(Violation) {
      try body()
    } catch {
      throw Swarm.Failure(kind: .noConvergence, violation: error, pending: pending())
    }
  }

  private func requireNoGhosts() throws(Swarm.Failure) {
    do throws(Violation) {
      try simulation.requireNoGhosts(detection: patience, oblivion: patience)
    } catch {
      // It may also be a promise that was seen broken on the way.
      let isGhost = error.check == GhostCheck.name
      throw Swarm.Failure(
        kind: isGhost ? .noConvergence : .brokenInvariant,
        violation: error,
        pending: isGhost ? pending() : []
      )
    }
  }

  private func missed(_ check: any Check.Type, _ node: Int, _ detail: String) -> Swarm.Failure {
    Swarm.Failure(
      kind: .noConvergence,
      violation: Violation(
        check,
        seed: simulation.seed,
        time: simulation.now,
        node: node,
        detail: detail
      ),
      pending: pending()
    )
  }
}
