import GrapevineCore

// After the faults.
extension SwarmRun {
  /// The time in which members that died must be called so, however many died at once.
  ///
  /// A silence counts for at most 20 intervals, and a single accuser's word for enough after 20
  /// more; where few are looked into at a time, the others wait for their turn.
  private var patience: Duration {
    let configuration = options.configuration
    let turns = options.nodeCount * 4 / configuration.verificationLimit
    let rounds = configuration.interval * (60 + turns)
    // After slow moments answers are waited for longer, for a while.
    return options.profile == .calm ? rounds : rounds + .seconds(6)
  }

  private var members: [Int] { simulation.liveNodes.filter { simulation.isMember($0) } }

  /// Ends all faults and demands that the live nodes agree on each other, and forget who is gone.
  ///
  /// - Returns: the time until they agreed.
  mutating func bringPeace() throws(Violation) -> Duration {
    endFaults()
    let begin = simulation.now
    // What a dead owner told only in part, no survivor can tell another whole: then they agree
    // once it is forgotten.
    var limit = options.healDuration
    if options.leavesDead { limit += options.configuration.memberExpiry + patience }
    let end = try simulation.requireConvergence(within: limit, among: members)
    try simulation.run(for: options.configuration.interval * 4)
    try simulation.requireConvergence(within: limit, among: members)
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
    for node in simulation.nodeIndices {
      if simulation.state(of: node) == .paused { simulation.resume(node) }
      simulation.setDrift(node, partsPerMillion: 0)
      if !simulation.state(of: node).isAlive, !options.leavesDead { restart(node) }
    }
    // Those who have all moved meanwhile are found by names, which are resolved again.
    let first = Array(simulation.liveNodes.prefix(3))
    for node in simulation.liveNodes {
      simulation.addSeeds(node, first.filter { $0 != node })
    }
  }

  /// Lets some die together, and demands that the others notice.
  mutating func bringDeath() throws(Violation) {
    var victims = members
    guard options.lastDeathCount > 0, victims.count > 1 else { return }
    random.shuffle(&victims)
    for node in victims.prefix(min(options.lastDeathCount, victims.count - 1)) {
      witness.coverage.lastDeaths += 1
      crash(node)
    }
    try simulation.run(for: patience)
    try simulation.requireNoGhosts(detection: patience, oblivion: patience)
    try requireAccord()
  }

  /// Demands that all live nodes come to list each other as live, and nobody else.
  private func requireAccord() throws(Violation) {
    try requireAllHeldLive()
    try simulation.run(for: options.configuration.memberExpiry + patience)
    try simulation.requireConvergence(within: options.healDuration, among: members)
    try simulation.requireNoGhosts(detection: patience, oblivion: patience)
    try requireAllHeldLive()
    for node in members {
      let count = simulation.engine(at: node).memberCount
      if count != members.count {
        throw violation(node, "lists \(count) members where \(members.count) live")
      }
    }
  }

  private func requireAllHeldLive() throws(Violation) {
    for node in members {
      for other in members where other != node {
        let id = simulation.engine(at: other).localID
        let known = simulation.member(named: id.name, at: node)
        if known?.id != id || known?.isLive != true {
          let held = known.map { "\($0)" } ?? "nothing"
          throw violation(node, "holds \(held) for \(id), which lives")
        }
      }
    }
  }

  private func violation(_ node: Int, _ detail: String) -> Violation {
    Violation(
      AccordCheck.self,
      seed: simulation.seed,
      time: simulation.now,
      node: node,
      detail: detail
    )
  }
}
