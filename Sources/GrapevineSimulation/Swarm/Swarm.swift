package import GrapevineCore

/// A run in which everything, the faults included, is drawn from one seed; then peace must bring
/// accord.
///
/// First comes safety: nodes write, crash, come back, sleep, leave and are cut off from each
/// other, on a network that loses, doubles and delays. Then comes liveness: all faults end, and
/// within a bounded time all live nodes must hold the same.
package struct Swarm: Sendable {
  package let seed: UInt64
  package let options: Options

  /// What one seed draws before the run begins.
  package struct Options: Sendable, Hashable {
    package var nodeCount = 5
    /// How many different keys each node writes.
    package var keyCount: UInt64 = 12
    /// The most changes that are made at once.
    package var batchSize: UInt64 = 4
    package var conditions = NetworkConditions()
    package var configuration = GossipConfiguration()
    /// How long faults go on.
    package var faultDuration = Duration.seconds(10)
    /// How long the nodes may then take to agree.
    package var healDuration = Duration.seconds(60)
    /// The chances in each tenth of a second.
    package var writeChance = Ratio.percent(50)
    package var crashChance = Ratio.never
    package var pauseChance = Ratio.never
    package var partitionChance = Ratio.never
    package var leaveChance = Ratio.never
    /// Parts of a million by which a clock may be off, either way.
    package var drift: UInt64 = 0

    package init() {}
  }

  /// What came of a run.
  package struct Report: Sendable, Hashable {
    /// Over all that was delivered; equal for equal seeds.
    package let fingerprint: UInt64
    /// From the end of the faults until all agreed.
    package let healing: Duration
    package let stepCount: Int
    package let crashCount: Int
    package let pauseCount: Int
    package let partitionCount: Int
    package let leaveCount: Int
    package let network: NetworkCounters
    package let coverage: Coverage
  }

  /// How often all engines of a run went where few runs go.
  package struct Coverage: Sendable, Hashable {
    package var snapshots = 0
    package var gaps = 0
    package var refusedSections = 0
    package var staleNews = 0
    package var streamFallbacks = 0
    package var failedStreams = 0
    package var raisedGenerations = 0
    package var supersessions = 0
    package var deletions = 0
    package var replacements = 0
    package var expiries = 0

    package init() {}
  }

  package init(seed: UInt64) {
    self.init(seed: seed, options: Swarm.drawOptions(seed))
  }

  package init(seed: UInt64, options: Options) {
    self.seed = seed
    self.options = options
  }

  /// Runs it to its end.
  ///
  /// - Parameter inspect: called with the simulation as it is where a promise was seen broken.
  /// - Returns: what came of it.
  /// - Throws: the first ``Violation``.
  package func run(
    orInspect inspect: (Simulation) -> Void = { _ in }
  ) throws(Violation) -> Report {
    var run = SwarmRun(seed: seed, options: options)
    do throws(Violation) {
      return try run.run()
    } catch {
      inspect(run.simulation)
      throw error
    }
  }

  private static func drawOptions(_ seed: UInt64) -> Options {
    var random = Xoshiro256(seed: seed ^ 0x5377_6172_6D00_0000)
    var options = Options()
    options.nodeCount = 2 + random.index(7)
    options.keyCount = 1 + random.below(random.chance(1, outOf: 2) ? 12 : 300)
    options.batchSize = 1 + random.below(random.chance(1, outOf: 2) ? 4 : 60)
    options.conditions = drawConditions(&random)
    options.configuration = drawConfiguration(&random)
    options.faultDuration = .seconds(Int64(3 + random.below(10)))
    options.writeChance = .percent(10 + random.below(90))
    // Each kind of fault is off in some runs: what one hides, another shows.
    func percent(_ most: UInt64) -> Ratio {
      random.chance(1, outOf: 2) ? .percent(1 + random.below(most)) : .never
    }
    options.crashChance = percent(8)
    options.pauseChance = percent(10)
    options.partitionChance = percent(10)
    options.leaveChance = percent(6)
    options.drift = random.chance(1, outOf: 2) ? random.below(50_000) : 0
    if random.chance(1, outOf: 5) { makeHectic(&options, &random) }
    return options
  }

  /// Lets owners compact at once while old packets are about and newcomers begin from nothing.
  private static func makeHectic(_ options: inout Options, _ random: inout Xoshiro256) {
    options.configuration.interval = .milliseconds(Int64(20 + random.below(100)))
    options.configuration.maximumPacketSize = 512
    options.configuration.streamThreshold = 1_000_000
    options.configuration.compactThreshold = 1 + random.index(3)
    options.configuration.tombstoneAge = .zero
    options.conditions.loss = .percent(random.below(20))
    options.conditions.duplication = .percent(30)
    options.conditions.reordering = .percent(50)
    options.conditions.reorderingDelay = .milliseconds(Int64(50 + random.below(500)))
    options.nodeCount = 2 + random.index(3)
    options.keyCount = 5 + random.below(40)
    options.batchSize = 1 + random.below(10)
    options.writeChance = .percent(90)
    options.crashChance = .percent(10)
  }

  private static func drawConditions(_ random: inout Xoshiro256) -> NetworkConditions {
    var conditions = NetworkConditions()
    let mean = Duration.microseconds(Int64(100 + random.below(20_000)))
    switch random.below(3) {
    case 0: conditions.latency = .fixed(mean)
    case 1: conditions.latency = .uniform(.microseconds(50)...(mean * 2))
    default: conditions.latency = .exponential(floor: mean / 2, mean: mean)
    }
    if random.chance(2, outOf: 3) { conditions.loss = .percent(random.below(30)) }
    if random.chance(1, outOf: 2) { conditions.duplication = .percent(random.below(30)) }
    if random.chance(1, outOf: 2) { conditions.reordering = .percent(random.below(30)) }
    conditions.reorderingDelay = .milliseconds(Int64(1 + random.below(1_500)))
    if random.chance(1, outOf: 3) {
      conditions.datagramSizeLimit = 150 + random.index(1_000)
    }
    if random.chance(1, outOf: 4) { conditions.nodeBandwidth = 20_000 + random.below(2_000_000) }
    return conditions
  }

  private static func drawConfiguration(_ random: inout Xoshiro256) -> GossipConfiguration {
    var configuration = GossipConfiguration()
    configuration.interval = .milliseconds(Int64(100 + random.below(500)))
    configuration.maximumPacketSize = 512 + random.index(1_500)
    configuration.streamThreshold = 1_024 + random.index(40_000)
    configuration.streamTimeout = .milliseconds(Int64(1_000 + random.below(9_000)))
    configuration.compactThreshold = 1 + random.index(20)
    configuration.tombstoneAge = .milliseconds(Int64(random.below(4_000)))
    configuration.memberExpiry = .milliseconds(Int64(1_000 + random.below(8_000)))
    configuration.observerCount = 1 + random.index(4)
    return configuration
  }
}
