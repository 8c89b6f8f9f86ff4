import GrapevineCore

/// The working state of a ``Swarm``.
struct SwarmRun {
  private let options: Swarm.Options
  let simulation: Simulation
  /// What the scenario draws; the network draws its own.
  private var random: Xoshiro256
  private let events = EventCounts()
  private var generations: [UInt64] = []
  private var partitions: [PartitionID] = []
  private var crashCount = 0
  private var pauseCount = 0
  private var partitionCount = 0
  private var leaveCount = 0

  private static var slice: Duration { .milliseconds(100) }

  init(seed: UInt64, options: Swarm.Options) {
    self.options = options
    simulation = Simulation(seed: seed, conditions: options.conditions)
    random = Xoshiro256(seed: seed ^ 0x5275_6E00)
  }

  mutating func run() throws(Violation) -> Swarm.Report {
    simulation.eventHandler = { [events] in events.count($0.event) }
    for index in 0..<options.nodeCount {
      // A leap of the generation, so that a clock that steps back has somewhere to go.
      generations.append(1_000 + random.below(1_000))
      simulation.add(
        name: "node-\(index)",
        generation: generations[index],
        configuration: options.configuration
      )
      drift(index)
    }
    for node in simulation.nodeIndices { connect(node) }
    let end = simulation.now + options.faultDuration
    while simulation.now < end {
      cause()
      try simulation.run(for: Self.slice)
    }
    return try heal()
  }

  /// Does what chance wants in one slice of time.
  private mutating func cause() {
    if options.writeChance.isHit(&random) { write() }
    if options.crashChance.isHit(&random) { crash() }
    if options.crashChance.isHit(&random) { restart() }
    if options.pauseChance.isHit(&random) { pause() }
    if options.pauseChance.isHit(&random) { resume() }
    if options.partitionChance.isHit(&random) { partition() }
    if options.partitionChance.isHit(&random), let id = partitions.popLast() {
      simulation.heal(id)
    }
    if options.leaveChance.isHit(&random) { leave() }
  }

  private mutating func write() {
    guard let node = pick(where: { $0.state(of: $1) == .running && !$0.hasLeft($1) })
    else { return }
    var changes: [Change] = []
    let deletesMost = random.chance(1, outOf: 4)
    for _ in 0...random.below(options.batchSize) {
      let key = "key-\(random.below(options.keyCount))"
      if random.chance(deletesMost ? 9 : 3, outOf: 10) {
        changes.append(.delete(key: key))
      } else {
        changes.append(drawSet(key))
      }
    }
    // A node that has found its name taken refuses all writes, which is right.
    _ = try? simulation.update(node, changes)
  }

  private mutating func drawSet(_ key: String) -> Change {
    let size = random.chance(1, outOf: 20) ? random.index(8_000) : random.index(120)
    let byte = UInt8(truncatingIfNeeded: random.next())
    let timeToLive: Duration? =
      random.chance(1, outOf: 8) ? .milliseconds(Int64(1 + random.below(3_000))) : nil
    return .set(
      key: key,
      value: [UInt8](repeating: byte, count: size),
      timeToLive: timeToLive
    )
  }

  private mutating func crash() {
    guard simulation.liveNodes.count > 2, let node = pick(where: { $0.state(of: $1).isAlive })
    else { return }
    crashCount += 1
    simulation.crash(node, random.chance(1, outOf: 2) ? .host : .process)
  }

  private mutating func restart() {
    guard let node = pick(where: { !$0.state(of: $1).isAlive }) else { return }
    restart(node)
  }

  private mutating func restart(_ node: Int) {
    // Now and then the clock has stepped back meanwhile.
    if random.chance(1, outOf: 3) {
      generations[node] -= min(generations[node], random.below(500))
    } else {
      generations[node] += 1_000 + random.below(1_000)
    }
    let endpoint = random.chance(1, outOf: 3) ? simulation.freshEndpoint() : nil
    simulation.restart(node, generation: generations[node], at: endpoint)
    drift(node)
    connect(node)
  }

  private mutating func pause() {
    guard let node = pick(where: { $0.state(of: $1) == .running }) else { return }
    pauseCount += 1
    simulation.pause(node)
  }

  private mutating func resume() {
    guard let node = pick(where: { $0.state(of: $1) == .paused }) else { return }
    simulation.resume(node)
  }

  private mutating func partition() {
    var nodes = Array(simulation.nodeIndices)
    random.shuffle(&nodes)
    let count = 1 + random.index(nodes.count - 1)
    let (some, others) = (Array(nodes[..<count]), Array(nodes[count...]))
    partitionCount += 1
    partitions.append(
      random.chance(1, outOf: 3)
        ? simulation.partitionOneWay(from: some, to: others)
        : simulation.partition(some, from: others)
    )
  }

  private mutating func leave() {
    guard simulation.liveNodes.count > 2,
      let node = pick(where: { $0.state(of: $1) == .running && !$0.hasLeft($1) })
    else { return }
    leaveCount += 1
    simulation.leave(node)
  }

  /// Ends all faults and demands that the live nodes agree.
  private mutating func heal() throws(Violation) -> Swarm.Report {
    simulation.healAll()
    var calm = NetworkConditions()
    calm.latency = options.conditions.latency
    simulation.conditions = calm
    for node in simulation.nodeIndices {
      if simulation.state(of: node) == .paused { simulation.resume(node) }
      simulation.setDrift(node, partsPerMillion: 0)
      // All come back: what a dead owner told only in part, no survivor can tell another whole.
      if !simulation.state(of: node).isAlive { restart(node) }
    }
    // Those who have all moved meanwhile are found by names, which are resolved again.
    for node in simulation.liveNodes { addSeeds(node) }
    let begin = simulation.now
    let end = try simulation.requireConvergence(within: options.healDuration)
    try simulation.run(for: options.configuration.interval * 4)
    try simulation.requireConvergence(within: options.healDuration)
    return Swarm.Report(
      fingerprint: simulation.fingerprint.value,
      healing: .nanoseconds(Int64(end.since(begin))),
      stepCount: simulation.stepCount,
      crashCount: crashCount,
      pauseCount: pauseCount,
      partitionCount: partitionCount,
      leaveCount: leaveCount,
      network: simulation.networkCounters,
      coverage: coverage()
    )
  }

  private func coverage() -> Swarm.Coverage {
    var coverage = events.coverage
    coverage.snapshots = simulation.sum { $0.snapshotsIn }
    coverage.gaps = simulation.sum { $0.drops[.gap] }
    coverage.refusedSections = simulation.sum { $0.drops[.refused] }
    coverage.staleNews = simulation.sum { $0.drops[.stale] }
    coverage.streamFallbacks = simulation.sum { $0.streamFallbacks }
    coverage.failedStreams = simulation.sum { $0.streamsFailed }
    return coverage
  }

  /// Tells a process whom to contact: another by name now, the first three for ever.
  private mutating func connect(_ node: Int) {
    addSeeds(node)
    let other = random.index(simulation.nodeIndices.count)
    if other != node { simulation.join(node, to: other) }
  }

  private func addSeeds(_ node: Int) {
    simulation.addSeeds(node, simulation.nodeIndices.prefix(3).filter { $0 != node })
  }

  private mutating func drift(_ node: Int) {
    guard options.drift > 0 else { return }
    let amount = Int64(random.below(options.drift + 1))
    simulation.setDrift(node, partsPerMillion: random.chance(1, outOf: 2) ? amount : -amount)
  }

  private mutating func pick(where isFit: (Simulation, Int) -> Bool) -> Int? {
    let fit = simulation.nodeIndices.filter { isFit(simulation, $0) }
    return fit.isEmpty ? nil : fit[random.index(fit.count)]
  }
}

/// Counts the events of all engines.
private final class EventCounts {
  var coverage = Swarm.Coverage()

  func count(_ event: EngineEvent) {
    switch event {
    case .generationRaised: coverage.raisedGenerations += 1
    case .superseded: coverage.supersessions += 1
    case .member(.keyDeleted): coverage.deletions += 1
    case .member(.replaced): coverage.replacements += 1
    case .member(.expired): coverage.expiries += 1
    case .member, .joinFinished, .leaveFinished, .spreadFinished, .stateRefused,
      .answersByStreamOnly, .wasPaused:
      break
    }
  }
}
