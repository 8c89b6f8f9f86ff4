internal import GrapevineCore

/// What a cluster at rest sends, computes and keeps in memory.
enum Idle {
  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    let options = measurement.options
    let emptyProcess = ProcessMemory.resident
    let cluster = try measurement.makeCluster()
    let nodes = try measurement.startSteady(options.nodes, in: cluster)
    cluster.countDownReports()

    let kernelBefore = KernelCounters.current
    let trafficBefore = cluster.traffic(of: nodes)
    let processorBefore = MachineClock.processorTime
    let begin = cluster.now
    try cluster.sleep(options.duration) { now in
      let passed = Duration.nanoseconds(Int64(now.since(begin)))
      measurement.progress.report(
        "watching: \(NumberText.fixed(passed.seconds, 0)) s of \(ValueText.text(options.duration))"
      )
    }
    let processor = MachineClock.processorTime.since(processorBefore)
    let traffic = cluster.traffic(of: nodes) - trafficBefore
    let kernel = KernelCounters.current.map { $0 - (kernelBefore ?? $0) }
    let seconds = Double(cluster.now.since(begin)) / 1e9
    let memory = ProcessMemory.resident - emptyProcess

    let share = 1 / Double(nodes.count)
    let figures = Figures(
      traffic: traffic * (share / seconds),
      kernel: kernel.map { $0 * (share / seconds) },
      processor: Double(processor) / 1e9 / seconds * share,
      memory: Double(memory) * share,
      falseDown: cluster.downReports
    )
    var outcome = Outcome()
    report(figures, options, &outcome)
    if figures.falseDown > 0 {
      outcome.failures.append("\(figures.falseDown) times a node held a live member to be down")
    }
    return outcome
  }

  /// What was measured, per node and second.
  private struct Figures {
    let traffic: TrafficCount
    let kernel: TrafficCount?
    let processor: Double
    let memory: Double
    let falseDown: Int
  }

  private static func report(_ figures: Figures, _ options: Options, _ outcome: inout Outcome) {
    let isReal = options.network == .loopback
    var table = TextTable(header: ["per node", ""])
    table.add([
      "bytes sent per second, with headers", NumberText.fixed(figures.traffic.wireBytes, 1),
    ])
    table.add(["packets sent per second", NumberText.fixed(figures.traffic.packets, 2)])
    if let kernel = figures.kernel, isReal {
      table.add(["  as the kernel counted, bytes", NumberText.fixed(kernel.wireBytes, 1)])
      table.add(["  as the kernel counted, packets", NumberText.fixed(kernel.packets, 2)])
    }
    if isReal {
      table.add(["processor time, µs per second", NumberText.fixed(figures.processor * 1e6, 1)])
      table.add(["resident memory", NumberText.bytes(Int(figures.memory.rounded()))])
    }
    table.add(["live members held to be down", "\(figures.falseDown)"])
    outcome.lines = table.lines
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
      // In the simulator both would be the simulator's own.
      ("cpu_s_per_node_per_s", isReal ? .number(figures.processor) : .null),
      ("rss_bytes_per_node", isReal ? .number(figures.memory) : .null),
      ("false_down", .integer(figures.falseDown)),
    ]
  }
}
