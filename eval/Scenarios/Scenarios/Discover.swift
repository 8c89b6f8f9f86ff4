internal import GrapevineCore

/// A new node joins until all nodes know it.
enum Discover {
  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    let options = measurement.options
    let cluster = try measurement.makeCluster()
    let nodes = try measurement.startSteady(options.nodes, in: cluster)
    var times = ReachTimes()
    var outcome = Outcome()
    for run in 1...options.runs {
      let title = "run \(run) of \(options.runs)"
      try measurement.pauseByChance(cluster, title)
      let name = "newcomer-\(run)"
      let newcomer = try cluster.start(name)
      let begin = cluster.now
      cluster.join([newcomer], through: nodes[measurement.random.index(nodes.count)])
      let reached = try cluster.times(of: nodes, since: begin, limit: measurement.patience) {
        count in
        measurement.progress.report("\(title): \(count) of \(nodes.count) nodes know \(name)")
      } until: {
        cluster.version(of: name, at: $0) != nil
      }
      times.add(reached)
      let missing = reached.count { $0 == nil }
      if missing > 0 {
        outcome.failures.append(
          "run \(run): \(missing) of \(nodes.count) nodes did not know \(name) within "
            + ValueText.text(measurement.patience)
        )
      }
      // Each run is to have a cluster of the same size.
      try measurement.dismiss(newcomer, from: nodes, of: cluster, title)
    }
    let all = Percentiles(times.completions)
    let half = Percentiles(times.halves)
    let table = TextTable.times([("until half of the nodes know it", half), ("until all do", all)])
    outcome.lines += table.lines + ["", "share of nodes that know it, all runs together:"]
    outcome.lines += times.plot + ["", times.verdict]
    outcome.lines += Measurement.notes(cluster.complaints)
    outcome.figures = [("discovery_ms", .percentiles(all))]
    return outcome
  }
}
