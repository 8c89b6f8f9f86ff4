// Plots of what a cluster at rest costs.
extension Findings {
  var plotsOfCosts: [Plot] { [trafficPlot, memoryPlot] }

  private var trafficPlot: Plot {
    var series = Findings.curves(
      trials(.sizes),
      \.size,
      [("interval \(ValueText.text(base.interval))", \.bytesPerSecond)]
    )
    if let slow = trials(.intervals).last, let bytes = slow.bytesPerSecond {
      series.append(
        Plot.Series(
          name: "Grapevine, \(slow.configuration.name)",
          style: Plot.Style(colour: 0, dash: "", mark: .square, isOurs: true),
          shape: .marks,
          points: [Plot.Point(slow.size, bytes)]
        )
      )
    }
    series += Findings.references { anchor in
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
      commands: [command(.sizes), command(.intervals)]
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
    series += Findings.references { anchor in
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
