// Plots of what a cluster at rest costs.
extension Findings {
  var plotsOfCosts: [Plot] { [tradePlot, trafficPlot, memoryPlot] }

  private var tradePlot: Plot {
    let points = trials(.intervals).compactMap { trial -> Plot.Point? in
      guard let bytes = trial.bytesPerSecond, let time = trial.detectionMedian else { return nil }
      return Plot.Point(bytes, time, label: ValueText.text(trial.configuration.options.interval))
    }
    var series = [
      Plot.Series(name: "Grapevine, by its interval", style: .ours(), shape: .line, points: points)
    ]
    for system in System.allCases {
      let own = Anchor.all.filter { $0.system == system && $0.nodes == 64 }
      guard let cost = own.first(where: { $0.bytesPerSecond != nil }),
        let bytes = cost.bytesPerSecond,
        let range = own.compactMap(\.detection).first
      else { continue }
      let middle = (range.lowerBound + range.upperBound) / 2
      series.append(
        Plot.Series(
          name: "\(system.rawValue) (\(cost.settings))",
          style: .of(system),
          shape: .marks,
          points: [Plot.Point(bytes, middle, range: range)]
        )
      )
    }
    return Plot(
      name: "trade",
      title: "What it costs to know of a crash",
      note: "Bytes that each of \(base.nodes) nodes, of others 64, sends at rest, and the time "
        + "until all know of a crash. Nearer to the corner is better in both.",
      x: Plot.Axis(
        "bytes/s of a node",
        .decades(of: series.flatMap { $0.points.map(\.x) })
      ),
      y: Plot.Axis("s until all know", .decades(of: Findings.heights(series))),
      series: series,
      commands: [command(.intervals)]
    )
  }

  private var trafficPlot: Plot {
    var series = Findings.curves(
      trials(.sizes),
      \.size,
      [("interval \(ValueText.text(base.interval))", \.bytesPerSecond)]
    )
    series += Findings.references(withSettings: true) { anchor in
      anchor.bytesPerSecond.map { Plot.Point(Double(anchor.nodes), $0) }
    }
    return Plot(
      name: "traffic",
      title: "Traffic at rest, by the number of nodes",
      note: "Bytes that a node sends in a second while nothing changes, with 28 bytes of headers "
        + "a packet.",
      x: Findings.sizeAxis(series),
      y: Plot.Axis("bytes/s of a node", .decades(of: Findings.heights(series))),
      series: series,
      commands: [command(.sizes)]
    )
  }

  private var memoryPlot: Plot {
    let points = rest.compactMap { real in
      real.outcome.number("rss_bytes_per_node").map {
        Plot.Point(Double(real.options.nodes), $0 / 1_024)
      }
    }
    var series = [
      Plot.Series(name: "Grapevine", style: .ours(), shape: .line, points: points)
    ]
    series += Findings.references(withSettings: true) { anchor in
      anchor.memory.map { Plot.Point(Double(anchor.nodes), $0) }
    }
    return Plot(
      name: "memory",
      title: "Memory, by the number of nodes",
      note: "Resident memory of a node that knows all others, sockets and threads included: that "
        + "of the process, without what it took when empty, divided by the nodes.",
      x: Findings.sizeAxis(series),
      y: Plot.Axis("KiB of a node", .decades(of: Findings.heights(series))),
      series: series,
      commands: rest.map(\.options.arguments),
      isReal: true
    )
  }
}
