// Plots of how soon a crash is known.
extension Findings {
  var plotsOfCrashes: [Plot] {
    [detectionPlot, tradePlot, detectionBySizePlot, detectionByLossPlot]
  }

  private var detectionPlot: Plot {
    let losses = trials(.losses)
    let series = losses.enumerated().map { index, trial in
      let reach = trial.detect.reach
      let options = trial.configuration.options
      return Plot.Series(
        name: options.loss > 0 ? "\(NumberText.trimmed(options.loss * 100, 1)) % lost" : "no loss",
        style: .ours(index),
        shape: .steps,
        points: Findings.shares(
          of: reach?.completions.map { $0 / 1_000 } ?? [],
          among: reach?.runCount ?? 0
        )
      )
    }
    return Plot(
      name: "detection",
      title: "Until the last node knows of a crash",
      note: "The share of the runs in which all of \(base.nodes) nodes but the dead one say that "
        + "it is down so long after it fell silent.",
      x: Plot.Axis("s after the crash", .fromZero(series.flatMap { $0.points.map(\.x) })),
      y: Findings.percentAxis("% of the runs"),
      series: series,
      commands: losses.map { $0.configuration.options(.detect).arguments }
    )
  }

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
      guard let bytes = own.compactMap(\.bytesPerSecond).first,
        let crash = own.first(where: { $0.detection != nil }), let range = crash.detection
      else { continue }
      let middle = (range.lowerBound + range.upperBound) / 2
      series.append(
        Plot.Series(
          name: "\(system.rawValue) (\(crash.settings))",
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

  private var detectionBySizePlot: Plot {
    let sizes = trials(.sizes)
    var series = Findings.curves(
      sizes,
      \.size,
      [("p50", \.detectionMedian), ("worst", \.detectionMaximum)]
    )
    series += Findings.references(nudged: true) { anchor in
      guard let range = anchor.detection else { return nil }
      let middle = (range.lowerBound + range.upperBound) / 2
      return Plot.Point(Double(anchor.nodes), middle, range: range)
    }
    return Plot(
      name: "detection-by-size",
      title: "Crashes, by the number of nodes",
      note: "From a crash until all others say that the node is down, at the settings that each "
        + "system has by default; kite, whose time grows with its interval, at 100 ms.",
      x: Findings.sizeAxis(series),
      y: Plot.Axis("s until all know", .decades(of: Findings.heights(series))),
      series: series,
      commands: [command(.sizes)]
    )
  }

  private var detectionByLossPlot: Plot {
    let losses = trials(.losses)
    let series = Findings.curves(
      losses,
      \.lossPercent,
      [("p50", \.detectionMedian), ("worst", \.detectionMaximum)]
    )
    return Plot(
      name: "detection-by-loss",
      title: "Crashes, by the loss",
      note: "The same among \(base.nodes) nodes while packets are lost. There are no such figures "
        + "of other systems.",
      x: Findings.lossAxis,
      y: Plot.Axis("s until all know", .fromZero(Findings.heights(series))),
      series: series,
      commands: [command(.losses)]
    )
  }
}
