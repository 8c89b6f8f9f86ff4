internal import GrapevineCore

/// All nodes join through one seed at once until all know all.
enum Bootstrap {
  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    let options = measurement.options
    var times = ReachTimes()
    var streams: [Double] = []
    var outcome = Outcome()
    for run in 1...options.runs {
      let title = "run \(run) of \(options.runs)"
      let cluster = try measurement.makeCluster()
      let nodes = try measurement.start(options.nodes, in: cluster)
      let reached = try measurement.bootstrap(nodes, in: cluster, title)
      times.add(reached)
      streams.append(Double(nodes.reduce(0) { $0 + cluster.metrics(of: $1).streamsOut }))
      let missing = reached.count { $0 == nil }
      if missing > 0 {
        outcome.failures.append(
          "run \(run): \(missing) of \(nodes.count) nodes did not know all within "
            + ValueText.text(measurement.patience) + Measurement.list(cluster.complaints)
        )
      }
      for node in nodes { cluster.stop(node) }
    }
    let all = Percentiles(times.completions)
    let half = Percentiles(times.halves)
    let table = TextTable.times([("until half of the nodes know all", half), ("until all do", all)])
    outcome.lines += table.lines + ["", "share of nodes that know all, all runs together:"]
    outcome.lines += times.plot + ["", times.verdict]
    if let opened = Percentiles(streams) {
      outcome.lines.append("streams opened per run: \(NumberText.fixed(opened.p50, 0)) at p50")
    }
    outcome.figures = [("bootstrap_ms", .percentiles(all))]
    return outcome
  }
}
