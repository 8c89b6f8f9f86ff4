import Pacing
import Testing

@testable import EvalScenarios

/// Nodes in processes of their own, beside some in this one.
@Suite(.inTurn, .serialized, .timeLimit(.minutes(2))) struct ProcessesTests {
  @Test func `memory, bytes and the death of a process are found at both intervals`() async throws {
    var options = Options(scenario: .processes)
    options.givenNodes = 6
    options.givenDuration = .seconds(1)
    // Long enough that none of the processes waits as long for a processor.
    options.interval = .milliseconds(200)
    options.slowInterval = .milliseconds(300)
    let program = try NodeTerminal.program
    let outcome = try await BlockingThread.run { [options] in
      let progress = Progress(isTerminal: false, write: { _ in })
      let measurement = Measurement(options: options, progress: progress)
      return try Processes.run(measurement, program: program)
    }
    // A build for debugging, or with a sanitizer, may take more memory.
    #expect(outcome.failures.allSatisfy { $0.contains("bytes of memory") })
    #expect(outcome.lines.allSatisfy { $0.count <= 80 })
    var fields: [String] = []
    for prefix in ["", "slow_"] {
      fields += [
        "\(prefix)process_rss_bytes", "\(prefix)bytes_per_node_per_s",
        "\(prefix)packets_per_node_per_s", "\(prefix)stream_bytes_per_node_per_s",
        "\(prefix)detection_first_s",
        "\(prefix)detection_all_s", "\(prefix)false_down",
      ]
    }
    #expect(outcome.figures.map(\.name) == fields + ["slow_interval_ms"])
    for (name, value) in outcome.figures { #expect(value != .null, "\(name)") }
    #expect(outcome.lines.contains { $0.hasPrefix("Bytes are not compared") })
  }

  @Test(arguments: [
    (10, 46, 50, []),
    (10, 40, 50, []),
    (10, 39.9, 50, ["the slow interval no longer detects as slowly as ckit: in 39.9 s"]),
    (10, 46, 50.1, ["at the slow interval a node sends 50.1 bytes/s, more than ckit's 50"]),
    (5, 20, 90, []),
  ])
  func `bytes are compared where a crash is seen as late as by ckit`(
    interval: Int,
    seconds: Double,
    bytes: Double,
    failures: [String]
  ) {
    var finding = Processes.Finding(interval: .seconds(interval))
    (finding.allSeconds, finding.othersSeconds) = (seconds, seconds - 1)
    finding.traffic = TrafficCount(packetBytes: bytes)
    #expect(Processes.comparison(finding) == failures)
  }

  @Test func `a process that has ended is not one to kill`() async throws {
    var options = Options(scenario: .processes)
    options.givenNodes = 5
    options.givenDuration = .seconds(1)
    options.interval = .milliseconds(100)
    let program = try NodeTerminal.program
    let error = await #expect(throws: EvaluationError.self) {
      try await BlockingThread.run { [options] in
        let progress = Progress(isTerminal: false, write: { _ in })
        let measurement = Measurement(options: options, progress: progress)
        let trial = try ProcessTrial(measurement, program: program)
        trial.endProcess(1)
        _ = try trial.run()
      }
    }
    #expect(error?.description.hasPrefix("process-2 ended before it was to be killed") == true)
  }

  @Test func `there is a node besides the processes, and they are real`() throws {
    #expect(try options("processes").network == .loopback)
    #expect(try options("processes").nodes == 151)
    #expect(failure(["processes", "--nodes=4"])?.contains("at least 5") == true)
    #expect(failure(["processes", "--network=simulated"])?.contains("only for") == true)
  }
}
