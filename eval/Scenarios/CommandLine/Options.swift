package import GrapevineCore
internal import GrapevineSimulation

/// What a person asked for, with the default of everything that was not said.
package struct Options: Sendable, Equatable {
  package var scenario: Scenario
  package var network: Network
  package var givenNodes: Int?
  package var givenRuns: Int?
  package var givenDuration: Duration?
  package var givenSeed: UInt64?
  package var interval: Duration = .milliseconds(500)
  package var slowInterval: Duration = .seconds(10)
  package var loss = 0.0
  package var latency: ClosedRange<Duration> = .milliseconds(1) ... .milliseconds(1)
  package var loops = 1
  package var push = PushMode.tree
  package var hasStreamsOnly = false
  package var givenKeys: Int?
  package var valueSize = 100
  package var bigValueSize: Int?
  package var isLive = false
  package var kills = [Kill.silence]
  package var givenVictims: Int?
  package var shape = PartitionShape.halves
  package var length: Duration = .seconds(30)
  package var rate = 5_000
  package var oneWayCuts = 0
  package var checks = false
  package var expiry: Duration = .seconds(60)
  package var givenSeeds: Int?
  package var givenJobs: Int?
  package var traces = false
  package var keepsGoing = false
  package var plantedFault: PlantedFault?
  package var listsFaults = false
  package var tokens = [256, 512]
  package var weights = [100]
  package var algorithms = ShardAlgorithm.allCases
  package var only: String?
  package var operations: Int?
  package var checkPath: String?
  package var recordPath: String?
  package var comparison = ComparisonSet.push
  package var pagePath = "report.html"
  package var jsonPath: String?

  package init(scenario: Scenario) {
    self.scenario = scenario
    network = scenario == .processes ? .loopback : .simulated
  }

  package var seed: UInt64 {
    get { givenSeed ?? Options.standardSeed(scenario) }
    set { givenSeed = newValue }
  }

  /// The number of nodes; a sync without `--live` needs only a holder and a fresh node.
  package var nodes: Int {
    if let givenNodes { return givenNodes }
    switch scenario {
    case .propagate, .discover, .bootstrap, .detect, .idle, .partition, .churn, .throughput,
      .compare:
      return 64
    case .report: return Report.sizes.max() ?? 0
    case .scale: return 1_000
    case .sync: return isLive ? 64 : 2
    case .compareDetection: return 256
    case .shard: return 100
    case .processes: return 151
    case .locks: return LockTrial.nodeLimit
    case .bench: return 2
    case .simulate: return Swarm.drawOptions(seed).nodeCount
    }
  }

  package var runs: Int {
    givenRuns ?? Options.standardRuns(scenario)
  }

  package var duration: Duration {
    givenDuration ?? Options.standardDuration(scenario, network)
  }

  package var victims: Int {
    givenVictims ?? Options.standardVictims(scenario)
  }

  package var keyCount: Int {
    givenKeys ?? Options.standardKeys(scenario)
  }

  /// Says whether what is run puts files aside.
  var makesFolders: Bool {
    switch scenario {
    case .processes, .report: true
    // What callgrind counts is to have no second thread.
    case .bench: operations == nil
    case .propagate, .discover, .bootstrap, .detect, .idle, .sync, .partition, .churn,
      .throughput, .compareDetection, .simulate, .shard, .locks, .compare, .scale:
      false
    }
  }

  /// The simulation's seeds are counted from 0.
  static func standardSeed(_ scenario: Scenario) -> UInt64 {
    scenario == .simulate ? 0 : 1
  }

  static func standardRuns(_ scenario: Scenario) -> Int {
    switch scenario {
    case .propagate, .discover, .compare: 30
    case .detect: 20
    case .bootstrap, .sync, .compareDetection, .scale: 10
    case .partition: 3
    case .locks, .report: 100
    case .idle, .churn, .throughput, .simulate, .shard, .bench, .processes: 1
    }
  }

  static func standardDuration(_ scenario: Scenario, _ network: Network) -> Duration {
    switch (scenario, network) {
    case (.throughput, _): .seconds(20)
    case (.simulate, _), (.locks, _): .seconds(60)
    case (.churn, .simulated): .seconds(600)
    case (.churn, .loopback): .seconds(60)
    case (_, .simulated): .seconds(30)
    case (_, .loopback): .seconds(10)
    }
  }

  static func standardVictims(_ scenario: Scenario) -> Int {
    scenario == .detect ? 1 : 0
  }

  static func standardKeys(_ scenario: Scenario) -> Int {
    switch scenario {
    case .throughput: 1_000
    case .shard: 100_000
    case .propagate, .discover, .bootstrap, .detect, .idle, .sync, .partition, .churn,
      .compareDetection, .simulate, .locks, .bench, .scale, .processes, .compare, .report:
      10_000
    }
  }
}

/// Arguments that can't be obeyed, with what would be right.
package struct UsageError: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
