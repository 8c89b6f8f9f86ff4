import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

@testable import EvalScenarios

/// What the scenarios make of clusters in which something goes wrong.
@Suite(.computing, .timeLimit(.minutes(15))) struct FaultScenarioTests {
  private func options(_ scenario: Scenario, nodes: Int = 8) -> Options {
    var options = Options(scenario: scenario)
    options.givenNodes = nodes
    options.givenRuns = 2
    options.givenDuration = .seconds(20)
    options.expiry = .seconds(10)
    options.length = .seconds(10)
    return options
  }

  private func measure(_ options: Options) throws -> Outcome {
    let progress = Progress(isTerminal: false, write: { _ in })
    return try Evaluation.measure(Measurement(options: options, progress: progress))
  }

  /// The same with something done to each cluster as it is made.
  private func measure(
    _ options: Options,
    _ prepare: @escaping (SimulatedCluster) -> Void
  ) throws -> Outcome {
    let progress = Progress(isTerminal: false, write: { _ in })
    let measurement = Measurement(options: options, progress: progress) {
      options,
      seed throws(EvaluationError) in
      let cluster = SimulatedCluster(options, seed: seed)
      prepare(cluster)
      return cluster
    }
    return try Evaluation.measure(measurement)
  }

  private func figure(_ outcome: Outcome, _ name: String) -> JSON? {
    outcome.figures.first { $0.name == name }?.value
  }

  private func median(_ outcome: Outcome, _ name: String) -> Double? {
    guard case .object(let members) = figure(outcome, name),
      case .number(let value)? = members.first?.value
    else { return nil }
    return value
  }

  @Test func `each kind of kill has times of its own`() throws {
    var options = options(.detect)
    options.kills = Kill.allCases
    let outcome = try measure(options)
    #expect(outcome.failures.isEmpty)
    let silence = try #require(median(outcome, "silence_detection_all_ms"))
    let close = try #require(median(outcome, "close_detection_all_ms"))
    #expect(silence > 500 && silence < 10_000)
    #expect(close > 0 && close < 10_000)
    #expect(try #require(median(outcome, "detection_first_ms")) <= max(silence, close))
  }

  @Test func `the only survivor of three says that both others are down`() throws {
    var options = options(.detect, nodes: 3)
    options.givenVictims = 2
    let outcome = try measure(options)
    #expect(outcome.failures.isEmpty)
    #expect(figure(outcome, "false_down") == .integer(0))
    #expect(try #require(median(outcome, "detection_all_ms")) > 500)
  }

  @Test func `a survivor that hears nothing is a run that did not converge`() throws {
    var options = options(.detect)
    options.givenRuns = 1
    options.interval = .milliseconds(100)
    // The cut comes while observers get to know the nodes, long before the patience is over.
    let outcome = try measure(options) { cluster in
      cluster.simulation.plan(at: .zero + .seconds(1)) { simulation in
        for node in 0..<8 { simulation.pause(node) }
      }
    }
    #expect(outcome.failures.count == 1)
    #expect(outcome.failures.first?.contains("did not say down within 30s") == true)
    #expect(figure(outcome, "converged") == .number(0))
  }

  @Test func `a member that is called down though it lives is counted`() throws {
    var options = options(.idle)
    options.givenDuration = .seconds(30)
    let outcome = try measure(options) { cluster in
      cluster.simulation.plan(at: .zero + .seconds(10)) { $0.isolate([7]) }
    }
    guard case .integer(let count)? = figure(outcome, "false_down") else { return }
    // The seven call the one down, and the one the seven.
    #expect(count == 14)
    #expect(outcome.failures.count == 1)
  }

  @Test func `links cut in one direction are no reason to call a member down`() throws {
    var options = options(.idle)
    options.oneWayCuts = 8
    let outcome = try measure(options)
    #expect(outcome.failures.isEmpty)
  }

  @Test func `a split is seen, and is no false report of the own side`() throws {
    var options = options(.partition)
    options.shape = .sides([5, 3])
    var reports = 0
    var clusters: [SimulatedCluster] = []
    let outcome = try measure(options) { clusters.append($0) }
    for cluster in clusters { reports += cluster.downReports.count }
    #expect(outcome.failures.isEmpty)
    // In each run the five call the three down, and the three the five.
    #expect(reports == 2 * 2 * 15)
    #expect(try #require(median(outcome, "heal_ms")) > 0)
  }

  @Test func `who dies as a split begins is called down once and forgotten by all`() throws {
    var options = options(.partition)
    options.givenVictims = 1
    options.shape = .sides([6, 2])
    options.givenRuns = 4
    options.loss = 0.05
    let outcome = try measure(options)
    #expect(outcome.failures.isEmpty)
    #expect(figure(outcome, "ghosts") == .integer(0))
    #expect(figure(outcome, "repeated_down") == .integer(0))
  }

  @Test func `a split that does not heal is a run that did not converge`() throws {
    var options = options(.partition)
    options.givenRuns = 1
    let outcome = try measure(options) { cluster in
      // The scenario ends what cuts there are, but not those that come after.
      for second in 20..<60 {
        cluster.simulation.plan(at: .zero + .seconds(second)) { $0.isolate([7]) }
      }
    }
    #expect(outcome.failures.contains { $0.contains("did not") })
  }

  @Test func `nodes come and go, and every write reaches who lives`() throws {
    var options = options(.churn)
    options.givenDuration = .seconds(60)
    let outcome = try measure(options)
    #expect(outcome.failures.isEmpty)
    guard case .integer(let writes)? = figure(outcome, "writes") else { return }
    #expect(writes >= 100)
    #expect(try #require(median(outcome, "lag_ms")) > 0)
  }

  @Test func `one seed gives one outcome of every scenario`() throws {
    for scenario in [Scenario.detect, .partition, .churn, .throughput] {
      var options = options(scenario)
      options.givenDuration = .seconds(10)
      options.rate = 100
      let first = try measure(options).figures.map(\.value)
      #expect(try first == measure(options).figures.map(\.value), "\(scenario)")
    }
  }

  @Test func `one update in a second is a rate of one`() throws {
    var options = options(.throughput)
    options.givenDuration = .seconds(1)
    options.rate = 1
    let outcome = try measure(options)
    #expect(outcome.failures.isEmpty)
    #expect(figure(outcome, "updates_per_s") == .number(1))
  }

  @Test func `a rate of which less than nine tenths came about is a failure`() {
    #expect(Throughput.shortfall(1, 900, in: 10, of: 100) == nil)
    #expect(
      Throughput.shortfall(2, 899, in: 10, of: 100)
        == "run 2: 90 updates/s came about, fewer than 90 % of 100"
    )
  }

  @Test func `without pushes an update takes more than the latency`() throws {
    var options = options(.propagate, nodes: 16)
    let pushed = try measure(options)
    options.push = .off
    let pulled = try measure(options)
    #expect(figure(pushed, "share_without_push") == .number(0))
    #expect(figure(pulled, "share_without_push") == .number(1))
    #expect(figure(pulled, "hops") == .null)
    let time = try #require(median(pulled, "propagation_ms"))
    #expect(try time > 5 * #require(median(pushed, "propagation_ms")))
  }

  @Test func `a write is waited for at those who live, as long as its writer does`() {
    var lag = WriteLag()
    let cluster = SimulatedCluster(options(.churn), seed: 1)
    for name in ["a", "b", "c"] { _ = cluster.start(name) }
    lag.add(by: 0, "a", 1, at: cluster.now, for: [0, 1, 2])
    #expect(lag.pendingCount == 1)
    lag.remove(2, at: cluster.now)
    #expect(lag.pendingCount == 1)
    lag.look(at: 1, of: cluster)
    #expect(lag.pendingCount == 1 && lag.lags.isEmpty)
    lag.remove(0, at: cluster.now)
    #expect(lag.pendingCount == 0 && lag.voidCount == 1 && lag.lags.isEmpty)
  }

  @Test func `a report is wrong if it comes before the end of whom it is about`() {
    let cluster = SimulatedCluster(options(.churn), seed: 1)
    let node = cluster.start("a")
    var deaths = Deaths()
    let member = cluster.id(of: node)
    let early = DownReport(time: .zero, node: 1, member: member)
    #expect(deaths.wrong([early]).count == 1)
    deaths.note(node, of: cluster)
    #expect(deaths.wrong([early]).isEmpty)
    let other = DownReport(
      time: .zero,
      node: 1,
      member: MemberID(name: "a", generation: member.generation + 1)
    )
    #expect(deaths.wrong([early, other]).count == 1)
  }

  @Test func `a peak is what a node sent within a second`() {
    var meter = PeakMeter()
    #expect(meter.peak(of: [0]) == nil)
    for step in 0...40 {
      let now = Instant.zero + .milliseconds(step * 100)
      #expect(meter.isDue(now))
      // 10 a second, and 100 more at 2 s.
      meter.add([0: step + (step >= 20 ? 100 : 0), 1: 2 * step], at: now)
    }
    #expect(!meter.isDue(.zero + .milliseconds(4_010)))
    #expect(meter.peak(of: [0]) == 110)
    #expect(meter.peak(of: [1]) == 20)
    #expect(meter.peak(of: [0, 1]) == 110)
  }

  @Test func `reports are kept in their order`() {
    let log = DownLog()
    #expect(log.all.isEmpty)
    for time in 0..<5 {
      let time = Instant(nanoseconds: UInt64(time))
      log.add(DownReport(time: time, node: 1, member: MemberID(name: "a", generation: 1)))
    }
    #expect(log.all.map(\.time.nanoseconds) == [0, 1, 2, 3, 4])
  }
}
