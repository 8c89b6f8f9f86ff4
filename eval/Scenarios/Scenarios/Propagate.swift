internal import GrapevineCore

/// One update on one node until all nodes hold it.
struct Propagate {
  private let measurement: Measurement
  private let cluster: any Cluster
  private let nodes: [Int]
  private let idle: TrafficCount
  private var peak: PacketPeak
  private var times = ReachTimes()
  private var spent: [Spent] = []
  /// The most hops that a push took to a node, per run in which one brought something.
  private var hops: [Double] = []
  /// Nodes that got an update otherwise than by a push.
  private var pulledCount = 0
  /// The calls of `times` before the first run.
  private let startCalls: Int
  private var failures: [String] = []

  /// What all nodes sent because of one update.
  private struct Spent {
    let traffic: TrafficCount
    let work: Work

    var repairPackets: Double { traffic.packets - work.pushPackets }
  }

  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    var propagate = try Propagate(measurement)
    for run in 1...measurement.options.runs { try propagate.update(run) }
    return propagate.outcome
  }

  private init(_ measurement: Measurement) throws(EvaluationError) {
    self.measurement = measurement
    cluster = try measurement.makeCluster()
    nodes = try measurement.startSteady(measurement.options.nodes, in: cluster)
    idle = try measurement.idleRate(of: nodes, in: cluster)
    peak = PacketPeak(idle: idle, nodeCount: nodes.count)
    startCalls = cluster.latenesses.count
  }
}

extension Propagate {
  private mutating func update(_ run: Int) throws(EvaluationError) {
    let options = measurement.options
    let title = "run \(run) of \(options.runs)"
    try measurement.pauseByChance(cluster, title)
    let writer = nodes[measurement.random.index(nodes.count)]
    let name = cluster.name(of: writer)
    let others = nodes.filter { $0 != writer }
    let newBefore = others.map { cluster.metrics(of: $0).pushesNew }
    let workBefore = cluster.work(of: nodes)
    let trafficBefore = cluster.traffic(of: nodes)
    cluster.resetPacketPeaks()
    let begin = cluster.now
    try cluster.update(writer, [.set("key", to: "value of run \(run)")])
    guard let version = cluster.version(of: name, at: writer) else {
      throw EvaluationError("\(name) does not know itself")
    }
    let reached = try cluster.times(of: nodes, since: begin, limit: measurement.patience) {
      count in
      measurement.progress.report("\(title): \(count) of \(nodes.count) nodes hold the update")
    } until: {
      cluster.version(of: name, at: $0).map { $0 >= version } ?? false
    }
    times.add(reached)
    noteHops(of: others, newBefore)
    let missing = reached.count { $0 == nil }
    if missing > 0 {
      failures.append(
        "run \(run): \(missing) of \(nodes.count) nodes did not hold the update of \(name) "
          + "within \(ValueText.text(measurement.patience))"
      )
    }
    try cluster.sleep(.seconds(1)) { _ in measurement.progress.report(title) }
    peak.note(cluster.packetPeak(of: nodes))
    guard missing == 0 else { return }
    let seconds = Double(cluster.now.since(begin)) / 1e9
    let traffic = cluster.traffic(of: nodes) - trafficBefore - idle * seconds
    spent.append(Spent(traffic: traffic, work: cluster.work(of: nodes) - workBefore))
  }

  private mutating func noteHops(of others: [Int], _ newBefore: [Int]) {
    var most: Int?
    for (node, before) in zip(others, newBefore) {
      let metrics = cluster.metrics(of: node)
      if metrics.pushesNew > before {
        most = max(most ?? 0, metrics.pushHopsLast)
      } else {
        pulledCount += 1
      }
    }
    if let most { hops.append(Double(most)) }
  }
}

extension Propagate {
  private var outcome: Outcome {
    let all = Percentiles(times.completions)
    let half = Percentiles(times.halves)
    let mostHops = Percentiles(hops)
    let bytes = mean(\.traffic.allBytes)
    let pushed = mean(\.work.pushPackets)
    let repairs = mean(\.repairPackets)
    let pulls = mean(\.work.pulls)
    let late = Percentiles(Array(cluster.latenesses.dropFirst(startCalls)))
    let perNode = 1 / Double(nodes.count)
    let pulledShare = Double(pulledCount) / Double((nodes.count - 1) * measurement.options.runs)

    var outcome = Outcome()
    let table = TextTable.times([("until half of the nodes hold it", half), ("until all do", all)])
    outcome.lines += table.lines + ["", "share of nodes that hold it, all runs together:"]
    outcome.lines += times.plot + ["", times.verdict] + spentLines(mostHops, pulledShare)
    outcome.lines += [
      "idle rate of all nodes together: \(NumberText.fixed(idle.packets, 1)) packets/s, "
        + "\(NumberText.bytes(Int(idle.wireBytes.rounded())))/s with headers",
      peak.line,
    ]
    if let late {
      outcome.lines.append(
        "times can be late by \(NumberText.fixed(late.p50, 3)) ms at p50, "
          + "\(NumberText.fixed(late.max, 3)) ms at most"
      )
    }
    outcome.figures =
      [
        ("propagation_ms", .percentiles(all)),
        ("first_half_ms", half.map { .number($0.p50) } ?? .null),
        ("hops", .percentiles(mostHops)),
        ("packets_per_update", .number(orNull: pushed)),
        ("repair_packets_per_update", .number(orNull: repairs)),
        ("bytes_per_update", .number(orNull: bytes)),
        ("converged", .number(times.convergedShare)),
        ("packets_per_update_per_node", .number(orNull: pushed.map { $0 * perNode })),
        ("repair_packets_per_update_per_node", .number(orNull: repairs.map { $0 * perNode })),
        ("pulls_per_update", .number(orNull: pulls)),
        ("share_without_push", .number(pulledShare)),
        ("lateness_ms", .percentiles(late)),
      ] + peak.figures
    outcome.reach = times
    outcome.failures = failures
    return outcome
  }

  /// The mean over the runs that converged; nil if none did.
  private func mean(_ value: (Spent) -> Double) -> Double? {
    spent.isEmpty ? nil : spent.reduce(0) { $0 + value($1) } / Double(spent.count)
  }

  private func spentLines(_ mostHops: Percentiles?, _ pulledShare: Double) -> [String] {
    guard let pushed = mean(\.work.pushPackets), let repairs = mean(\.repairPackets),
      let bytes = mean(\.traffic.allBytes), let pulls = mean(\.work.pulls)
    else { return [] }
    func text(_ packets: Double) -> String {
      let share = packets / Double(nodes.count)
      return "\(NumberText.fixed(packets, 1)) packets, \(NumberText.fixed(share, 2)) per node"
    }
    let hops = mostHops.map {
      "\(NumberText.fixed($0.p50, 0)) at p50, \(NumberText.fixed($0.max, 0)) at most"
    }
    return [
      "hops to the last node that a push reached: \(hops ?? "none")",
      "nodes that no push reached with it: \(NumberText.fixed(pulledShare * 100, 2)) %",
      "pushed per update: \(text(pushed))",
      "else sent above the idle rate: \(text(repairs)); pulls: \(NumberText.fixed(pulls, 1))",
      "all of it: \(NumberText.bytes(Int(bytes.rounded()))) with headers",
    ]
  }
}
