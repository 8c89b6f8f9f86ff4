import Pacing
import Testing

@testable import EvalScenarios

/// Nodes in processes of their own, beside some in this one.
@Suite(.inTurn, .serialized, .timeLimit(.minutes(2))) struct ProcessesTests {
  @Test func `memory, bytes and the death of a process are found at both intervals`() async throws {
    var options = Options(scenario: .processes)
    options.givenNodes = 6
    options.givenDuration = .seconds(1)
    options.interval = .milliseconds(100)
    options.slowInterval = .milliseconds(200)
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
        "\(prefix)packets_per_node_per_s", "\(prefix)detection_first_s",
        "\(prefix)detection_all_s",
      ]
    }
    #expect(outcome.figures.map(\.name) == fields + ["slow_interval_ms"])
    for (name, value) in outcome.figures { #expect(value != .null, "\(name)") }
  }

  @Test func `there is a node besides the processes, and they are real`() throws {
    #expect(try options("processes").network == .loopback)
    #expect(try options("processes").nodes == 151)
    #expect(failure(["processes", "--nodes=4"])?.contains("at least 5") == true)
    #expect(failure(["processes", "--network=simulated"])?.contains("only for") == true)
  }
}
