import GrapevineCore

/// Nodes that come and go, each of which wants the locks that are its own to hold.
///
/// Who owns which lock each node reckons from the members that it holds for live: the one whose
/// hash with the lock is lowest. It claims what it owns, and lets go of the rest. What is done to
/// the nodes is drawn from the seed.
package struct LockTrial {
  /// What a trial is about.
  package struct Options: Sendable {
    package var seed: UInt64
    /// Splits, too: then two nodes may hold a lock, which is counted and no failure.
    package var hasSplits: Bool
    /// All nodes want all locks at times, whoever owns them.
    package var isContended: Bool
    package var duration: Duration

    package init(
      seed: UInt64,
      hasSplits: Bool = false,
      isContended: Bool = false,
      duration: Duration = .seconds(60)
    ) {
      self.seed = seed
      self.hasSplits = hasSplits
      self.isContended = isContended
      self.duration = duration
    }
  }

  /// What came of it.
  package struct Report: Sendable, Hashable {
    package var grants = 0
    package var losses = 0
    package var contested = 0
    package var crashes = 0
    package var splits = 0
    /// Grants of a lock that another running node held.
    package var sharedGrants = 0
    /// How long after the faults ended each lock had exactly one holder.
    package var settledAfter = Duration.zero
    package var stepCount = 0
  }

  private let options: Options
  private let simulation: Simulation
  private var random: Xoshiro256
  private let locks: [LockID]
  private var report = Report()
  /// By node whether its process has seen most of the others.
  private var hasMetMost: [Bool] = []
  private var split: PartitionID?

  /// The time between two looks of a node at what it owns.
  private static let lookPause = Duration.milliseconds(100)
  /// The most nodes of a trial.
  package static let nodeLimit = 8
  /// The longest time from the end of all faults until each lock has one holder: a crash is found,
  /// a newcomer has waited, and a few rounds of claims.
  package static let settlingLimit = Duration.seconds(12)

  package init(_ options: Options) {
    self.options = options
    random = Xoshiro256(seed: options.seed ^ 0x4C6F_636B_7300_0000)
    var conditions = NetworkConditions()
    conditions.latency = .exponential(
      floor: .microseconds(100),
      mean: .microseconds(Int64(200 + random.below(20_000)))
    )
    if random.chance(2, outOf: 3) { conditions.loss = .percent(random.below(21)) }
    if random.chance(1, outOf: 2) { conditions.duplication = .percent(random.below(20)) }
    if random.chance(1, outOf: 2) { conditions.reordering = .percent(random.below(20)) }
    // Most of all checks cost more than they find out about locks.
    let checking: Simulation.Checking = random.chance(1, outOf: 4) ? .everything : .limits
    simulation = Simulation(seed: options.seed, conditions: conditions, checking: checking)
    simulation.judgesVerdicts = false
    simulation.judgesLocks = !options.hasSplits
    locks = (0..<1 + random.index(12)).map { LockID(prefix: "trial", key: "key-\($0)") }
  }

  /// Runs it.
  ///
  /// - Throws: the first broken promise, or that the locks did not come to one holder each.
  package mutating func run() throws(Violation) -> Report {
    let count = 2 + random.index(Self.nodeLimit - 1)
    hasMetMost = [Bool](repeating: false, count: count)
    for node in 0..<count {
      simulation.add(name: "node-\(node)", generation: 1_000)
      if node > 0 { simulation.join(node, to: random.index(node)) }
    }
    let end = simulation.now + options.duration
    while simulation.now < end {
      draw()
      look()
      try simulation.run(for: Self.lookPause)
    }
    if !options.isContended { try settle() }
    report.stepCount = Int(simulation.stepCount)
    report.sharedGrants = simulation.sharedGrantCount
    report.grants = simulation.sum(\.locksGranted)
    report.contested = simulation.sum(\.locksContested)
    return report
  }

  // MARK: What is done to the nodes

  private mutating func draw() {
    if random.chance(1, outOf: 60) { crashOne() }
    for node in simulation.nodeIndices
    where !simulation.state(of: node).isAlive && random.chance(1, outOf: 30) {
      restart(node)
    }
    if random.chance(1, outOf: 50) { releaseSome() }
    guard options.hasSplits else { return }
    if let open = split {
      guard random.chance(1, outOf: 60) else { return }
      simulation.heal(open)
      split = nil
    } else if random.chance(1, outOf: 80) {
      var nodes = Array(simulation.nodeIndices)
      random.shuffle(&nodes)
      let size = 1 + random.index(nodes.count - 1)
      split = simulation.partition(Array(nodes[..<size]), from: Array(nodes[size...]))
      report.splits += 1
    }
  }

  private mutating func crashOne() {
    let running = simulation.nodeIndices.filter { simulation.state(of: $0) == .running }
    guard running.count > 1 else { return }
    report.crashes += 1
    simulation.crash(
      running[random.index(running.count)],
      random.chance(1, outOf: 2) ? .process : .host
    )
  }

  private mutating func restart(_ node: Int) {
    let seeds = simulation.nodeIndices.filter { simulation.state(of: $0) == .running }
    let generation = 1_000 + simulation.now.nanoseconds / 1_000_000
    simulation.restart(node, generation: generation)
    hasMetMost[node] = false
    guard !seeds.isEmpty else { return }
    simulation.join(node, to: seeds[random.index(seeds.count)])
    simulation.addSeeds(node, seeds)
  }

  /// Lets nodes let go of what they own, as a user may at any time.
  private mutating func releaseSome() {
    for id in locks where random.chance(1, outOf: 4) {
      for node in simulation.holders(of: id) {
        simulation.mutate(node) { engine, now in engine.releaseLock(id, now: now) }
      }
    }
  }

  // MARK: What nodes do

  private mutating func look() {
    for node in simulation.nodeIndices where simulation.state(of: node) == .running {
      let names = simulation.read(node) { engine, now in
        engine.memberSummaries(now: now).filter(\.isLive).map(\.name)
      }
      // A cluster that has not come together is as good as split.
      if 2 * names.count > simulation.nodeIndices.count { hasMetMost[node] = true }
      guard hasMetMost[node] else { continue }
      guard !options.isContended else {
        contend(node)
        continue
      }
      let own = simulation.read(node) { engine, _ in engine.localID.name }
      for id in locks {
        let owner = names.min { Self.hash(id, $0) < Self.hash(id, $1) }
        let isClaiming = simulation.read(node) { engine, _ in engine.isClaiming(id) }
        if owner == own, !isClaiming {
          simulation.mutate(node) { engine, now in engine.claimLock(id, now: now) }
        } else if owner != own, isClaiming {
          simulation.mutate(node) { engine, now in engine.releaseLock(id, now: now) }
        }
      }
    }
  }

  private mutating func contend(_ node: Int) {
    for id in locks {
      let isClaiming = simulation.read(node) { engine, _ in engine.isClaiming(id) }
      if isClaiming, random.chance(1, outOf: 20) {
        simulation.mutate(node) { engine, now in engine.releaseLock(id, now: now) }
      } else if !isClaiming, random.chance(1, outOf: 10) {
        simulation.mutate(node) { engine, now in engine.claimLock(id, now: now) }
      }
    }
  }

  private static func hash(_ id: LockID, _ name: String) -> UInt64 {
    LockID(prefix: name, key: "\(id.rawValue)").rawValue
  }

  // MARK: The end

  /// Ends all faults and waits until each lock has one holder, for good.
  private mutating func settle() throws(Violation) {
    simulation.healAll()
    for node in simulation.nodeIndices where !simulation.state(of: node).isAlive {
      restart(node)
    }
    let begin = simulation.now
    let end = begin + Self.settlingLimit
    while true {
      look()
      let unsettled = locks.first { simulation.holders(of: $0).count != 1 }
      if unsettled == nil, knowEachOther { break }
      guard simulation.now < end else {
        let id = unsettled ?? locks[0]
        throw Violation(
          LockCheck.self,
          seed: options.seed,
          time: simulation.now,
          node: simulation.holders(of: id).first ?? 0,
          detail: "lock \(id.rawValue) has \(simulation.holders(of: id).count) holders long after "
            + "the faults ended"
        )
      }
      try simulation.run(for: Self.lookPause)
    }
    report.settledAfter = .nanoseconds(Int64(simulation.now.since(begin)))
    // From here on nothing is shared any more, splits or not.
    simulation.judgesLocks = true
    for _ in 0..<30 {
      look()
      try simulation.run(for: Self.lookPause)
      for id in locks where simulation.holders(of: id).count > 1 {
        throw Violation(
          LockCheck.self,
          seed: options.seed,
          time: simulation.now,
          node: simulation.holders(of: id)[1],
          detail: "lock \(id.rawValue) has two holders long after the faults ended"
        )
      }
    }
  }
  private var knowEachOther: Bool {
    simulation.nodeIndices.allSatisfy { node in
      simulation.read(node) { engine, _ in engine.liveMemberCount }
        == simulation.nodeIndices.count
    }
  }
}
