internal import GrapevineCore

/// One update on one node until all nodes hold it.
enum Propagate {
  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    let options = measurement.options
    let cluster = try measurement.makeCluster()
    let nodes = try measurement.startSteady(options.nodes, in: cluster)
    let idle = try idleRate(nodes, cluster, measurement)
    var times = ReachTimes()
    var spent: [TrafficCount] = []
    var outcome = Outcome()
    for run in 1...options.runs {
      let title = "run \(run) of \(options.runs)"
      try measurement.pauseByChance(cluster, title)
      let writer = measurement.random.index(nodes.count)
      let name = cluster.name(of: nodes[writer])
      let before = cluster.traffic(of: nodes)
      let begin = cluster.now
      try cluster.update(nodes[writer], [.set("key", to: "value of run \(run)")])
      guard let version = cluster.version(of: name, at: nodes[writer]) else {
        throw EvaluationError("\(name) does not know itself")
      }
      let reached = try cluster.times(of: nodes, since: begin, limit: measurement.patience) {
        count in
        measurement.progress.report("\(title): \(count) of \(nodes.count) nodes hold the update")
      } until: {
        cluster.version(of: name, at: $0).map { $0 >= version } ?? false
      }
      times.add(reached)
      let missing = reached.count { $0 == nil }
      if missing > 0 {
        outcome.failures.append(
          "run \(run): \(missing) of \(nodes.count) nodes did not hold the update of \(name) "
            + "within \(ValueText.text(measurement.patience))"
        )
      }
      try cluster.sleep(.seconds(1)) { _ in measurement.progress.report(title) }
      let seconds = Double(cluster.now.since(begin)) / 1e9
      if missing == 0 { spent.append(cluster.traffic(of: nodes) - before - idle * seconds) }
    }
    report(times, spent, idle, &outcome)
    return outcome
  }

  /// What all nodes together send in a second while nothing changes.
  private static func idleRate(
    _ nodes: [Int],
    _ cluster: any Cluster,
    _ measurement: Measurement
  ) throws(EvaluationError) -> TrafficCount {
    // A virtual interval costs nothing, and a longer window a better mean.
    let intervals = measurement.options.network == .simulated ? 40 : 10
    let before = cluster.traffic(of: nodes)
    let begin = cluster.now
    try cluster.sleep(measurement.options.interval * intervals) { _ in
      measurement.progress.report("measuring the idle rate")
    }
    let seconds = Double(cluster.now.since(begin)) / 1e9
    return (cluster.traffic(of: nodes) - before) * (1 / seconds)
  }

  private static func report(
    _ times: ReachTimes,
    _ spent: [TrafficCount],
    _ idle: TrafficCount,
    _ outcome: inout Outcome
  ) {
    let all = Percentiles(times.completions)
    let half = Percentiles(times.halves)
    let sum = spent.reduce(TrafficCount(), +)
    let mean = spent.isEmpty ? nil : sum * (1 / Double(spent.count))
    let bytes = mean.map { $0.wireBytes + $0.streamBytes }

    let table = TextTable.times([("until half of the nodes hold it", half), ("until all do", all)])
    outcome.lines += table.lines + ["", "share of nodes that hold it, all runs together:"]
    outcome.lines += times.plot + [""]
    outcome.lines.append(times.verdict)
    if let mean, let bytes {
      outcome.lines.append(
        "sent per update above the idle rate: \(NumberText.fixed(mean.packets, 1)) packets, "
          + "\(NumberText.bytes(Int(bytes.rounded()))) with headers"
      )
    }
    outcome.lines.append(
      "idle rate of all nodes together: \(NumberText.fixed(idle.packets, 1)) packets/s, "
        + "\(NumberText.bytes(Int(idle.wireBytes.rounded())))/s with headers"
    )
    outcome.figures = [
      ("propagation_ms", .percentiles(all)),
      ("first_half_ms", half.map { .number($0.p50) } ?? .null),
      // Nothing is pushed yet: an update travels by heartbeats and pulls alone.
      ("hops", .null),
      ("packets_per_update", .null),
      ("repair_packets_per_update", mean.map { .number($0.packets) } ?? .null),
      ("bytes_per_update", bytes.map { .number($0) } ?? .null),
      ("converged", .number(times.convergedShare)),
    ]
  }
}
