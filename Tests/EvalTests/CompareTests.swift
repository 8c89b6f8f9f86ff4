import GrapevineCore
import Pacing
import Testing

@testable import EvalScenarios

/// Configurations side by side.
@Suite(.computing, .timeLimit(.minutes(15))) struct CompareTests {
  private func outcome(_ options: Options) throws -> Outcome {
    try Evaluation.measured(options, Progress(isTerminal: false, write: { _ in }))
  }

  @Test func `a set is named behind the scenario, and is push if none is`() throws {
    #expect(try options("compare").comparison == .push)
    for set in ComparisonSet.allCases {
      #expect(try options("compare", set.rawValue, "--runs=3").comparison == set)
      #expect(Help.text(.compare).contains(set.rawValue))
    }
    #expect(Help.text(.compare).contains("eval compare [SET] [OPTIONS]"))
    #expect(Help.text(.report).contains("eval report [FILE.html] [OPTIONS]"))
    #expect(try options("report", "page.html").pagePath == "page.html")
    #expect(try options("report").pagePath == "report.html")
  }

  @Test(arguments: [
    (["compare", "loses"], "no set “loses” (did you mean losses?): the sets are push, intervals"),
    (["compare", "push", "losses"], "both “push” and “losses” are given: it must be one SET"),
    (["compare", "losses", "--loss=0.1"], "--loss has no meaning for compare losses"),
    (["compare", "--nodes=8", "sizes"], "goes through 16, 64, 151, 512 and 1024 nodes"),
    (["compare", "--push=off"], "--push has no meaning for compare push"),
    (["compare", "intervals", "--interval=2s"], "goes through intervals of 100ms"),
    (["compare", "push", "--victims=2"], "--victims has no meaning for compare"),
    (["report", "a.html", "b.html"], "it must be one FILE.html"),
    (["report", ""], "the FILE.html of report has no name"),
    (["report", "--network=loopback"], "--network has no meaning for report"),
    (["report", "--nodes=1"], "it must be a whole number from 2"),
    (["losses", "compare"], "there is no scenario “losses”"),
  ])
  func `what can't be compared is refused in a sentence`(arguments: [String], answer: String) {
    #expect(failure(arguments)?.contains(answer) == true, "\(failure(arguments) ?? "taken")")
  }

  @Test func `configurations differ in what their set goes through and in nothing else`() throws {
    var base = try options("compare", "--seed=9")
    base.givenNodes = 32
    for set in ComparisonSet.allCases {
      let configurations = set.configurations(base)
      #expect(Set(configurations.map(\.name)).count == configurations.count)
      for configuration in configurations {
        var back = configuration.options
        switch set {
        case .push: back.push = base.push
        case .intervals: back.interval = base.interval
        case .losses: back.loss = base.loss
        case .sizes: back.givenNodes = base.givenNodes
        }
        #expect(back == base, "\(configuration.name)")
      }
    }
    #expect(ComparisonSet.losses.configurations(base).map(\.options.loss) == [0, 0.05, 0.1, 0.25])
    #expect(ComparisonSet.push.configurations(base).map(\.options.push) == [.tree, .off])
  }

  @Test func `large clusters are measured less often, and never more often than asked`() {
    #expect(Configuration.runs(100, 16) == 100)
    #expect(Configuration.runs(100, 64) == 100)
    #expect(Configuration.runs(100, 151) == 42)
    #expect(Configuration.runs(100, 1_024) == 6)
    #expect(Configuration.runs(30, 1_024) == 5)
    #expect(Configuration.runs(2, 1_024) == 2)
  }

  @Test func `the table has each configuration with what its scenarios find alone`() throws {
    let options = try options("compare", "losses", "--nodes=6", "--runs=2", "--duration=5s")
    let outcome = try outcome(options)
    #expect(outcome.failures.isEmpty)
    #expect(outcome.lines.allSatisfy { $0.count <= 80 }, "\(outcome.lines)")
    let names = ["loss 0 %", "loss 5 %", "loss 10 %", "loss 25 %"]
    for (line, name) in zip(outcome.lines.dropFirst(), names) {
      #expect(line.hasPrefix("\(name) ") && !line.contains(" - "), "\(line)")
    }
    guard case .array(let rows)? = outcome.figures.first?.value else {
      Issue.record("there are no configurations in \(outcome.figures)")
      return
    }
    #expect(rows.map { $0.member("name") } == names.map { .string($0) })
    for row in rows {
      guard case .number(let loss)? = row.member("loss") else { continue }
      for (scenario, figure) in [
        (Scenario.propagate, "propagation_ms"), (.detect, "detection_all_ms"),
        (.idle, "bytes_per_node_per_s"),
      ] {
        var alone = Options(scenario: scenario)
        alone.givenNodes = 6
        alone.givenRuns = 2
        alone.givenDuration = scenario == .idle ? .seconds(5) : nil
        alone.loss = loss
        let found = try self.outcome(alone).figures.first { $0.name == figure }?.value
        #expect(row.member(figure) == found, "\(scenario) \(loss)")
      }
    }
  }

  @Test func `what goes wrong with one configuration is told with its name`() throws {
    let options = try options("compare", "push")
    var wrong = Outcome()
    wrong.failures = ["2 times a live member was called down"]
    let trials = ComparisonSet.push.configurations(options).map { configuration in
      Trial(
        configuration,
        propagate: Outcome(),
        idle: Outcome(),
        detect: configuration.options.push == .off ? wrong : Outcome()
      )
    }
    let outcome = Compare.outcome(trials)
    #expect(
      outcome.failures == ["push off, detect: 2 times a live member was called down"]
    )
    #expect(outcome.lines[1].hasPrefix("push on") && outcome.lines[1].hasSuffix("-"))
  }

  @Test func `the arguments that a page prints ask for the same again`() throws {
    var base = Options(scenario: .report)
    base.givenNodes = 12
    base.givenRuns = 7
    base.givenSeed = 5
    for set in ComparisonSet.allCases {
      for configuration in set.configurations(base) {
        for scenario in [Scenario.propagate, .idle, .detect] {
          let wanted = configuration.options(scenario)
          guard case .run(let read) = try Command(arguments: wanted.arguments) else { continue }
          #expect(read.nodes == wanted.nodes && read.runs == wanted.runs)
          #expect(read.loss == wanted.loss && read.interval == wanted.interval)
          #expect(read.push == wanted.push && read.seed == wanted.seed)
          #expect(read.scenario == scenario && read.duration == wanted.duration)
        }
      }
      let findings = Findings(base: base)
      guard case .run(let read) = try Command(arguments: findings.command(set)) else { continue }
      #expect(read.comparison == set && read.runs == 7 && read.seed == 5)
      #expect(read.nodes == (set == .sizes ? 64 : 12))
    }
  }
}
