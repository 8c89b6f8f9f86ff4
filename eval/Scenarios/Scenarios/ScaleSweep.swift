internal import GrapevineCore

/// One cluster of each size: how it starts, spreads an update, sees a crash, and what it costs,
/// beside what ``ScaleModel`` reckons.
enum ScaleSweep {
  /// The sizes that are measured on the way to `--nodes`.
  static let sizes = [64, 100, 1_000, 10_000]

  /// The sizes that are measured for so many `--nodes`, which come last.
  static func sizes(upTo nodes: Int) -> [Int] { sizes.filter { $0 < nodes } + [nodes] }

  /// Memory grows with the square of the number.
  static let nodeLimits = 64...10_000

  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    ProcessMemory.keepLargeArraysApart()
    var findings: [Finding] = []
    for size in sizes(upTo: measurement.options.nodes) {
      findings.append(try measure(size, measurement))
    }
    var outcome = outcome(findings, ScaleModel(measurement.options))
    measurement.progress.report("members and their entries: memory")
    let costs = MemberCost.measured()
    outcome.lines += [""] + costs.lines
    outcome.figures.append(("member_costs", costs.json))
    return outcome
  }

  /// What was measured of one size.
  fileprivate struct Finding {
    let size: Int
    let bootstrap: Double
    let bootstrapBytes: Double
    var updates: [Double] = []
    var hops: [Double] = []
    var crashes: [Double] = []
    var falseDown = 0
    var failures: [String] = []
    /// Sent by a node at rest, in a second.
    let idle: TrafficCount
    /// Bytes of this process for each member that a node knows, itself included.
    let memory: Double
    /// Seconds of this machine that the cluster's start took, and all of it.
    let startSeconds: Double
    var seconds = 0.0
    /// The most bytes that the process has had in memory by then, be it for a smaller cluster.
    var peak = 0
  }

  private static func measure(
    _ size: Int,
    _ measurement: Measurement
  ) throws(EvaluationError) -> Finding {
    let title = "\(size) nodes"
    ProcessMemory.giveBack()
    let memoryBefore = ProcessMemory.resident
    let begin = MachineClock.now
    let cluster = try measurement.makeCluster()
    cluster.keepDownReports()
    let nodes = try measurement.start(size, in: cluster)
    let times = try measurement.bootstrap(nodes, in: cluster, title)
    let known = times.compactMap { $0?.milliseconds }
    guard known.count == size, let bootstrap = known.max() else {
      throw EvaluationError(
        "\(title): \(size - known.count) did not know all within "
          + ValueText.text(measurement.patience) + Measurement.list(cluster.complaints)
      )
    }
    let startSeconds = Double(MachineClock.now.since(begin)) / 1e9
    try measurement.settle(nodes, in: cluster, title)
    try measurement.warmUp(cluster, title)
    let started = cluster.traffic(of: nodes)
    let memory = ProcessMemory.resident - memoryBefore
    let idle = try measurement.idleRate(of: nodes, in: cluster) * (1 / Double(size))
    var finding = Finding(
      size: size,
      bootstrap: bootstrap,
      bootstrapBytes: started.allBytes / Double(size),
      idle: idle,
      memory: Double(memory) / Double(size) / Double(size),
      startSeconds: startSeconds
    )
    for run in 1...measurement.options.runs {
      try update(nodes, run, in: cluster, measurement, &finding)
    }
    try crash(nodes, in: cluster, measurement, &finding)
    finding.peak = ProcessMemory.peak
    for node in nodes { cluster.stop(node) }
    finding.seconds = Double(MachineClock.now.since(begin)) / 1e9
    return finding
  }

  private static func update(
    _ nodes: [Int],
    _ run: Int,
    in cluster: any Cluster,
    _ measurement: Measurement,
    _ finding: inout Finding
  ) throws(EvaluationError) {
    let title = "\(nodes.count) nodes, update \(run)"
    try measurement.pauseByChance(cluster, title)
    let writer = measurement.choose(1, of: nodes)[0]
    let name = cluster.name(of: writer)
    try cluster.update(writer, [.set("key", to: "value of run \(run)")])
    let version = cluster.version(of: name, at: writer)
    let reached = try cluster.times(of: nodes, since: cluster.now, limit: measurement.patience) {
      measurement.progress.report("\(title): \($0) of \(nodes.count) nodes hold it")
    } until: {
      cluster.version(of: name, at: $0) == version
    }
    finding.note(reached, title, \.updates)
    let hops = nodes.map { $0 == writer ? 0 : cluster.metrics(of: $0).pushHopsLast }
    finding.hops.append(Double(hops.max() ?? 0))
    try measurement.settle(nodes, in: cluster, title)
  }

  /// Lets some nodes die one after the other; each is missed by those that are left.
  private static func crash(
    _ nodes: [Int],
    in cluster: any Cluster,
    _ measurement: Measurement,
    _ finding: inout Finding
  ) throws(EvaluationError) {
    var left = nodes
    var deaths = Deaths()
    for victim in measurement.choose(crashCount, of: nodes) {
      let title = "\(nodes.count) nodes, crash \(nodes.count - left.count + 1)"
      try measurement.pauseByChance(cluster, title)
      let name = cluster.name(of: victim)
      left.removeAll { $0 == victim }
      deaths.note(victim, of: cluster)
      cluster.kill(victim, .silence)
      let reached = try cluster.times(of: left, since: cluster.now, limit: measurement.patience) {
        measurement.progress.report("\(title): \($0) of \(left.count) say down")
      } until: {
        cluster.isDown(name, at: $0)
      }
      finding.note(reached, title, \.crashes)
      // Whoever observed it observes others now, and gets to know their heartbeats.
      try measurement.warmUp(cluster, title)
    }
    finding.falseDown = deaths.wrong(cluster.downReports).count
    if finding.falseDown > 0 {
      finding.failures.append("\(finding.falseDown) times a live member was called down")
    }
  }

  /// Nodes that die in each cluster.
  static let crashCount = 5
}

extension ScaleSweep.Finding {
  /// Adds the time until all were reached, or what is wrong.
  fileprivate mutating func note(
    _ reached: [Duration?],
    _ title: String,
    _ times: WritableKeyPath<Self, [Double]>
  ) {
    let milliseconds = reached.compactMap { $0?.milliseconds }
    if milliseconds.count == reached.count {
      self[keyPath: times].append(milliseconds.max() ?? 0)
    } else {
      failures.append("\(title): \(reached.count - milliseconds.count) nodes were not reached")
    }
  }
}

extension ScaleSweep {
  private static func outcome(_ findings: [Finding], _ model: ScaleModel) -> Outcome {
    var table = TextTable(header: [
      "nodes", "all know all ms", "update p50 ms", "max", "hops", "crash p50 ms", "max",
      "bytes/s", "packets/s", "by streams", "bytes/member", "peak MB", "start s", "all s",
    ])
    var outcome = Outcome()
    var objects: [JSON] = []
    for finding in findings {
      let updates = Percentiles(finding.updates)
      let crashes = Percentiles(finding.crashes)
      let hops = Percentiles(finding.hops)
      func text(_ value: Double?, _ digits: Int) -> String {
        value.map { NumberText.fixed($0, digits) } ?? "-"
      }
      table.add([
        "\(finding.size)", text(finding.bootstrap, 0), text(updates?.p50, 1),
        text(updates?.max, 1), text(hops?.p50, 0), text(crashes?.p50, 0), text(crashes?.max, 0),
        text(finding.idle.wireBytes, 1), text(finding.idle.packets, 2),
        text(finding.idle.streamBytes, 1), text(finding.memory, 0),
        text(Double(finding.peak) / 1e6, 0), text(finding.startSeconds, 1),
        text(finding.seconds, 1),
      ])
      let reckoned = model.figures(of: finding.size)
      table.add([
        "  reckoned", "-", text(reckoned.update, 1), "-", "\(reckoned.hops)",
        text(reckoned.crash, 0), "-", text(reckoned.bytes, 1), text(reckoned.packets, 2),
        "0.0", text(reckoned.memory, 0), "-", "-", "-",
      ])
      outcome.failures += finding.failures
      objects.append(
        .object([
          ("nodes", .integer(finding.size)),
          ("bootstrap_ms", .number(finding.bootstrap)),
          ("bootstrap_bytes_per_node", .number(finding.bootstrapBytes)),
          ("propagation_ms", .percentiles(updates)),
          ("hops", .percentiles(hops)),
          ("detection_all_ms", .percentiles(crashes)),
          ("false_down", .integer(finding.falseDown)),
          ("bytes_per_node_per_s", .number(finding.idle.wireBytes)),
          ("packets_per_node_per_s", .number(finding.idle.packets)),
          ("stream_bytes_per_node_per_s", .number(finding.idle.streamBytes)),
          ("bytes_per_member", .number(finding.memory)),
          ("peak_rss_bytes", .integer(finding.peak)),
          ("start_wall_s", .number(finding.startSeconds)),
          ("wall_s", .number(finding.seconds)),
        ])
      )
    }
    outcome.lines = table.lines + [""]
    outcome.lines += TextLayout.wrapped(
      "ms: virtual time until all nodes know all others, hold an update, say that a node which "
        + "died is down. bytes/s, packets/s: sent by a node at rest, headers included; by streams: "
        + "bytes/s that go by streams. "
        + "bytes/member: memory of this process by pairs of nodes. peak: the most memory that the "
        + "process had so far. start, all: seconds of this machine. reckoned: by the model of "
        + "docs/scale.md.",
      80
    )
    outcome.figures = [("sizes", .array(objects))]
    return outcome
  }
}
