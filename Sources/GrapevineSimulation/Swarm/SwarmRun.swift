import GrapevineCore

/// The working state of a ``Swarm``.
struct SwarmRun {
  let options: Swarm.Options
  let simulation: Simulation
  /// What the scenario draws; the network draws its own.
  var random: Xoshiro256
  let witness: SwarmWitness
  var generations: [UInt64] = []
  var partitions: [PartitionID] = []
  var linkFaults: [LinkFault] = []
  /// The end of the fault in force in a calm run.
  var repair: (at: Instant, Repair)?

  /// A fault of links that is to end.
  enum LinkFault {
    case cut(PartitionID)
    case rule(source: Int, target: Int)
    /// All datagrams of the node vanish; streams go on.
    case blackHole(Int)
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

  init(seed: UInt64, options: Swarm.Options) {
    self.options = options
    simulation = Simulation(seed: seed, conditions: options.conditions)
    random = Xoshiro256(seed: seed ^ 0x5275_6E00)
    witness = SwarmWitness(simulation)
  }

  mutating func run() throws(Violation) -> Swarm.Report {
    simulation.eventHandler = { [unowned witness] in witness.observe($0) }
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
    let healing = try bringPeace()
    try bringDeath()
    return Swarm.Report(
      fingerprint: simulation.fingerprint.value,
      healing: healing,
      stepCount: simulation.stepCount,
      network: simulation.networkCounters,
      coverage: witness.finalCoverage()
    )
  }
}

// Nodes.
extension SwarmRun {
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
}
