import Testing

@testable import EvalScenarios

@Suite struct CommandTests {
  @Test func `no argument means propagate with every default`() throws {
    let options = try options()
    #expect(options == Options(scenario: .propagate))
    #expect(options.network == .simulated)
    #expect(options.nodes == 64)
    #expect(options.interval == .milliseconds(500))
    #expect(options.latency == .milliseconds(1) ... .milliseconds(1))
    #expect(options.loops == 1)
  }

  @Test(arguments: [("update", Scenario.propagate), ("discovery", .discover), ("idle", .idle)])
  func `names and aliases lead to a scenario`(name: String, scenario: Scenario) throws {
    #expect(try options(name).scenario == scenario)
  }

  @Test func `options stand before or after the scenario, with a blank or an equals sign`() throws {
    let options = try options("--nodes", "8", "sync", "--keys=50", "--live", "--network=loopback")
    #expect(options.scenario == .sync)
    #expect(options.nodes == 8)
    #expect(options.keyCount == 50)
    #expect(options.isLive)
    #expect(options.network == .loopback)
  }

  @Test func `every option that takes a value puts it into the options`() throws {
    var expected = Options(scenario: .sync)
    expected.network = .simulated
    expected.givenNodes = 3
    expected.givenRuns = 7
    expected.seed = 0xFF
    expected.interval = .milliseconds(200)
    expected.loss = 0.25
    expected.latency = .milliseconds(1) ... .milliseconds(5)
    expected.givenKeys = 100_000
    expected.valueSize = 4_096
    expected.bigValueSize = 1_048_576
    expected.jsonPath = "x.json"
    let all = try options(
      "sync",
      "--network",
      "simulated",
      "--nodes",
      "3",
      "--runs",
      "7",
      "--seed",
      "0xff",
      "--interval",
      "200ms",
      "--loss",
      "0.25",
      "--latency",
      "1ms..5ms",
      "--keys",
      "100_000",
      "--value-size",
      "4KiB",
      "--big-value",
      "1MiB",
      "--json",
      "x.json"
    )
    #expect(all == expected)
    #expect(try options("idle", "--duration", "2min").duration == .seconds(120))
    #expect(try options("--network", "loopback", "--loops", "2").loops == 2)
  }

  @Test func `a sync needs two nodes, and 64 when live`() throws {
    #expect(try options("sync").nodes == 2)
    #expect(try options("sync", "--live").nodes == 64)
    #expect(try options("sync", "--live", "--nodes", "8").nodes == 8)
  }

  @Test func `idle lasts longer where time is simulated`() throws {
    #expect(try options("idle").duration == .seconds(30))
    #expect(try options("idle", "--network", "loopback").duration == .seconds(10))
  }

  @Test(arguments: [
    ("propogate", "there is no scenario “propogate” (did you mean propagate?)"),
    ("frobnicate", "the scenarios are propagate, discover, bootstrap, detect, idle, sync"),
    ("--node=8", "there is no option “--node” (did you mean --nodes?)"),
    ("--nodes=1", "--nodes is “1”: it must be a whole number from 2 to 100000"),
    ("--nodes=-8", "it must be a whole number"),
    ("--nodes=", "--nodes is “”: it must be a whole number"),
    ("--network=wifi", "it must be simulated or loopback"),
    ("--interval=500", "it must be a duration from 10ms to 60min, such as 500ms or 2s"),
    ("--interval=9ms", "it must be a duration from 10ms"),
    ("--loss=25%", "it must be a number from 0 to 0.9, such as 0.25"),
    ("--loss=nan", "it must be a number"),
    ("--latency=5ms..1ms", "or a range such as 1ms..5ms"),
    ("--seed=x", "it must be a whole number from 0 to"),
    ("--seed=0123456789abcdef0123456789abcdef0123456g", "or a commit's 40 digits"),
    ("--json", "--json has no value: it must be --json FILE"),
    ("--loops=2", "--loops has no meaning on the simulated network, only with --network loopback"),
    ("--keys=5", "--keys has no meaning for propagate, only for sync, throughput"),
  ])
  func `a wrong argument is answered with what would be right`(argument: String, answer: String) {
    #expect(failure([argument])?.contains(answer) == true, "\(failure([argument]) ?? "taken")")
  }

  @Test func `what contradicts itself is refused`() {
    #expect(failure(["idle", "sync"])?.contains("one scenario") == true)
    #expect(failure(["--nodes=2", "--nodes=3"])?.contains("given twice") == true)
    #expect(failure(["sync", "--live=yes"])?.contains("takes no value") == true)
    #expect(failure(["--help=sync"]) == "--help takes no value: it must stand alone")
    #expect(failure(["idle", "--runs=2"])?.contains("only for propagate") == true)
    #expect(failure(["sync", "--keys=1000000", "--value-size=1MiB"])?.contains("at most") == true)
    let latency = failure(["--network=loopback", "--latency=1ms"])
    #expect(latency?.contains("only with --network simulated") == true)
  }

  @Test func `the defaults that the help names are those of the options`() throws {
    for scenario in Scenario.allCases {
      for option in Option.all where option.scenarios.contains(scenario) {
        let standard = option.standard(scenario)
        guard option.placeholder != nil, !standard.contains(","), standard != "none" else {
          continue
        }
        var options = Options(scenario: scenario)
        #expect(option.take(&options, standard))
        let plain = Options(scenario: scenario)
        #expect(options.nodes == plain.nodes && options.runs == plain.runs)
        #expect(options.duration == plain.duration && options.keyCount == plain.keyCount)
        options.givenNodes = nil
        options.givenRuns = nil
        options.givenDuration = nil
        options.givenKeys = nil
        options.givenVictims = nil
        options.givenSeed = nil
        options.givenSeeds = nil
        #expect(options == plain, "\(option.name) of \(scenario)")
      }
    }
  }

  @Test func `help explains each exit status`() {
    let lines = Help.text(nil).split(separator: "\n").drop { $0 != "exit status:" }
    for status in 0...4 { #expect(lines.contains { $0.hasPrefix("  \(status) ") }) }
    #expect(lines.joined().contains("--check"))
  }

  @Test func `help explains every option within 80 columns`() throws {
    #expect(try Command(arguments: ["--help"]) == .help(nil))
    #expect(try Command(arguments: ["-h", "sync"]) == .help(.sync))
    let texts = [Help.text(nil)] + Scenario.allCases.map { Help.text($0) }
    for text in texts {
      #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
    for option in Option.all {
      #expect(Help.text(nil).contains(option.name))
      for scenario in Scenario.allCases {
        let isNamed = Help.text(scenario).contains("  \(option.name) ")
        #expect(isNamed == option.scenarios.contains(scenario))
      }
    }
  }
}
