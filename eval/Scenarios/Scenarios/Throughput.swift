internal import GrapevineCore

/// One node overwrites its keys in turn at a steady rate until all nodes are equal.
struct Throughput {
  private let measurement: Measurement
  private let cluster: any Cluster
  private let nodes: [Int]
  private var times = ReachTimes()
  private var results: [Result] = []
  private var failures: [String] = []

  /// What one run showed.
  private struct Result {
    let updates: Double
    let seconds: Double
    let writer: Work
    let others: Work
    let bytes: Double
  }

  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    let cluster = try measurement.makeCluster()
    let nodes = try measurement.startSteady(measurement.options.nodes, in: cluster)
    var throughput = Throughput(measurement: measurement, cluster: cluster, nodes: nodes)
    for run in 1...measurement.options.runs { try throughput.overwrite(run) }
    return throughput.outcome
  }

  private init(measurement: Measurement, cluster: any Cluster, nodes: [Int]) {
    self.measurement = measurement
    self.cluster = cluster
    self.nodes = nodes
  }
}

extension Throughput {
  private mutating func overwrite(_ run: Int) throws(EvaluationError) {
    let options = measurement.options
    let title = "run \(run) of \(options.runs)"
    let writer = nodes[0]
    let name = cluster.name(of: writer)
    let others = Array(nodes.dropFirst())
    let workBefore = (cluster.work(of: [writer]), cluster.work(of: others))
    let trafficBefore = cluster.traffic(of: nodes)
    let begin = cluster.now
    let total = Int(options.duration.seconds * Double(options.rate))
    var count = 0
    while count < total {
      let passed = Double(cluster.now.since(begin)) / 1e9
      let due = min(total, Int(passed * Double(options.rate)) + 1)
      while count < due {
        try cluster.update(writer, [change(count, run)])
        count += 1
      }
      measurement.progress.report("\(title): \(count) of \(total) updates")
      try cluster.sleep(.milliseconds(1)) { _ in }
    }
    let end = cluster.now
    // An update stands for the time until the next one, the last one too.
    let seconds = max(Double(end.since(begin)) / 1e9, Double(total) / Double(options.rate))
    if let shortfall = Throughput.shortfall(run, total, in: seconds, of: options.rate) {
      failures.append(shortfall)
    }
    let version = cluster.version(of: name, at: writer) ?? 0
    let reached = try cluster.times(of: others, since: end, limit: measurement.patience) { count in
      measurement.progress.report("\(title): \(count) of \(others.count) nodes are equal")
    } until: { node in
      cluster.version(of: name, at: node).map { $0 >= version } ?? false
    }
    note(reached, run)
    results.append(
      Result(
        updates: Double(total),
        seconds: seconds,
        writer: cluster.work(of: [writer]) - workBefore.0,
        others: cluster.work(of: others) - workBefore.1,
        bytes: cluster.traffic(of: nodes).allBytes - trafficBefore.allBytes
      )
    )
    check(total, run)
  }

  /// What is wrong if so many updates in so many seconds are not the rate that was asked for.
  static func shortfall(
    _ run: Int,
    _ count: Int,
    in seconds: Double,
    of rate: Int
  ) -> String? {
    let found = Double(count) / seconds
    guard found < 0.9 * Double(rate) else { return nil }
    return "run \(run): \(NumberText.fixed(found, 0)) updates/s came about, fewer than 90 % of "
      + "\(rate)"
  }

  private func change(_ count: Int, _ run: Int) -> Change {
    let options = measurement.options
    return .set(
      key: "key-\(count % options.keyCount)",
      value: Throughput.value(count, run, size: options.valueSize)
    )
  }

  /// The number of the update and of the run, repeated.
  private static func value(_ count: Int, _ run: Int, size: Int) -> [UInt8] {
    let text = Array("\(run).\(count) ".utf8)
    return (0..<size).map { text[$0 % text.count] }
  }

  private mutating func note(_ reached: [Duration?], _ run: Int) {
    times.add(reached)
    let missing = reached.count { $0 == nil }
    guard missing > 0 else { return }
    failures.append(
      "run \(run): \(missing) of \(reached.count) nodes did not hold the last update within "
        + ValueText.text(measurement.patience)
    )
  }

  /// Compares every value at each node that has the last version with what was set last.
  private mutating func check(_ total: Int, _ run: Int) {
    let options = measurement.options
    let name = cluster.name(of: nodes[0])
    let version = cluster.version(of: name, at: nodes[0])
    for node in nodes where cluster.version(of: name, at: node) == version {
      for count in max(0, total - options.keyCount)..<total {
        let key = "key-\(count % options.keyCount)"
        let value = cluster.entry(key, of: name, at: node)?.value
        guard value != Throughput.value(count, run, size: options.valueSize) else { continue }
        failures.append(
          "run \(run): \(cluster.name(of: node)) has the last version, but not \(key) as it was set"
        )
        break
      }
    }
  }
}

extension Throughput {
  private var outcome: Outcome {
    let options = measurement.options
    let equal = Percentiles(times.completions)
    let seconds = results.reduce(0) { $0 + $1.seconds }
    let updates = results.reduce(0) { $0 + $1.updates } / seconds
    let writer = results.reduce(Work()) { $0 + $1.writer }
    let others = results.reduce(Work()) { $0 + $1.others }
    let all = writer + others
    let perNode = 1 / Double(nodes.count) / Double(results.count)
    let pushRate = writer.pushes / seconds
    let bytes = results.reduce(0) { $0 + $1.bytes } / seconds / Double(nodes.count)
    var outcome = Outcome()
    outcome.lines = TextTable.times([("from the last update until all are equal", equal)]).lines
    outcome.lines += [
      "",
      times.verdict,
      "updates per second: \(NumberText.fixed(updates, 0)) of \(options.rate) asked for",
      "pushes per second that left the writer: \(NumberText.fixed(pushRate, 1)), packets "
        + NumberText.fixed(writer.pushPackets / seconds, 1),
      "per node and run: \(NumberText.fixed(all.pulls * perNode, 1)) pulls, "
        + "\(NumberText.fixed(all.streams * perNode, 1)) streams opened, "
        + "\(NumberText.fixed(all.pushPackets * perNode, 1)) push packets",
      "bytes sent per node and second: \(NumberText.bytes(Int(bytes.rounded())))",
    ]
    outcome.figures = [
      ("equal_ms", .percentiles(equal)),
      ("updates_per_s", .number(updates)),
      ("writer_pushes_per_s", .number(pushRate)),
      ("writer_push_packets_per_s", .number(writer.pushPackets / seconds)),
      ("pulls_per_node", .number(all.pulls * perNode)),
      ("streams_per_node", .number(all.streams * perNode)),
      ("push_packets_per_node", .number(all.pushPackets * perNode)),
      ("bytes_per_node_per_s", .number(bytes)),
      ("converged", .number(times.convergedShare)),
    ]
    outcome.failures = failures
    return outcome
  }
}
