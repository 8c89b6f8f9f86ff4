internal import GrapevineCore

/// What a cluster at rest sends, computes and keeps in memory.
enum Idle {
  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    let options = measurement.options
    let emptyProcess = ProcessMemory.resident
    let cluster = try measurement.makeCluster()
    cluster.keepDownReports()
    let nodes = try measurement.startSteady(options.nodes, in: cluster)

    cluster.resetPacketPeaks()
    let kernelBefore = KernelCounters.current
    let trafficBefore = cluster.traffic(of: nodes)
    let processorBefore = MachineClock.processorTime
    let begin = cluster.now
    try watch(nodes, in: cluster, since: begin, measurement)
    let processor = MachineClock.processorTime.since(processorBefore)
    let traffic = cluster.traffic(of: nodes) - trafficBefore
    let kernel = KernelCounters.current.map { $0 - (kernelBefore ?? $0) }
    let seconds = Double(cluster.now.since(begin)) / 1e9
    let memory = ProcessMemory.resident - emptyProcess
    // Last, since the text takes memory and time.
    let scraped = cluster.scrapedTraffic(of: nodes).map { $0 - trafficBefore }
    let trafficAfter = cluster.traffic(of: nodes) - trafficBefore

    let share = 1 / Double(nodes.count)
    let figures = Figures(
      traffic: traffic * (share / seconds),
      kernel: kernel.map { $0 * (share / seconds) },
      scraped: scraped.map { $0 * (share / seconds) },
      processor: Double(processor) / 1e9 / seconds * share,
      memory: Double(memory) * share,
      speed: seconds / max(Double(processor) / 1e9, 1e-9),
      falseDown: cluster.downReports.count,
      peak: cluster.packetPeak(of: nodes)
    )
    var outcome = Outcome()
    report(figures, options, &outcome)
    if let scraped, !scraped.lies(between: traffic, and: trafficAfter) {
      outcome.failures.append("the metrics of the nodes tell of other traffic than was counted")
    }
    if figures.falseDown > 0 {
      outcome.failures.append("\(figures.falseDown) times a node held a live member to be down")
    }
    outcome.failures += streamFailures(figures.traffic, options)
    return outcome
  }

  /// What is wrong if streams carry more than a hundredth of what packets do, though nothing has to
  /// go by them.
  static func streamFailures(_ traffic: TrafficCount, _ options: Options) -> [String] {
    guard !options.hasStreamsOnly, options.loss == 0,
      traffic.streamBytes > traffic.wireBytes / 100
    else { return [] }
    let bytes = NumberText.fixed(traffic.streamBytes, 1)
    return ["a node at rest sends \(bytes) bytes/s by streams, more than 1 % of its packets'"]
  }

  /// Lets the time pass, each minute of it with other links cut if any are to be.
  private static func watch(
    _ nodes: [Int],
    in cluster: any Cluster,
    since begin: Instant,
    _ measurement: Measurement
  ) throws(EvaluationError) {
    let options = measurement.options
    let end = begin + options.duration
    while cluster.now < end {
      cluster.heal()
      cluster.cutOneWay(drawLinks(options.oneWayCuts, nodes, measurement))
      let left = Duration.nanoseconds(Int64(end.since(cluster.now)))
      let span = options.oneWayCuts > 0 ? min(left, .seconds(60)) : left
      try cluster.sleep(span) { now in
        let passed = Duration.nanoseconds(Int64(now.since(begin)))
        measurement.progress.report(
          "watching: \(NumberText.fixed(passed.seconds, 0)) s of "
            + "\(ValueText.text(options.duration)), \(cluster.downReports.count) reports of down"
        )
      }
    }
  }

  /// Draws directed links, as few from each node and to each node as can be.
  private static func drawLinks(
    _ count: Int,
    _ nodes: [Int],
    _ measurement: Measurement
  ) -> [(source: Int, target: Int)] {
    guard count > 0 else { return [] }
    let order = measurement.choose(nodes.count, of: nodes)
    return (0..<min(count, nodes.count * (nodes.count - 1))).map { index in
      let source = index % nodes.count
      let step = 1 + index / nodes.count
      return (order[source], order[(source + step) % nodes.count])
    }
  }

  /// What was measured, per node and second.
  private struct Figures {
    let traffic: TrafficCount
    let kernel: TrafficCount?
    let scraped: TrafficCount?
    let processor: Double
    let memory: Double
    /// Seconds of the cluster in a second of processor time.
    let speed: Double
    let falseDown: Int
    let peak: Int?
  }

  private static func report(_ figures: Figures, _ options: Options, _ outcome: inout Outcome) {
    let isReal = options.network == .loopback
    var table = TextTable(header: ["per node", ""])
    table.add([
      "bytes sent per second, with headers", NumberText.fixed(figures.traffic.wireBytes, 1),
    ])
    table.add(["packets sent per second", NumberText.fixed(figures.traffic.packets, 2)])
    table.add([
      "bytes sent by streams per second", NumberText.fixed(figures.traffic.streamBytes, 1),
    ])
    if let kernel = figures.kernel, isReal {
      table.add(["  as the kernel counted, bytes", NumberText.fixed(kernel.wireBytes, 1)])
      table.add(["  as the kernel counted, packets", NumberText.fixed(kernel.packets, 2)])
    }
    if let scraped = figures.scraped {
      table.add(["  as the nodes' metrics tell, bytes", NumberText.fixed(scraped.wireBytes, 1)])
      table.add(["  as the nodes' metrics tell, packets", NumberText.fixed(scraped.packets, 2)])
    }
    if isReal {
      table.add(["processor time, µs per second", NumberText.fixed(figures.processor * 1e6, 1)])
      table.add(["resident memory", NumberText.bytes(Int(figures.memory.rounded()))])
    }
    if let peak = figures.peak {
      table.add(["most packets of one node in a second", "\(peak)"])
    }
    table.add(["reports that a live member is down", "\(figures.falseDown)"])
    outcome.lines = table.lines
    if !isReal {
      let speed = NumberText.fixed(figures.speed, 0)
      let checks = options.checks ? "all checks on" : "limits checked only"
      outcome.lines += ["", "\(speed) × real time on one processor, \(checks)"]
    }
    if isReal {
      outcome.lines += [
        "",
        "The kernel counts the whole network namespace: to compare, use a fresh one, as by",
        "unshare --net --map-root-user sh -c 'ip link set lo up; …'",
      ]
    }
    outcome.figures = [
      ("bytes_per_node_per_s", .number(figures.traffic.wireBytes)),
      ("packets_per_node_per_s", .number(figures.traffic.packets)),
      ("stream_bytes_per_node_per_s", .number(figures.traffic.streamBytes)),
      // In the simulator both would be the simulator's own.
      ("cpu_s_per_node_per_s", isReal ? .number(figures.processor) : .null),
      ("rss_bytes_per_node", isReal ? .number(figures.memory) : .null),
      ("false_down", .integer(figures.falseDown)),
      ("scraped_bytes_per_node_per_s", figures.scraped.map { .number($0.wireBytes) } ?? .null),
      ("peak_packets_per_s", figures.peak.map { .integer($0) } ?? .null),
    ]
  }
}
