internal import GrapevineCore

extension Evaluation {
  /// What is measured, and under which conditions.
  static func heading(_ options: Options) -> [String] {
    var conditions: [String]
    switch options.scenario {
    case .compareDetection: conditions = CompareDetection.conditions(options)
    case .shard: conditions = Shard.conditions(options)
    case .locks: conditions = LockTrials.conditions(options)
    case .processes: conditions = Processes.conditions(options)
    case .bench: return TextLayout.wrapped(title(options), 80)
    case .report: conditions = Report.conditions(options)
    case .propagate, .discover, .bootstrap, .detect, .idle, .sync, .partition, .churn,
      .throughput, .simulate, .compare, .scale:
      conditions = networkConditions(options)
    }
    if ![.shard, .locks, .processes, .report].contains(options.scenario) {
      conditions.append("interval \(ValueText.text(options.interval))")
    }
    conditions += scenarioConditions(options)
    conditions.append("seed \(options.seed)")
    return TextLayout.wrapped(title(options), 80) + TextLayout.listed(conditions, 80)
      + scenarioLines(options).flatMap { TextLayout.wrapped($0, 80) }
  }

  private static func title(_ options: Options) -> String {
    "\(options.scenario.rawValue): \(options.scenario.summary)"
  }

  private static func networkConditions(_ options: Options) -> [String] {
    var conditions = ["\(options.nodes) nodes", options.network.rawValue]
    switch options.network {
    case .simulated: conditions.append("latency \(ValueText.text(options.latency))")
    case .loopback: conditions.append(options.loops == 1 ? "1 loop" : "\(options.loops) loops")
    }
    conditions.append("loss \(NumberText.trimmed(options.loss, 6))")
    return options.push == .tree ? conditions : conditions + ["push off"]
  }

  private static func scenarioConditions(_ options: Options) -> [String] {
    switch options.scenario {
    case .propagate, .discover, .bootstrap, .detect, .sync, .partition, .compareDetection,
      .locks, .compare, .report, .scale:
      [options.runs == 1 ? "1 run" : "\(options.runs) runs"]
    case .idle, .churn, .throughput, .simulate, .processes:
      ["for \(ValueText.text(options.duration))"]
    case .shard, .bench: []
    }
  }

  /// What else is said of a scenario, in lines of its own.
  private static func scenarioLines(_ options: Options) -> [String] {
    let size = NumberText.bytes(options.valueSize)
    switch options.scenario {
    case .propagate, .discover, .bootstrap, .churn, .compareDetection, .simulate, .shard,
      .locks, .bench, .scale, .processes, .report:
      return []
    case .compare: return ["compared: \(options.comparison.summary)"]
    case .detect:
      let kinds = options.kills.map { $0 == .silence ? "by silence" : "by closing its sockets" }
      let victims = options.victims == 1 ? "1 victim" : "\(options.victims) victims at once"
      return ["\(victims), each killed \(kinds.joined(separator: " or "))"]
    case .idle:
      return options.oneWayCuts == 0 ? [] : ["links cut in one direction: \(options.oneWayCuts)"]
    case .sync:
      let big = options.bigValueSize.map { ", one of \(NumberText.bytes($0))" } ?? ""
      let how = options.isLive ? "set on one node of the running cluster" : "held by one member"
      return ["\(options.keyCount) keys with values of \(size)\(big), \(how)"]
    case .partition:
      let sizes = options.shape.sizes(of: options.nodes) ?? []
      let sides = sizes.map { "\($0)" }.joined(separator: "/")
      let dead = options.victims == 0 ? "" : ", victims that die as it begins: \(options.victims)"
      return ["split \(sides) for \(ValueText.text(options.length))\(dead)"]
    case .throughput:
      return ["\(options.rate) updates/s to \(options.keyCount) keys with values of \(size)"]
    }
  }
}
