internal import GrapevineCore

/// Many keys until a fresh node, or a whole cluster, holds them.
struct Sync {
  private let measurement: Measurement
  private let cluster: any Cluster
  /// The nodes of the running cluster; the first one is the owner of the keys.
  private let nodes: [Int]
  private let owner: String
  private let emptyProcess: Int
  private var times = ReachTimes()
  private var bytes: [Double] = []
  private var memoryPeak = 0
  private var queuePeak = 0
  private var failures: [String] = []

  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    var sync = try Sync(measurement)
    let options = measurement.options
    if !options.isLive { try sync.prepare() }
    for run in 1...options.runs {
      if options.isLive {
        try sync.setLive(run)
      } else {
        try sync.joinFresh(run)
      }
    }
    return sync.outcome
  }

  private init(_ measurement: Measurement) throws(EvaluationError) {
    self.measurement = measurement
    emptyProcess = ProcessMemory.resident
    cluster = try measurement.makeCluster()
    let options = measurement.options
    let count = options.isLive ? options.nodes : options.nodes - 1
    nodes = try measurement.startSteady(count, in: cluster)
    owner = cluster.name(of: nodes[0])
  }
}

extension Sync {
  /// Sets the keys on the first node, and waits until the other nodes, if any, hold them.
  private func prepare() throws(EvaluationError) {
    let times = try write(SyncPayload(measurement.options, run: 0), "preparing")
    guard !times.contains(nil) else {
      throw EvaluationError("the cluster that the fresh node joins did not come to hold the keys")
    }
    try measurement.settle(nodes, in: cluster, "preparing")
  }

  /// Sets the keys on one node of the running cluster.
  private mutating func setLive(_ run: Int) throws(EvaluationError) {
    let payload = SyncPayload(measurement.options, run: run)
    ProcessMemory.resetPeak()
    let before = cluster.traffic(of: nodes)
    let times = try write(payload, title(run))
    note(times, run, cluster.traffic(of: nodes) - before, nodes)
    check(payload, run, at: nodes)
    try measurement.settle(nodes, in: cluster, title(run))
  }

  /// Sets the keys on the first node; the times until each node holds all.
  private func write(_ payload: SyncPayload, _ title: String) throws(EvaluationError) -> [Duration?]
  {
    let begin = cluster.now
    try payload.write(to: nodes[0], of: cluster)
    return try waitForKeys(at: nodes, since: begin, title)
  }

  /// Lets a fresh node join the owner of the keys, and leave when it holds them.
  private mutating func joinFresh(_ run: Int) throws(EvaluationError) {
    ProcessMemory.resetPeak()
    let fresh = try cluster.start("fresh-\(run)")
    let all = nodes + [fresh]
    let before = cluster.traffic(of: all)
    let begin = cluster.now
    cluster.join([fresh], through: nodes[0])
    let times = try waitForKeys(at: [fresh], since: begin, title(run))
    note(times, run, cluster.traffic(of: all) - before, all)
    check(SyncPayload(measurement.options, run: 0), run, at: [fresh])
    try measurement.dismiss(fresh, from: nodes, of: cluster, title(run))
  }

  private func waitForKeys(at nodes: [Int], since begin: Instant, _ title: String)
    throws(EvaluationError) -> [Duration?]
  {
    let version = cluster.version(of: owner, at: self.nodes[0]) ?? 0
    return try cluster.times(of: nodes, since: begin, limit: measurement.patience) { count in
      measurement.progress.report("\(title): \(count) of \(nodes.count) nodes hold all keys")
    } until: {
      cluster.version(of: owner, at: $0).map { $0 >= version } ?? false
    }
  }

  private func title(_ run: Int) -> String { "run \(run) of \(measurement.options.runs)" }

  /// Takes down what a run moved and what is held at its end.
  private mutating func note(
    _ times: [Duration?],
    _ run: Int,
    _ traffic: TrafficCount,
    _ nodes: [Int]
  ) {
    self.times.add(times)
    bytes.append(traffic.wireBytes + traffic.streamBytes)
    memoryPeak = max(memoryPeak, ProcessMemory.peak - emptyProcess)
    queuePeak = nodes.reduce(queuePeak) { max($0, cluster.metrics(of: $1).streamQueuePeak) }
    let missing = times.count { $0 == nil }
    guard missing > 0 else { return }
    failures.append(
      "run \(run): \(missing) of \(times.count) nodes did not hold all keys within "
        + ValueText.text(measurement.patience)
    )
  }

  /// Compares every value at each node with what was written.
  private mutating func check(_ payload: SyncPayload, _ run: Int, at nodes: [Int]) {
    let version = cluster.version(of: owner, at: self.nodes[0])
    for node in nodes where cluster.version(of: owner, at: node) == version {
      guard let key = payload.firstDifference(of: owner, at: node, in: cluster) else { continue }
      failures.append(
        "run \(run): \(cluster.name(of: node)) has the last version, but not \(key) as it was set"
      )
    }
  }
}

extension Sync {
  private var outcome: Outcome {
    let options = measurement.options
    let isReal = options.network == .loopback
    let all = Percentiles(times.completions)
    var rows = [("until the fresh node holds all keys", all)]
    if options.isLive {
      rows = [
        ("until half of the nodes hold all keys", Percentiles(times.halves)), ("until all do", all),
      ]
    }
    let mean = bytes.reduce(0, +) / Double(max(1, bytes.count))
    let size = SyncPayload(options, run: 0).size
    var outcome = Outcome()
    outcome.lines = TextTable.times(rows).lines + [""]
    if options.isLive {
      outcome.lines += ["share of nodes that hold all keys, all runs together:"]
      outcome.lines += times.plot + [""]
    }
    outcome.lines += [
      times.verdict,
      "keys and values: \(NumberText.bytes(size)), on \(options.nodes) nodes "
        + "\(NumberText.bytes(size * options.nodes))",
      "sent by all nodes per run: \(NumberText.bytes(Int(mean.rounded())))",
      "most bytes that waited in one stream: \(NumberText.bytes(queuePeak))",
    ]
    if isReal {
      outcome.lines.append(
        "most memory of this process above the empty one: \(NumberText.bytes(memoryPeak))"
      )
    }
    outcome.lines += Measurement.notes(cluster.complaints)
    outcome.figures = [
      ("sync_ms", .percentiles(all)),
      ("bytes", .number(mean)),
      // In the simulator it would be the simulator's own.
      ("rss_peak_bytes", isReal ? .integer(memoryPeak) : .null),
    ]
    outcome.failures = failures
    return outcome
  }
}
