package import GrapevineCore

/// A run in which everything, the faults included, is drawn from one seed; then peace must bring
/// accord.
///
/// First comes safety: nodes write, crash, come back, sleep, leave and are cut off from each
/// other, on a network that loses, doubles and delays. Then comes liveness: all faults end, and
/// within a bounded time all live nodes must hold the same, list each other as live, and forget
/// who is gone. Last, some of them may die together, which the others must find out.
package struct Swarm: Sendable {
  package let seed: UInt64
  package let options: Options

  /// What kinds of trouble a run is made of.
  package enum Profile: Sendable, Hashable, CaseIterable {
    /// Any mix of faults; what they explain is not held against anyone.
    case usual
    /// Owners compact at once while old packets are about and newcomers begin from nothing.
    case hectic
    /// One fault after the other on a good network, so that every verdict is judged.
    case calm
  }

  /// What one seed draws before the run begins.
  package struct Options: Sendable, Hashable {
    package var profile = Profile.usual
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
    package var spreadChance = Ratio.never
    package var crashChance = Ratio.never
    package var pauseChance = Ratio.never
    package var resumeChance = Ratio.never
    package var partitionChance = Ratio.never
    /// One direction of one link is cut, or gets a rule of its own; or all datagrams of a node
    /// vanish while its streams go on.
    package var linkChance = Ratio.never
    package var leaveChance = Ratio.never
    /// A fault of the calm profile begins while no other is in force.
    package var episodeChance = Ratio.never
    /// Says that who is dead when the faults end stays so.
    package var leavesDead = false
    /// How many of the live ones die together once there is accord.
    package var lastDeathCount = 0
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
    package let network: NetworkCounters
    package let coverage: Coverage
  }

  /// How often a run, or its engines, went where few go.
  package struct Coverage: Sendable, Hashable {
    // What was done.
    package var crashes = 0
    package var hostCrashes = 0
    package var moves = 0
    package var setBacks = 0
    package var sleeps = 0
    package var partitions = 0
    package var oneWayPartitions = 0
    package var cuts = 0
    package var linkRules = 0
    package var blackHoles = 0
    package var leaves = 0
    package var lastDeaths = 0
    // What the engines told.
    package var raisedGenerations = 0
    package var supersessions = 0
    package var deletions = 0
    package var replacements = 0
    package var expiries = 0
    package var rejoins = 0
    package var leavings = 0
    package var spreads = 0
    package var streamOnly = 0
    // What they counted.
    package var snapshots = 0
    package var gaps = 0
    package var refusedSections = 0
    package var staleNews = 0
    package var streamFallbacks = 0
    package var failedStreams = 0
    package var pushesWithNews = 0
    package var pulls = 0
    package var suspicions = 0
    package var relayAnswers = 0
    package var streamAnswers = 0
    package var accusations = 0
    package var refutations = 0
    package var verdicts = 0
    package var challenges = 0
    package var pauses = 0

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
}
