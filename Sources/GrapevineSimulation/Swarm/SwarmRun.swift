import GrapevineCore

/// The working state of a ``Swarm``.
struct SwarmRun {
  let options: Swarm.Options
  let simulation: Simulation
  /// What the scenario draws; the network draws its own.
  var random: Xoshiro256
  let witness: SwarmWitness
  var generations: [UInt64] = []
  /// The names that were given out.
  var nameCount = 0
  /// The nodes that began under the name of another.
  var twins: [Int] = []
  var partitions: [(id: PartitionID, healableAt: Instant)] = []
  /// Until when nothing is cut, as something has just healed.
  var wholeUntil = Instant.zero
  var swizzle: Swizzle?
  var linkFaults: [LinkFault] = []
  /// The end of the fault in force in a calm run.
  var repair: (at: Instant, Repair)?
  /// Who must agree once the faults have ended, be it alive or not.
  var core: [Int] = []

  /// A fault of links that is to end.
  enum LinkFault {
    case cut(PartitionID)
    case rule(source: Int, target: Int)
    /// All datagrams of the node vanish; streams go on.
    case blackHole(Int)
  }

  /// Nodes that are cut off one after the other, and come back in another order.
  struct Swizzle {
    /// Who is still to be cut off, the next one last.
    var waiting: [Int]
    var clogged: [PartitionID] = []
    let pause: Duration
    var dueAt: Instant
  }

  /// What ends a fault of a calm run.
  enum Repair {
    case restart(Int)
    case resume(Int)
    case heal(PartitionID)
    case mend(LinkFault)
    case nothing
  }

  private static var slice: Duration { .milliseconds(100) }

  init(seed: UInt64, options: Swarm.Options, trace: Trace?) {
    self.options = options
    simulation = Simulation(seed: seed, conditions: options.conditions, trace: trace)
    simulation.quirkSites = options.quirkSites
    random = Xoshiro256(seed: seed ^ 0x5275_6E00)
    witness = SwarmWitness(options.configuration)
  }

  mutating func run() throws(Swarm.Failure) -> Swarm.Report {
    simulation.eventHandler = { [unowned witness] in witness.observe($0) }
    for _ in 0..<options.nodeCount { addNode() }
    for node in simulation.nodeIndices { connect(node) }
    let end = simulation.now + options.safetyDuration
    while simulation.now < end {
      cause()
      try advance(Self.slice)
    }
    simulation.trace?.scenario(at: simulation.now, "the faults end")
    let healing = try bringPeace()
    simulation.trace?.scenario(at: simulation.now, "all agreed")
    try bringDeath()
    return report(healing)
  }

  private func report(_ healing: Duration) -> Swarm.Report {
    let nodes = simulation.nodeIndices
    return Swarm.Report(
      fingerprint: simulation.fingerprint.value,
      duration: .nanoseconds(Int64(simulation.now.nanoseconds)),
      healing: healing,
      processCount: witness.coverage.starts,
      stepCount: simulation.stepCount,
      packetCount: nodes.reduce(0) { $0 + simulation.traffic(of: $1).packetsOut },
      streamCount: nodes.reduce(0) { $0 + simulation.traffic(of: $1).streamsOut },
      writeCount: witness.coverage.writes,
      counts: Sometimes.all.map { $0.count(simulation, witness.coverage) }
    )
  }

  /// Lets time pass; whatever is thrown meanwhile is a promise that holds at any time.
  func advance(_ duration: Duration) throws(Swarm.Failure) {
    do throws(Violation) {
      try simulation.run(for: duration)
    } catch {
      throw Swarm.Failure(kind: .brokenInvariant, violation: error, pending: [])
    }
  }
}

// Nodes.
extension SwarmRun {
  /// Starts a process of a new name.
  @discardableResult
  mutating func addNode() -> Int {
    nameCount += 1
    // A leap of the generation, so that a clock that steps back has somewhere to go.
    return start("node-\(nameCount - 1)", generation: 1_000 + random.below(1_000))
  }

  /// Starts a process beside those that there are.
  mutating func start(_ name: String, generation: UInt64) -> Int {
    generations.append(generation)
    var configuration = options.configuration
    if generations.count.isMultiple(of: 2) {
      configuration.remoteStateLimit = GossipConfiguration().remoteStateLimit
    }
    let node = simulation.add(name: name, generation: generation, configuration: configuration)
    witness.noteStart(node)
    drift(node)
    return node
  }

  /// Tells a process whom to contact: another by name now, the first three for ever.
  mutating func connect(_ node: Int) {
    addSeeds(node)
    let other = random.index(simulation.nodeIndices.count)
    if other != node { simulation.join(node, to: other) }
  }

  func addSeeds(_ node: Int) {
    simulation.addSeeds(node, simulation.nodeIndices.prefix(3).filter { $0 != node })
  }

  mutating func restart(_ node: Int) {
    // Now and then the clock has stepped back meanwhile.
    if random.chance(1, outOf: 3) {
      witness.coverage.setBacks += 1
      generations[node] -= min(generations[node], random.below(500))
    } else {
      generations[node] += 1_000 + random.below(1_000)
    }
    let moves = random.chance(1, outOf: 3)
    witness.coverage.moves += moves ? 1 : 0
    simulation.restart(
      node,
      generation: generations[node],
      at: moves ? simulation.freshEndpoint() : nil
    )
    witness.coverage.restarts += 1
    witness.noteStart(node)
    drift(node)
    connect(node)
  }

  private mutating func drift(_ node: Int) {
    guard options.drift > 0 else { return }
    let amount = Int64(random.below(options.drift + 1))
    simulation.setDrift(node, partsPerMillion: random.chance(1, outOf: 2) ? amount : -amount)
  }

  mutating func pick(where isFit: (Simulation, Int) -> Bool) -> Int? {
    let fit = simulation.nodeIndices.filter { isFit(simulation, $0) }
    return fit.isEmpty ? nil : fit[random.index(fit.count)]
  }

  /// A node whose process runs and has not left.
  mutating func pickActive() -> Int? {
    pick { $0.state(of: $1) == .running && !$0.hasLeft($1) }
  }

  /// Another node than this one; nil if there is none.
  mutating func pickOther(than node: Int) -> Int? {
    let count = simulation.nodeIndices.count
    return count < 2 ? nil : (node + 1 + random.index(count - 1)) % count
  }
}
