internal import GrapevineCore

// The scenarios that others are run by, and the word that says which of them or where to.
extension Scenario {
  /// What stands in the help for the word behind the scenario's name; nil where there is none.
  var operand: String? {
    switch self {
    case .compare: "SET"
    case .report: "FILE.html"
    case .propagate, .discover, .bootstrap, .detect, .idle, .sync, .partition, .churn,
      .throughput, .compareDetection, .simulate, .shard, .locks, .bench, .scale, .processes:
      nil
    }
  }

  /// How it is measured, as lines of help; empty for others.
  var explanationOfSurveys: String {
    switch self {
    case .compare:
      """
      Runs propagate, idle and detect with each configuration of a set, and prints one table. The \
      sets: \(ComparisonSet.allCases.map { "\($0.rawValue) (\($0.summary))" }
        .joined(separator: "; ")); push if none is named. All other options are the same for all \
      of them. Above 64 nodes a configuration is repeated less, 64 / N times as often, though 5 \
      times at least if --runs lets it.
      """
    case .report:
      """
      Measures what the sets of compare do, how much memory and processor time real nodes take \
      on 127.0.0.1, and how fast an update reaches them, and writes it all to FILE.html \
      (report.html if none is named): one page that needs neither a network nor a script. Beside \
      it stand figures of other systems, measured elsewhere. --nodes bounds the sizes that are \
      measured, \(Report.sizes.map(String.init).joined(separator: ", ")); where the size is not \
      what differs it is 64 or less. The same seed gives the same page but for its head and for \
      what is measured on real sockets, where the page says so.
      """
    case .scale:
      """
      A simulated cluster of each of \(ScaleSweep.sizes.map(String.init).joined(separator: ", ")) \
      nodes below --nodes, and one of --nodes, at default settings. All nodes join through the \
      first one at once; then come as many updates as --runs says, and \(ScaleSweep.crashCount) \
      crashes, one after the other. Memory and seconds are this machine's, the most of memory that \
      of the process so far: 10,000 nodes take some twenty minutes and 17 GB. Beside each \
      figure stands what docs/scale.md reckons. Last comes what a member and an entry of it take.
      """
    case .propagate, .discover, .bootstrap, .detect, .idle, .sync, .partition, .churn,
      .throughput, .compareDetection, .simulate, .shard, .locks, .bench:
      ""
    case .processes:
      """
      A cluster on 127.0.0.1, of which \(Processes.processCount) nodes are processes of their own, \
      run by eval node, and all others share this one. At rest the memory of the processes is \
      read, and what each other node sends is counted, with 28 bytes of IP and UDP headers a \
      packet, for --duration or 6 intervals, whichever is longer. Then one of the processes is \
      killed, and the time is taken until all nodes know that it is down. All of it is done at \
      --interval, and again at --slow-interval, beside what ckit claims for 151 nodes. It counts \
      as a failure if a process takes 20 MB of memory, if a live member is held to be down, if not \
      all come to know of the killed one, or if a node sends more than 50 bytes a second at a slow \
      interval of 10s, or a crash is known there sooner than ckit's 45 s by more than chance: it \
      would be no fair comparison.
      """
    }
  }
}

extension Options {
  /// Takes the word behind the scenario's name.
  mutating func take(operand: String) throws(UsageError) {
    switch scenario {
    case .compare: try Compare.take(operand, &self)
    case .report:
      guard !operand.isEmpty else { throw UsageError("the FILE.html of report has no name") }
      pagePath = operand
    case .propagate, .discover, .bootstrap, .detect, .idle, .sync, .partition, .churn,
      .throughput, .compareDetection, .simulate, .shard, .locks, .bench, .scale, .processes:
      preconditionFailure("\(scenario.rawValue) takes no word, but “\(operand)” came")
    }
  }

  /// The arguments that ask for this; what is as it would be without a word is not said.
  ///
  /// Options of scenarios that no page runs are left out.
  var arguments: [String] {
    let plain = Options(scenario: scenario)
    var words = [scenario.rawValue]
    if scenario == .compare { words.append(comparison.rawValue) }
    func say(_ name: String, _ value: String, unless isPlain: Bool) {
      if !isPlain { words += [name, value] }
    }
    say("--network", network.rawValue, unless: network == plain.network)
    say("--nodes", "\(nodes)", unless: nodes == plain.nodes)
    say("--interval", ValueText.text(interval), unless: interval == plain.interval)
    say("--loss", NumberText.trimmed(loss, 6), unless: loss == plain.loss)
    say("--push", push == .tree ? "on" : "off", unless: push == plain.push)
    say("--duration", ValueText.text(duration), unless: givenDuration == nil)
    say("--runs", "\(runs)", unless: givenRuns == nil || runs == plain.runs)
    say("--seed", "\(seed)", unless: seed == plain.seed)
    return words
  }
}
