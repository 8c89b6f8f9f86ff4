internal import GrapevineCore

/// One option of the command line: how it is called, what it takes, and where it makes sense.
struct Option: Sendable {
  let name: String
  /// What stands for the value in the help; nil for an option that takes none.
  let placeholder: String?
  let explanation: String
  /// What would be right, after “it must be”.
  let rule: String
  let standard: @Sendable (Scenario) -> String
  let scenarios: [Scenario]
  /// The only network on which the option means something; nil for both.
  let network: Network?
  /// Puts the value into the options; false if it breaks the rule.
  let take: @Sendable (inout Options, String) -> Bool

  init(
    _ name: String,
    _ placeholder: String?,
    _ explanation: String,
    rule: String = "",
    standard: @escaping @Sendable (Scenario) -> String,
    scenarios: [Scenario] = Scenario.allCases,
    network: Network? = nil,
    take: @escaping @Sendable (inout Options, String) -> Bool
  ) {
    self.name = name
    self.placeholder = placeholder
    self.explanation = explanation
    self.rule = rule
    self.standard = standard
    self.scenarios = scenarios
    self.network = network
    self.take = take
  }
}

extension Option {
  /// Every option there is, in the order of the help.
  static let all = general + ofScenarios + ofFaults + ofSimulate + ofShard + ofBench + ofReport

  private static let general = [
    Option(
      "--network",
      "NAME",
      "simulated: a virtual clock and network, one seed gives one run. loopback: real UDP and "
        + "TCP sockets on 127.0.0.1, all nodes in this process.",
      rule: "simulated or loopback",
      standard: { _ in "simulated" },
      scenarios: Scenario.ofClusters
    ) { options, text in
      guard let network = Network(rawValue: text) else { return false }
      options.network = network
      return true
    },
    Option(
      "--nodes",
      "N",
      "The number of nodes; a sync counts the fresh node; of a report the most.",
      rule: "a whole number from 2 to 100000, for simulate 1 to 1000",
      standard: {
        switch $0 {
        case .simulate: "drawn, 1 to 100"
        case .sync: "2, with --live 64"
        case .compareDetection: "8, 16, … 256"
        case .shard: "100"
        case .locks, .bench: ""
        case .processes: "151"
        case .report: "1024"
        case .scale: "1000"
        case .propagate, .discover, .bootstrap, .detect, .idle, .partition, .churn, .throughput,
          .compare:
          "64"
        }
      },
      scenarios: Scenario.allCases.filter { $0 != .locks && $0 != .bench }
    ) { options, text in
      let range = options.scenario == .simulate ? 1...1_000 : 2...100_000
      return options.givenNodes.take(ValueText.count(text), in: range)
    },
    Option(
      "--runs",
      "N",
      "How often the measurement is repeated.",
      rule: "a whole number from 1 to 100000",
      standard: { "\(Options.standardRuns($0))" },
      scenarios: Scenario.withRuns
    ) { $0.givenRuns.take(ValueText.count($1), in: 1...100_000) },
    Option(
      "--seed",
      "N",
      "What every choice and the simulated network are drawn from.",
      rule: "a whole number from 0 to 18446744073709551615, also as 0x…, or a commit's 40 digits",
      standard: { "\(Options.standardSeed($0))" },
      scenarios: Scenario.allCases.filter { $0 != .bench }
    ) { $0.givenSeed.take(ValueText.seed($1), in: 0 ... .max) },
    Option(
      "--interval",
      "TIME",
      "The gossip interval of every node.",
      rule: "a duration from 10ms to 60min, such as 500ms or 2s",
      standard: { _ in "500ms" },
      scenarios: Scenario.ofOptions + [.processes]
    ) { $0.interval.take(ValueText.duration($1), in: .milliseconds(10) ... .seconds(3_600)) },
    Option(
      "--loss",
      "SHARE",
      "The share of packets that is lost, each by a seeded draw: on loopback dropped by the "
        + "sender; in the simulator streams lose too, which costs them time.",
      rule: "a number from 0 to 0.9, such as 0.25",
      standard: { _ in "0" },
      scenarios: Scenario.ofClusters
    ) { $0.loss.take(ValueText.decimal($1), in: 0...0.9) },
    Option(
      "--latency",
      "TIME",
      "How long a packet travels: 1ms is the same for each, 1ms..5ms is drawn evenly.",
      rule: "a duration up to 10s, such as 1ms, or a range such as 1ms..5ms",
      standard: { _ in "1ms" },
      scenarios: Scenario.ofClusters + [.scale],
      network: .simulated
    ) { options, text in
      guard let latency = ValueText.durations(text), latency.upperBound <= .seconds(10)
      else { return false }
      options.latency = latency
      return true
    },
    Option(
      "--loops",
      "N",
      "The number of event loops, one thread each, that the nodes share.",
      rule: "a whole number from 1 to 1024",
      standard: { _ in "1" },
      scenarios: Scenario.ofClusters,
      network: .loopback
    ) { $0.loops.take(ValueText.count($1), in: 1...1_024) },
    Option(
      "--tcp-only",
      nil,
      "Nothing goes by UDP; bytes that are counted by the nodes are those of the packets, with "
        + "headers as by UDP: what the kernel counts is right.",
      standard: { _ in "off" },
      scenarios: Scenario.ofClusters,
      network: .loopback
    ) { options, _ in
      options.hasStreamsOnly = true
      return true
    },
    Option(
      "--push",
      "on|off",
      "on: each change is pushed along a tree of nodes at once. off: heartbeats and pulls alone "
        + "carry it.",
      rule: "on or off",
      standard: { _ in "on" },
      scenarios: Scenario.ofClusters
    ) { options, text in
      switch text {
      case "on": options.push = .tree
      case "off": options.push = .off
      default: return false
      }
      return true
    },
  ]

  private static let ofScenarios = [
    Option(
      "--duration",
      "TIME",
      "How long the cluster is watched, or kept busy; in a simulation how long faults go on.",
      rule: "a duration from 1s to 100h, such as 30s, 2min or 24h",
      standard: { scenario in
        if scenario == .simulate { return "60s" }
        if scenario == .processes { return "10s" }
        let durations = Network.allCases.map { Options.standardDuration(scenario, $0) }
        guard durations[0] != durations[1] else { return ValueText.text(durations[0]) }
        return zip(durations, Network.allCases)
          .map { "\(ValueText.text($0)) \($1.rawValue)" }
          .joined(separator: ", ")
      },
      scenarios: [.idle, .churn, .throughput, .simulate, .processes, .compare]
    ) { $0.givenDuration.take(ValueText.duration($1), in: .seconds(1) ... .seconds(360_000)) },
    Option(
      "--slow-interval",
      "TIME",
      "The interval of the second measurement.",
      rule: "a duration from 10ms to 60min, such as 10s",
      standard: { _ in "10s" },
      scenarios: [.processes]
    ) { $0.slowInterval.take(ValueText.duration($1), in: .milliseconds(10) ... .seconds(3_600)) },
    Option(
      "--keys",
      "N",
      "The number of keys.",
      rule: "a whole number from 1 to 1000000",
      standard: { "\(Options.standardKeys($0))" },
      scenarios: [.sync, .throughput, .shard]
    ) { $0.givenKeys.take(ValueText.count($1), in: 1...1_000_000) },
    Option(
      "--value-size",
      "BYTES",
      "The size of each value.",
      rule: "a number of bytes up to 1MiB, such as 100 or 4KiB",
      standard: { _ in "100" },
      scenarios: [.sync, .throughput]
    ) { $0.valueSize.take(ValueText.size($1), in: 0...1_048_576) },
    Option(
      "--big-value",
      "BYTES",
      "Makes one of the values this large.",
      rule: "a number of bytes up to 1MiB, such as 64KiB",
      standard: { _ in "none" },
      scenarios: [.sync]
    ) { $0.bigValueSize.take(ValueText.size($1), in: 0...1_048_576) },
    Option(
      "--live",
      nil,
      "Sets the keys on one node of a running cluster and waits until all nodes hold them.",
      standard: { _ in "off" },
      scenarios: [.sync]
    ) { options, _ in
      options.isLive = true
      return true
    },
  ]

  private static let ofReport = [
    Option(
      "--json",
      "FILE",
      "Also writes the figures to FILE as one JSON object, with what failed; a run that comes to "
        + "no end leaves FILE empty.",
      rule: "the name of a file",
      standard: { _ in "none" }
    ) { options, text in
      guard !text.isEmpty else { return false }
      options.jsonPath = text
      return true
    }
  ]
}

extension Comparable {
  /// Becomes `value` if there is one within `range`; otherwise says false.
  mutating func take(_ value: Self?, in range: ClosedRange<Self>) -> Bool {
    guard let value, range.contains(value) else { return false }
    self = value
    return true
  }
}

extension Optional where Wrapped: Comparable {
  /// Becomes `value` if there is one within `range`; otherwise says false.
  mutating func take(_ value: Wrapped?, in range: ClosedRange<Wrapped>) -> Bool {
    guard let value, range.contains(value) else { return false }
    self = value
    return true
  }
}
