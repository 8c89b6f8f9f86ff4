internal import GrapevineCore

/// The network is split, and heals until all nodes agree again.
struct Heal {
  private let measurement: Measurement
  private var times: [Double] = []
  private var falseDown = 0
  /// Reports about the other side from after the cut.
  private var lateDown = 0
  /// Reports about victims beyond each node's first.
  private var repeatedDown = 0
  private var ghosts = 0
  private var peaks: [PacketPeak] = []
  private var failures: [String] = []

  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    var heal = Heal(measurement: measurement)
    for run in 1...measurement.options.runs { try heal.splitOnce(run) }
    return heal.outcome
  }

  private init(measurement: Measurement) {
    self.measurement = measurement
  }

  /// The time within which all must agree: twice of what is promised.
  private var patience: Duration { max(.seconds(120), measurement.options.interval * 240) }
}

extension Heal {
  private mutating func splitOnce(_ run: Int) throws(EvaluationError) {
    let options = measurement.options
    let title = "run \(run) of \(options.runs)"
    let cluster = try measurement.makeCluster()
    cluster.keepDownReports()
    let nodes = try measurement.startSteady(options.nodes, in: cluster)
    try measurement.warmUp(cluster, title)
    let idle = try measurement.idleRate(of: nodes, in: cluster)
    var peak = PacketPeak(idle: idle, nodeCount: nodes.count)
    let sides = drawSides(of: nodes)
    cluster.resetPacketPeaks()
    let victims = measurement.choose(options.victims, of: nodes)
    var deaths = Deaths()
    for victim in victims {
      deaths.note(victim, of: cluster)
      cluster.kill(victim, .silence)
    }
    let survivors = nodes.filter { !victims.contains($0) }
    cluster.split(sides)
    let writers = sides.map { $0.filter { !victims.contains($0) } }.filter { !$0.isEmpty }
    try write(on: writers, in: cluster, title)
    cluster.heal()
    let healing = cluster.now
    let time = try measurement.agreement(
      of: survivors,
      on: .everything,
      in: cluster,
      within: patience,
      title
    )
    if let time {
      times.append(time.milliseconds)
    } else {
      failures.append("run \(run): the nodes did not agree within \(ValueText.text(patience))")
    }
    // A verdict of the split that comes late would show now, and the dead must have expired.
    let rest = options.interval * 10 + (victims.isEmpty ? .zero : options.expiry)
    try cluster.sleep(rest) { _ in measurement.progress.report("\(title): after the split") }
    if time != nil, !cluster.agree(survivors, on: .everything) {
      failures.append("run \(run): the nodes agreed, and \(ValueText.text(rest)) later did not")
    }
    peak.note(cluster.packetPeak(of: survivors))
    peaks.append(peak)
    judge(cluster, survivors, sides, healing, deaths)
    for node in nodes { cluster.stop(node) }
  }

  private func drawSides(of nodes: [Int]) -> [[Int]] {
    var rest = measurement.choose(nodes.count, of: nodes)[...]
    return (measurement.options.shape.sizes(of: nodes.count) ?? []).map { size in
      defer { rest = rest.dropFirst(size) }
      return rest.prefix(size).sorted()
    }
  }

  /// Lets nodes of each side in turn write until the split is over.
  private func write(
    on sides: [[Int]],
    in cluster: any Cluster,
    _ title: String
  ) throws(EvaluationError) {
    let options = measurement.options
    let begin = cluster.now
    let end = begin + options.length
    let pause = max(options.length / 100, options.interval / 5)
    var count = 0
    while cluster.now < end {
      let side = sides[count % sides.count]
      let writer = side[measurement.random.index(side.count)]
      try cluster.update(writer, [.set("key-\(count % 10)", to: "value \(count)")])
      count += 1
      let left = Duration.nanoseconds(Int64(end.since(cluster.now)))
      try cluster.sleep(min(pause, left)) { now in
        let passed = Duration.nanoseconds(Int64(now.since(begin)))
        measurement.progress.report(
          "\(title): split for \(NumberText.fixed(passed.seconds, 0)) s of "
            + ValueText.text(options.length)
        )
      }
    }
  }

  /// Counts what was reported wrongly, and what is in tables and should not be.
  private mutating func judge(
    _ cluster: any Cluster,
    _ nodes: [Int],
    _ sides: [[Int]],
    _ healing: Instant,
    _ deaths: Deaths
  ) {
    var sideOf: [String: Int] = [:]
    for (index, side) in sides.enumerated() {
      for node in side { sideOf[cluster.name(of: node)] = index }
    }
    let wrong = deaths.wrong(cluster.downReports)
    let right = cluster.downReports.count - wrong.count
    let told = Set(
      cluster.downReports.filter { deaths.time(of: $0.member) != nil }
        .map { "\($0.node) \($0.member)" }
    )
    repeatedDown += right - told.count
    for report in wrong {
      if sideOf[cluster.name(of: report.node)] == sideOf[report.member.name] {
        falseDown += 1
      } else if report.time > healing {
        lateDown += 1
      }
    }
    let living = Set(nodes.map { cluster.id(of: $0) })
    var found: Set<MemberID> = []
    for node in nodes { found.formUnion(cluster.members(at: node).map(\.id)) }
    ghosts += found.subtracting(living).count
  }
}

extension Heal {
  private var outcome: Outcome {
    let options = measurement.options
    let healed = Percentiles(times)
    var outcome = Outcome()
    outcome.lines = TextTable.times([("from healing until all agree", healed)]).lines
    outcome.lines += [
      "",
      "runs that converged: \(times.count) of \(options.runs)",
      "members reported down by their own side: \(falseDown)",
      "members of the other side reported down after the cut had ended: \(lateDown)",
      "members in tables that do not exist: \(ghosts)",
    ]
    if options.victims > 0 {
      outcome.lines.append("victims reported down again by the same node: \(repeatedDown)")
    }
    let peak = PacketPeak(highestOf: peaks)
    outcome.lines.append(peak.line)
    outcome.figures =
      [
        ("heal_ms", .percentiles(healed)),
        ("false_down", .integer(falseDown)),
        ("ghosts", .integer(ghosts)),
        ("converged", .number(Double(times.count) / Double(options.runs))),
        ("late_down", .integer(lateDown)),
        ("repeated_down", .integer(repeatedDown)),
        ("length_ms", .number(options.length.milliseconds)),
      ] + peak.figures
    outcome.failures = failures
    if falseDown > 0 {
      outcome.failures.append("\(falseDown) times a member was called down by its own side")
    }
    if ghosts > 0 { outcome.failures.append("\(ghosts) members do not exist") }
    return outcome
  }
}
