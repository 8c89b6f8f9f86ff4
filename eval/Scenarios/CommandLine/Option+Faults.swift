// The options of scenarios in which something goes wrong on purpose.
extension Option {
  static let ofFaults = [
    Option(
      "--kill",
      "KIND",
      "silence: as a host dies, nothing answers any more. close: as a process dies, its host "
        + "refuses packets and connections. both: the kinds take turns.",
      rule: "silence, close or both",
      standard: { _ in "silence" },
      scenarios: [.detect, .compare]
    ) { options, text in
      let kills = text == "both" ? Kill.allCases : Kill(rawValue: text).map { [$0] }
      guard let kills else { return false }
      options.kills = kills
      return true
    },
    Option(
      "--victims",
      "N",
      "The number of nodes that are killed at the same moment; in a partition as it begins, "
        + "without a word.",
      rule: "a whole number below that of the nodes, for detect at least 1",
      standard: { "\(Options.standardVictims($0))" },
      scenarios: [.detect, .partition]
    ) { options, text in
      let fewest = Options.standardVictims(options.scenario)
      return options.givenVictims.take(ValueText.count(text), in: fewest...99_999)
    },
    Option(
      "--shape",
      "SIDES",
      "How many nodes are on each side: 32/32, or 20/20/24 for three; or the first one's share of "
        + "all, such as 0.25.",
      rule: "numbers of nodes such as 32/32, or a share above 0 and below 1",
      standard: { _ in "0.5" },
      scenarios: [.partition]
    ) { options, text in
      guard let shape = PartitionShape(text) else { return false }
      options.shape = shape
      return true
    },
    Option(
      "--length",
      "TIME",
      "How long the network stays split.",
      rule: "a duration from 1s to 100h, such as 120s or 24h",
      standard: { _ in "30s" },
      scenarios: [.partition]
    ) { $0.length.take(ValueText.duration($1), in: .seconds(1) ... .seconds(360_000)) },
    Option(
      "--one-way-cuts",
      "N",
      "Cuts so many links in one direction, so that one node does not hear one other; each minute "
        + "other links.",
      rule: "a whole number from 0 to 10000",
      standard: { _ in "0" },
      scenarios: [.idle],
      network: .simulated
    ) { $0.oneWayCuts.take(ValueText.count($1), in: 0...10_000) },
    Option(
      "--checks",
      nil,
      "Verifies every promise of the engines on the way, as simulate does.",
      standard: { _ in "off" },
      scenarios: [.idle],
      network: .simulated
    ) { options, _ in
      options.checks = true
      return true
    },
    Option(
      "--rate",
      "N",
      "The number of updates in a second.",
      rule: "a whole number from 1 to 1000000",
      standard: { _ in "5000" },
      scenarios: [.throughput]
    ) { $0.rate.take(ValueText.count($1), in: 1...1_000_000) },
    Option(
      "--expiry",
      "TIME",
      "How long a member that left or is down stays known.",
      rule: "a duration from 100ms to 24h, such as 60s",
      standard: { _ in "60s" },
      scenarios: [.detect, .partition, .churn]
    ) { $0.expiry.take(ValueText.duration($1), in: .milliseconds(100) ... .seconds(86_400)) },
  ]
}
