import Pacing
import Testing

@testable import EvalScenarios

/// The scenario that sets the model beside what is documented.
@Suite(.computing, .timeLimit(.minutes(15))) struct CompareDetectionTests {
  private func outcome(_ options: Options) throws -> Outcome {
    try Evaluation.measure(
      Measurement(options: options, progress: Progress(isTerminal: false, write: { _ in }))
    )
  }

  private func options(seed: UInt64 = 1) -> Options {
    var options = Options(scenario: .compareDetection)
    options.givenNodes = 16
    options.givenRuns = 2
    options.seed = seed
    return options
  }

  /// The members of a figure that is an object.
  private func members(_ outcome: Outcome, _ name: String) -> [(name: String, value: JSON)] {
    guard case .object(let members) = outcome.figures.first(where: { $0.name == name })?.value
    else { return [] }
    return members
  }

  private func median(_ outcome: Outcome, _ nodes: String) throws -> Double {
    let times = try #require(members(outcome, "detection_s").first { $0.name == nodes }?.value)
    guard case .object(let members) = times, case .number(let median)? = members.first?.value
    else { throw EvaluationError("no median in \(times.text)") }
    return median
  }

  @Test func `it reproduces the documented medians and gives the curve`() throws {
    let options = options()
    let outcome = try outcome(options)
    #expect(outcome.failures.isEmpty)
    #expect(outcome.lines.allSatisfy { $0.count <= 80 }, "\(outcome.lines)")
    for name in ["documented_s", "reproduced_s", "difference", "false_down"] {
      #expect(members(outcome, name).map(\.name) == ["3", "8", "32", "64"], "\(name)")
    }
    #expect(members(outcome, "detection_s").map(\.name) == ["16"])
    for (_, value) in members(outcome, "difference") {
      guard case .number(let difference) = value else { throw EvaluationError("\(value)") }
      #expect(difference.magnitude <= 0.2)
    }
    #expect(Evaluation.heading(options).allSatisfy { $0.count <= 80 })
  }

  @Test func `one seed gives one outcome, and another seed another`() throws {
    let first = try outcome(options())
    #expect(try first.figures.map(\.value) == outcome(options()).figures.map(\.value))
    #expect(try first.figures.map(\.value) != outcome(options(seed: 2)).figures.map(\.value))
  }

  @Test func `the curve is in proportion to the interval, the documented figures are not`() throws {
    var options = options()
    let usual = try outcome(options)
    options.interval = .milliseconds(100)
    let short = try outcome(options)
    #expect(try (median(short, "16") * 5 / median(usual, "16") - 1).magnitude < 1e-9)
    #expect(usual.figures[1].value == short.figures[1].value)
  }

  @Test func `a median more than a fifth off is a failure`() {
    #expect(CompareDetection.complaint(80.1, 100, nodes: 8) == nil)
    #expect(CompareDetection.complaint(119.9, 100, nodes: 8) == nil)
    #expect(CompareDetection.complaint(79, 100, nodes: 8)?.contains("-21.0 % off") == true)
    #expect(CompareDetection.complaint(121, 100, nodes: 8)?.contains("21.0 % off") == true)
  }

  @Test func `it takes no option of a network, and no cluster beyond what it can hold`() throws {
    #expect(Options(scenario: .compareDetection).nodes == 256)
    for argument in ["--network=simulated", "--loss=0.1", "--latency=5ms", "--loops=2"] {
      #expect(throws: UsageError.self) {
        try Command(arguments: ["compare-detection", argument])
      }
    }
    let largest = ["compare-detection", "--nodes=1024"]
    #expect(throws: Never.self) { try Command(arguments: largest) }
    #expect(throws: UsageError.self) {
      try Command(arguments: ["compare-detection", "--nodes=1025"])
    }
  }
}
