import Pacing
import Testing

@testable import EvalScenarios

/// The scenarios on small clusters of real sockets.
@Suite(.inTurn, .serialized, .timeLimit(.minutes(1))) struct LoopbackTests {
  private func options(_ scenario: Scenario, nodes: Int) -> Options {
    var options = Options(scenario: scenario)
    options.network = .loopback
    options.givenNodes = nodes
    options.givenRuns = 1
    options.givenDuration = .seconds(1)
    options.interval = .milliseconds(50)
    options.givenKeys = 500
    options.length = .seconds(1)
    options.expiry = .milliseconds(200)
    options.rate = 200
    options.kills = Kill.allCases
    return options
  }

  private func measure(_ options: Options) async throws -> Outcome {
    try await BlockingThread.run {
      let progress = Progress(isTerminal: false, write: { _ in })
      return try Evaluation.measure(Measurement(options: options, progress: progress))
    }
  }

  @Test(arguments: Scenario.ofClusters)
  func `each scenario converges although some packets are lost`(scenario: Scenario) async throws {
    var options = options(scenario, nodes: 4)
    options.loss = 0.1
    options.loops = 2
    options.isLive = scenario == .sync
    let outcome = try await measure(options)
    #expect(outcome.failures.isEmpty)
  }

  @Test func `idle nodes are seen to send, compute and take memory`() async throws {
    let outcome = try await measure(options(.idle, nodes: 3))
    let names = ["bytes_per_node_per_s", "packets_per_node_per_s", "cpu_s_per_node_per_s"]
    for (name, value) in outcome.figures where names.contains(name) {
      guard case .number(let number) = value else {
        Issue.record("\(name) is \(value.text)")
        continue
      }
      #expect(number > 0, "\(name)")
    }
  }

  @Test func `a fresh node comes to hold every byte, those of a large value too`() async throws {
    var options = options(.sync, nodes: 3)
    options.bigValueSize = 200_000
    let outcome = try await measure(options)
    #expect(outcome.failures.isEmpty)
    guard case .number(let bytes)? = outcome.figures.first(where: { $0.name == "bytes" })?.value
    else { return }
    #expect(bytes > 250_000)
  }
}
