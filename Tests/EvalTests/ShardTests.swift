import Testing

@testable import EvalScenarios

/// The scenario that compares the algorithms of sharding.
struct ShardTests {
  private func outcome(_ arguments: String...) throws -> Outcome {
    guard case .run(let options) = try Command(arguments: ["shard"] + arguments) else {
      throw EvaluationError("no run")
    }
    return try Evaluation.measure(
      Measurement(options: options, progress: Progress(isTerminal: false, write: { _ in }))
    )
  }

  /// The number at the end of a path of members.
  private func figure(_ outcome: Outcome, _ path: String...) throws -> Double {
    var value = JSON.object(outcome.figures)
    for name in path {
      guard case .object(let members) = value else { break }
      value = try #require(members.first { $0.name == name }).value
    }
    switch value {
    case .number(let number): return number
    case .integer(let number): return Double(number)
    default: throw EvaluationError("no number in \(value.text)")
    }
  }

  @Test func `it gives balance, movement, speed and memory of each algorithm`() throws {
    let outcome = try outcome("--nodes=20", "--keys=5000", "--tokens=64,256")
    #expect(outcome.failures.isEmpty)
    #expect(outcome.lines.allSatisfy { $0.count <= 80 }, "\(outcome.lines)")
    let names = ["ring 64", "ring 256", "rendezvous", "multiprobe"]
    #expect(outcome.figures.map(\.name) == names)
    for name in names {
      #expect(try (0.3..<1).contains(figure(outcome, name, "share_min")))
      #expect(try (1.000_1...2).contains(figure(outcome, name, "share_max")))
      #expect(try (0.01...0.5).contains(figure(outcome, name, "share_deviation")))
      #expect(try figure(outcome, name, "added", "ideal") == 1.0 / 21)
      #expect(try figure(outcome, name, "removed", "ideal") == 0.05)
      for change in ["added", "removed"] {
        let moved = try figure(outcome, name, change, "moved")
        #expect(try (0.5...2).contains(moved / figure(outcome, name, change, "ideal")))
        #expect(try figure(outcome, name, change, "between") == 0)
      }
      for time in ["lookup_ns", "lookup_of_three_ns", "replace_ms", "replace_unsorted_ms"] {
        #expect(try figure(outcome, name, time) > 0)
      }
    }
    #expect(try figure(outcome, "rendezvous", "memory_bytes") == 20 * 8)
    #expect(try figure(outcome, "ring 256", "memory_bytes") == 20 * 256 * 12 + 8_193 * 4)
  }

  @Test func `weights are taken in turn, and shares are beside them`() throws {
    let outcome = try outcome("--nodes=9", "--keys=9000", "--weights=100,200,300")
    for name in ["ring 256", "rendezvous"] {
      #expect(try (0.7..<1.3).contains(figure(outcome, name, "share_min")))
      #expect(try (0.7..<1.3).contains(figure(outcome, name, "share_max")))
      #expect(try figure(outcome, name, "added", "ideal") == 1.0 / 19)
      #expect(try figure(outcome, name, "removed", "ideal") == 3.0 / 18)
    }
    #expect(try figure(outcome, "multiprobe", "share_max") > 1.3)
  }

  @Test func `an algorithm can be named, and two nodes are enough`() throws {
    let ring = try outcome("--algorithm=ring", "--nodes=2", "--keys=10", "--tokens=1")
    #expect(ring.figures.map(\.name) == ["ring 1"])
    for name in ["rendezvous", "multiprobe"] {
      let outcome = try outcome("--algorithm=\(name)", "--nodes=2", "--keys=9")
      #expect(outcome.figures.map(\.name) == [name])
    }
  }

  @Test(arguments: [
    "--algorithm=rings", "--algorithm=", "--tokens=0", "--tokens=4097", "--tokens=", "--tokens=1,",
    "--weights=0", "--weights=10001", "--weights=1,x", "--loss=0.1", "--interval=1s", "--runs=2",
    "--network=loopback", "--value-size=1",
  ])
  func `what makes no sense is refused`(argument: String) {
    #expect(throws: UsageError.self) { try Command(arguments: ["shard", argument]) }
  }

  @Test func `the heading names the conditions`() {
    var options = Options(scenario: .shard)
    #expect(Evaluation.heading(options).last == "100 nodes, 100000 keys, weight 100, seed 1")
    options.weights = [100, 300]
    #expect(Evaluation.heading(options).last?.contains("weights 100, 300 in turn") == true)
    options.weights = Array(repeating: 10_000, count: 100)
    #expect(Evaluation.heading(options).allSatisfy { $0.count <= 80 })
  }
}
