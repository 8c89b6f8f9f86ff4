import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

@testable import EvalScenarios

/// The scenarios on small simulated clusters of real engines.
@Suite(.computing, .timeLimit(.minutes(15))) struct ScenarioTests {
  private func options(_ scenario: Scenario) -> Options {
    var options = Options(scenario: scenario)
    options.givenNodes = 8
    options.givenRuns = 3
    options.givenDuration = .seconds(5)
    options.givenKeys = 200
    options.length = .seconds(5)
    options.rate = 100
    return options
  }

  private func measurement(_ options: Options) -> Measurement {
    Measurement(options: options, progress: Progress(isTerminal: false, write: { _ in }))
  }

  private func number(_ outcome: Outcome, _ name: String) -> Double? {
    switch outcome.figures.first(where: { $0.name == name })?.value {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  private func median(_ outcome: Outcome, _ name: String) -> Double? {
    guard case .object(let members) = outcome.figures.first(where: { $0.name == name })?.value,
      case .number(let value)? = members.first?.value
    else { return nil }
    return value
  }

  @Test(arguments: [
    (
      Scenario.propagate,
      [
        "propagation_ms", "first_half_ms", "hops", "packets_per_update",
        "repair_packets_per_update", "bytes_per_update", "converged",
        "packets_per_update_per_node", "repair_packets_per_update_per_node", "pulls_per_update",
        "share_without_push", "lateness_ms", "peak_packets_per_s", "idle_packets_per_s",
        "peak_over_idle",
      ]
    ),
    (.discover, ["discovery_ms"]),
    (.bootstrap, ["bootstrap_ms"]),
    (
      .idle,
      [
        "bytes_per_node_per_s", "packets_per_node_per_s", "stream_bytes_per_node_per_s",
        "cpu_s_per_node_per_s", "rss_bytes_per_node", "false_down", "scraped_bytes_per_node_per_s",
        "peak_packets_per_s",
      ]
    ),
    (.sync, ["sync_ms", "bytes", "rss_peak_bytes"]),
    (
      .detect,
      [
        "detection_first_ms", "detection_all_ms", "false_down", "converged", "victims",
        "push_packets_per_node", "silence_detection_all_ms", "close_detection_all_ms",
        "peak_packets_per_s", "idle_packets_per_s", "peak_over_idle",
      ]
    ),
    (
      .partition,
      [
        "heal_ms", "false_down", "ghosts", "converged", "late_down", "repeated_down", "length_ms",
        "peak_packets_per_s", "idle_packets_per_s", "peak_over_idle",
      ]
    ),
    (
      .churn,
      [
        "false_down", "lag_ms", "ghosts", "writes", "writes_not_held", "agreement_ms",
        "nodes_start", "nodes_restart", "nodes_silence", "nodes_close", "nodes_leave",
        "peak_packets_per_s", "idle_packets_per_s", "peak_over_idle",
      ]
    ),
    (
      .throughput,
      [
        "equal_ms", "updates_per_s", "writer_pushes_per_s", "writer_push_packets_per_s",
        "pulls_per_node", "streams_per_node", "push_packets_per_node", "bytes_per_node_per_s",
        "converged",
      ]
    ),
  ])
  func `each scenario converges and has exactly its figures`(
    scenario: Scenario,
    fields: [String]
  ) throws {
    let options = options(scenario)
    let outcome = try Evaluation.measure(measurement(options))
    #expect(outcome.failures.isEmpty)
    #expect(outcome.figures.map(\.name) == fields)
    #expect(outcome.lines.allSatisfy { $0.count <= 80 }, "\(outcome.lines)")
    guard case .object(let members) = Evaluation.json(options, outcome) else { return }
    let common = ["scenario", "nodes", "network", "interval_ms", "seed", "loss", "runs"]
    #expect(members.map(\.name) == common + fields + ["failures"])
    #expect(members.last?.value == .array([]))
  }

  @Test func `bytes of streams at rest are a failure where nothing has to go by them`() {
    var options = options(.idle)
    var traffic = TrafficCount(packets: 10, packetBytes: 720, streamBytes: 10)
    #expect(Idle.streamFailures(traffic, options).isEmpty)
    traffic.streamBytes = 10.1
    #expect(Idle.streamFailures(traffic, options).count == 1)
    options.loss = 0.01
    #expect(Idle.streamFailures(traffic, options).isEmpty)
    options.loss = 0
    options.hasStreamsOnly = true
    #expect(Idle.streamFailures(traffic, options).isEmpty)
  }

  @Test func `one seed gives one outcome, and another seed another`() throws {
    var options = options(.propagate)
    let first = try Evaluation.measure(measurement(options))
    let second = try Evaluation.measure(measurement(options))
    #expect(first.figures.map(\.value) == second.figures.map(\.value))
    options.seed = 2
    let other = try Evaluation.measure(measurement(options))
    #expect(first.figures.map(\.value) != other.figures.map(\.value))
  }

  @Test func `an update reaches all within a few intervals, and costs something`() throws {
    let outcome = try Evaluation.measure(measurement(options(.propagate)))
    #expect(number(outcome, "converged") == 1)
    let time = try #require(median(outcome, "propagation_ms"))
    #expect(time > 0 && time < 3_000)
    #expect(try #require(number(outcome, "repair_packets_per_update")) > 0)
    #expect(try #require(number(outcome, "bytes_per_update")) > 0)
  }

  @Test func `latency is what the packets of a run take`() throws {
    var options = options(.sync)
    options.givenKeys = 1
    options.latency = .milliseconds(40) ... .milliseconds(40)
    let time = try #require(median(try Evaluation.measure(measurement(options)), "sync_ms"))
    #expect(time >= 80)
  }

  @Test func `a live sync brings all keys, one of them large, to all nodes`() throws {
    var options = options(.sync)
    options.isLive = true
    options.givenNodes = 4
    options.bigValueSize = 300_000
    let outcome = try Evaluation.measure(measurement(options))
    #expect(outcome.failures.isEmpty)
    #expect(try #require(number(outcome, "bytes")) > 3 * 300_000)
  }

  @Test func `a node that is cut off is reported, and the other runs still count`() throws {
    var options = options(.propagate)
    options.givenRuns = 2
    let measurement = Measurement(
      options: options,
      progress: Progress(isTerminal: false, write: { _ in })
    ) { options, seed throws(EvaluationError) in
      let cluster = SimulatedCluster(options, seed: seed)
      // Start and idle rate take less than 60 s, and 40 s later the first run's patience is over.
      cluster.simulation.plan(at: .zero + .seconds(20)) { $0.isolate([7]) }
      cluster.simulation.plan(at: .zero + .seconds(75)) { $0.healAll() }
      return cluster
    }
    let outcome = try Evaluation.measure(measurement)
    #expect(outcome.failures.count == 1)
    #expect(outcome.failures.first?.contains("did not hold the update of node-") == true)
    #expect(number(outcome, "converged") == 0.5)
    let failures = JSON.array(outcome.failures.map { .string($0) })
    #expect(Evaluation.json(options, outcome).member("failures") == failures)
  }

  @Test func `payloads are the same for a seed and a run, and differ between runs`() {
    var options = options(.sync)
    options.givenKeys = 10
    options.valueSize = 13
    options.bigValueSize = 1_000
    let first = SyncPayload(options, run: 1)
    #expect((0..<10).map(first.value) == (0..<10).map(SyncPayload(options, run: 1).value))
    #expect(first.value(3) != SyncPayload(options, run: 2).value(3))
    #expect(first.value(3).count == 13)
    #expect(first.value(5).count == 1_000)
    #expect(first.size == 10 * 5 + 9 * 13 + 1_000)
  }

  @Test func `times of runs that did not converge do not count as times`() {
    var times = ReachTimes()
    times.add([.milliseconds(4), .milliseconds(1), nil, .milliseconds(2)])
    times.add([.milliseconds(4), .milliseconds(1), .milliseconds(9), .milliseconds(2)])
    times.add([nil, nil, nil, .milliseconds(2)])
    #expect(times.completions == [9])
    #expect(times.halves == [2, 2])
    #expect(times.verdict == "runs that converged: 1 of 3")
  }

  @Test func `names sort as numbers do`() {
    #expect(Measurement.name(7, of: 64) == "node-07")
    #expect(Measurement.name(7, of: 8) == "node-7")
    #expect(Measurement.name(0, of: 1) == "node-0")
  }
}
