internal import GrapevineCore

/// Nodes are killed until all others say that they are down.
struct Detect {
  private let measurement: Measurement
  private var cluster: any Cluster
  private var nodes: [Int]
  private var peak: PacketPeak
  private var deaths = Deaths()
  private var times = ReachTimes()
  private var samples: [Sample] = []
  private var pushes: [Double] = []
  private var falseDown = 0
  private var failures: [String] = []

  /// How long it took after one kill, in milliseconds.
  private struct Sample {
    let kill: Kill
    let first: Double
    /// Nil if not all said so.
    let all: Double?
  }

  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    var detect = try Detect(measurement)
    for run in 1...measurement.options.runs { try detect.kill(run) }
    return detect.outcome
  }

  private init(_ measurement: Measurement) throws(EvaluationError) {
    self.measurement = measurement
    (cluster, nodes) = try Detect.startCluster(measurement)
    let idle = try measurement.idleRate(of: nodes, in: cluster)
    peak = PacketPeak(idle: idle, nodeCount: nodes.count)
  }

  private static func startCluster(
    _ measurement: Measurement
  ) throws(EvaluationError) -> (any Cluster, [Int]) {
    let cluster = try measurement.makeCluster()
    cluster.keepDownReports()
    let nodes = try measurement.startSteady(measurement.options.nodes, in: cluster)
    try measurement.warmUp(cluster, "starting")
    return (cluster, nodes)
  }
}

extension Detect {
  private mutating func kill(_ run: Int) throws(EvaluationError) {
    let options = measurement.options
    let title = "run \(run) of \(options.runs)"
    try measurement.pauseByChance(cluster, title)
    let kill = options.kills[(run - 1) % options.kills.count]
    let victims = measurement.choose(options.victims, of: nodes)
    let names = victims.map { cluster.name(of: $0) }
    let survivors = nodes.filter { !victims.contains($0) }
    cluster.resetPacketPeaks()
    let pushesBefore = cluster.work(of: survivors).pushPackets
    let begin = cluster.now
    for victim in victims {
      deaths.note(victim, of: cluster)
      cluster.kill(victim, kill)
    }
    let reached = try cluster.times(of: survivors, since: begin, limit: measurement.patience) {
      count in
      measurement.progress.report("\(title): \(count) of \(survivors.count) say down")
    } until: { node in
      names.allSatisfy { cluster.isDown($0, at: node) }
    }
    try cluster.sleep(.seconds(1)) { _ in measurement.progress.report(title) }
    peak.note(cluster.packetPeak(of: survivors))
    let pushed = cluster.work(of: survivors).pushPackets - pushesBefore
    pushes.append(pushed / Double(options.nodes))
    note(reached, kill, run)
    let isLast = run == options.runs
    if options.victims == 1 && !isLast {
      try replace(victims, among: survivors, run, title)
    } else {
      try finishCluster(startingNext: !isLast)
    }
  }

  private mutating func note(_ reached: [Duration?], _ kill: Kill, _ run: Int) {
    times.add(reached)
    let milliseconds = reached.compactMap { $0?.milliseconds }
    let missing = reached.count - milliseconds.count
    if let first = milliseconds.min() {
      let all = missing == 0 ? milliseconds.max() : nil
      samples.append(Sample(kill: kill, first: first, all: all))
    }
    guard missing > 0 else { return }
    failures.append(
      "run \(run): \(missing) of \(reached.count) survivors did not say down within "
        + ValueText.text(measurement.patience)
    )
  }

  /// Starts a new node in place of each victim, so that each run has a cluster of the same size.
  private mutating func replace(
    _ victims: [Int],
    among survivors: [Int],
    _ run: Int,
    _ title: String
  ) throws(EvaluationError) {
    var fresh: [Int] = []
    for index in victims.indices { fresh.append(try cluster.start("fresh-\(run)-\(index)")) }
    cluster.join(fresh, through: survivors[measurement.random.index(survivors.count)])
    nodes = survivors + fresh
    let agreement = try measurement.agreement(
      of: nodes,
      on: .living,
      in: cluster,
      within: measurement.patience,
      title
    )
    guard agreement != nil else {
      throw EvaluationError(
        "\(title): the nodes did not agree again within \(ValueText.text(measurement.patience))"
          + Measurement.list(cluster.complaints)
      )
    }
    for victim in victims { cluster.stop(victim) }
    try measurement.settle(nodes, in: cluster, title)
    try measurement.warmUp(cluster, title)
  }

  /// Counts what a cluster reported wrongly, and starts the next one if there is to be one.
  private mutating func finishCluster(startingNext: Bool) throws(EvaluationError) {
    falseDown += deaths.wrong(cluster.downReports).count
    guard startingNext else { return }
    for node in nodes { cluster.stop(node) }
    deaths = Deaths()
    (cluster, nodes) = try Detect.startCluster(measurement)
  }
}

extension Detect {
  private var outcome: Outcome {
    let options = measurement.options
    let first = Percentiles(samples.map(\.first))
    let all = Percentiles(samples.compactMap(\.all))
    let pushed = Percentiles(pushes)
    var rows = [("until the first survivor says down", first), ("until all do", all)]
    var figures: [(name: String, value: JSON)] = [
      ("detection_first_ms", .percentiles(first)),
      ("detection_all_ms", .percentiles(all)),
      ("false_down", .integer(falseDown)),
      ("converged", .number(times.convergedShare)),
      ("victims", .integer(options.victims)),
      ("push_packets_per_node", .percentiles(pushed)),
    ]
    for kill in Kill.allCases {
      let isUsed = options.kills.contains(kill)
      let those = Percentiles(samples.compactMap { $0.kill == kill ? $0.all : nil })
      if isUsed && options.kills.count > 1 { rows.append(("  those killed by \(kill)", those)) }
      figures.append(("\(kill)_detection_all_ms", .percentiles(those)))
    }
    var outcome = Outcome()
    outcome.lines = TextTable.times(rows).lines
    outcome.lines += ["", "share of survivors that say down, all runs together:"]
    outcome.lines += times.plot + ["", times.verdict]
    outcome.lines.append("live members reported down: \(falseDown)")
    if let pushed {
      outcome.lines.append(
        "push packets per node and run: \(NumberText.fixed(pushed.p50, 1)) at p50, "
          + "\(NumberText.fixed(pushed.max, 1)) at most"
      )
    }
    outcome.lines.append(peak.line)
    outcome.lines += Measurement.notes(cluster.complaints)
    outcome.figures = figures + peak.figures
    outcome.reach = times
    outcome.failures = failures
    if falseDown > 0 { outcome.failures.append("\(falseDown) times a live member was called down") }
    return outcome
  }
}
