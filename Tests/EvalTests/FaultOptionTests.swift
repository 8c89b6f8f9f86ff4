import GrapevineCore
import Testing

@testable import EvalScenarios

/// The options of scenarios in which something goes wrong on purpose.
@Suite struct FaultOptionTests {
  private func options(_ arguments: String...) throws -> Options {
    guard case .run(let options) = try Command(arguments: arguments) else {
      throw UsageError("help was read instead of a run")
    }
    return options
  }

  private func failure(_ arguments: String...) -> String? {
    do {
      _ = try Command(arguments: arguments)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `each option puts its value into the options`() throws {
    #expect(try options("detect").kills == [.silence])
    #expect(try options("detect", "--kill=close").kills == [.close])
    #expect(try options("detect", "--kill=both").kills == [.silence, .close])
    #expect(try options("detect", "--victims=32").victims == 32)
    #expect(try options("partition").victims == 0)
    #expect(try options("partition", "--victims=1").victims == 1)
    #expect(try options("partition", "--length=24h").length == .seconds(86_400))
    #expect(try options("partition", "--shape=60/4").shape == .sides([60, 4]))
    #expect(try options("churn", "--expiry=5s").expiry == .seconds(5))
    #expect(try options("throughput", "--rate=100").rate == 100)
    #expect(try options("idle", "--one-way-cuts=16").oneWayCuts == 16)
    #expect(try options("--push=off").push == .off)
    #expect(try options("--push=on").push == .tree)
  }

  @Test func `each scenario has its own default of what it shares with others`() throws {
    #expect(try options("churn").duration == .seconds(600))
    #expect(try options("churn", "--network=loopback").duration == .seconds(60))
    #expect(try options("throughput").duration == .seconds(20))
    #expect(try options("throughput").keyCount == 1_000)
    #expect(try options("sync").keyCount == 10_000)
    #expect(try options("idle", "--duration=24h").duration == .seconds(86_400))
  }

  @Test func `what is wrong is answered with what would be right`() {
    #expect(failure("detect", "--kill=softly")?.contains("silence, close or both") == true)
    #expect(failure("--push=maybe")?.contains("must be on or off") == true)
    #expect(failure("detect", "--nodes=8", "--victims=8")?.contains("less than the 8") == true)
    #expect(failure("partition", "--nodes=8", "--shape=3/4")?.contains("8 nodes in all") == true)
    #expect(failure("partition", "--shape=64")?.contains("such as 32/32") == true)
    #expect(failure("detect", "--victims=0")?.contains("at least 1") == true)
    #expect(failure("detect", "--shape=32/32")?.contains("only for partition") == true)
    let cuts = failure("idle", "--network=loopback", "--one-way-cuts=1")
    #expect(cuts?.contains("only with --network simulated") == true)
  }

  @Test func `sides are numbers of nodes or the first one's share`() {
    #expect(PartitionShape("32/32")?.sizes(of: 64) == [32, 32])
    #expect(PartitionShape("1/2/3")?.sizes(of: 6) == [1, 2, 3])
    #expect(PartitionShape("32/32")?.sizes(of: 65) == nil)
    // Half of all numbers twice, and 66: 64 once the sum has run over.
    let half = "9223372036854775807"
    #expect(PartitionShape("\(half)/\(half)/66")?.sizes(of: 64) == nil)
    #expect(PartitionShape("0.25")?.sizes(of: 64) == [16, 48])
    #expect(PartitionShape("0.001")?.sizes(of: 8) == [1, 7])
    #expect(PartitionShape.halves.sizes(of: 5) == [3, 2])
    for text in ["", "/", "3/", "0/4", "1.5", "1", "-1/2", "a/b"] {
      #expect(PartitionShape(text) == nil, "\(text)")
    }
  }

  @Test func `a heading is broken between conditions only`() throws {
    for scenario in Scenario.allCases {
      var options = Options(scenario: scenario)
      options.network = .loopback
      options.givenNodes = scenario == .compareDetection ? 1_000 : 10_000
      options.shape = .halves
      options.seed = .max
      let lines = Evaluation.heading(options)
      #expect(lines.allSatisfy { $0.count <= 80 })
      let hasSeed = lines.contains { $0.hasSuffix("seed 18446744073709551615") }
      #expect(hasSeed == (scenario != .bench))
    }
    #expect(Evaluation.heading(Options(scenario: .propagate)).count == 2)
    #expect(TextLayout.listed(["one two", "three", "four"], 15) == ["one two, three,", "four"])
  }
}
