internal import GrapevineCore

// Plots of how an update spreads.
extension Findings {
  var plotsOfSpreading: [Plot] {
    [sharePlot, completionPlot, spreadBySizePlot, spreadByLossPlot]
  }

  /// What differs in how an update is carried.
  private var carried: [Trial] { trials(.losses) + trials(.push).dropFirst() }

  private var nodes: String { "\(base.nodes) nodes" }

  private var sharePlot: Plot {
    var series = carried.enumerated().map { index, trial in
      Plot.Series(
        name: name(of: trial),
        style: .ours(index),
        shape: .steps,
        points: Findings.shares(of: trial.propagate.reach)
      )
    }
    // The one that is real has no say in it, so that what is simulated is drawn the same each time.
    let scale = Scale.decades(of: [0.1] + series.flatMap { $0.points.map(\.x) })
    var commands = carried.map { $0.configuration.options(.propagate).arguments }
    if let spread {
      let points = Findings.shares(of: spread.outcome.reach)
      series.append(
        Plot.Series(
          name: "no loss, real sockets of this machine",
          style: Plot.Style(colour: 6, dash: "1 3", mark: .plus, isOurs: true),
          shape: .steps,
          points: points
        )
      )
      commands.append(spread.options.arguments)
    }
    return Plot(
      name: "share",
      title: "An update on its way",
      note: "The share of \(nodes) that hold an update so long after it was made on one of them, "
        + "all runs together.",
      x: Plot.Axis("ms after the update", scale),
      y: Findings.percentAxis("% of the nodes"),
      series: series,
      commands: commands
    )
  }

  private var completionPlot: Plot {
    let series = carried.enumerated().map { index, trial in
      let reach = trial.propagate.reach
      return Plot.Series(
        name: name(of: trial),
        style: .ours(index),
        shape: .steps,
        points: Findings.shares(of: reach?.completions ?? [], among: reach?.runCount ?? 0)
      )
    }
    return Plot(
      name: "completion",
      title: "Until the last node holds it",
      note: "The share of the runs in which all \(nodes) hold the update so long after it.",
      x: Plot.Axis("ms after the update", .decades(of: series.flatMap { $0.points.map(\.x) })),
      y: Findings.percentAxis("% of the runs"),
      series: series,
      commands: carried.map { $0.configuration.options(.propagate).arguments }
    )
  }

  private func name(of trial: Trial) -> String {
    let options = trial.configuration.options
    let loss = options.loss > 0 ? "\(NumberText.trimmed(options.loss * 100, 1)) % lost" : "no loss"
    return options.push == .tree ? loss : "\(loss), push off"
  }

  private var spreadBySizePlot: Plot {
    let sizes = trials(.sizes)
    var series = Findings.curves(
      sizes,
      \.size,
      [("p50", \.propagationMedian), ("p99", \.propagationTail)]
    )
    series += Findings.references { anchor in
      guard anchor.loss == 0, let times = anchor.propagation else { return nil }
      return Plot.Point(Double(anchor.nodes), times.p50, range: times.p50...times.p99)
    }
    return Plot(
      name: "spread-by-size",
      title: "Spreading, by the number of nodes",
      note: "One update until all nodes hold it. The bars of other systems reach from p50 to p99; "
        + "they gossip every 100 ms, but ckit every 200 ms, Grapevine every 500 ms.",
      x: Findings.sizeAxis(series),
      y: Plot.Axis("ms until all hold it", .decades(of: Findings.heights(series))),
      series: series,
      commands: [command(.sizes)]
    )
  }

  private var spreadByLossPlot: Plot {
    let losses = trials(.losses)
    var series = Findings.curves(
      losses,
      \.lossPercent,
      [("p50", \.propagationMedian), ("p99", \.propagationTail)]
    )
    series += Findings.references { anchor in
      guard anchor.nodes == 64, let times = anchor.propagation else { return nil }
      return Plot.Point(anchor.loss * 100, times.p50, range: times.p50...times.p99)
    }
    return Plot(
      name: "spread-by-loss",
      title: "Spreading, by the loss",
      note: "The same among \(nodes), of others 64, while packets are lost.",
      x: Findings.lossAxis,
      y: Plot.Axis("ms until all hold it", .decades(of: Findings.heights(series))),
      series: series,
      commands: [command(.losses)]
    )
  }
}
