// What the plots are put together from.
extension Findings {
  /// The share of nodes that were reached at each moment, in percent.
  static func shares(of reach: ReachTimes?) -> [Plot.Point] {
    shares(of: reach?.each ?? [], among: reach?.total ?? 0)
  }

  /// The share of `total` whose values do not exceed each value, in percent; at most some hundred
  /// points, which are values that were measured.
  static func shares(of values: [Double], among total: Int) -> [Plot.Point] {
    let sorted = values.sorted()
    guard total > 0, !sorted.isEmpty else { return [] }
    var points: [Plot.Point] = []
    let steps = min(sorted.count, 200)
    for step in 1...steps {
      let rank = sorted.count * step / steps
      let value = sorted[rank - 1]
      let share = Double(sorted.prefix(while: { $0 <= value }).count) / Double(total) * 100
      if points.last?.x == value { continue }
      points.append(Plot.Point(value, share))
    }
    return points
  }

  /// Curves of ours, one for each quantity.
  static func curves(
    _ trials: [Trial],
    _ place: (Trial) -> Double,
    _ quantities: [(name: String, value: (Trial) -> Double?)]
  ) -> [Plot.Series] {
    quantities.enumerated().map { index, quantity in
      Plot.Series(
        name: "Grapevine, \(quantity.name)",
        style: Plot.Style(
          colour: 0,
          dash: index == 0 ? "" : "2 3",
          mark: index == 0 ? .circle : .square,
          isOurs: true
        ),
        shape: .line,
        points: trials.compactMap { trial in
          quantity.value(trial).map { Plot.Point(place(trial), $0) }
        }
      )
    }
  }

  /// A series of each other system that has a point.
  static func references(
    nudged: Bool = false,
    _ point: (Anchor) -> Plot.Point?
  ) -> [Plot.Series] {
    let systems = System.allCases
    return systems.enumerated().compactMap { index, system in
      let own = Anchor.all.filter { $0.system == system && point($0) != nil }
      guard let first = own.first else { return nil }
      return Plot.Series(
        name: "\(system.rawValue) (\(first.settings))",
        style: .of(system),
        shape: own.count > 1 ? .line : .marks,
        points: own.compactMap(point).sorted { $0.x < $1.x },
        nudge: nudged ? (2 * index + 1 - systems.count) * 5 : 0
      )
    }
  }

  /// Every value that the upright axis must hold.
  static func heights(_ series: [Plot.Series]) -> [Double] {
    series.flatMap(\.points).flatMap { point in
      [point.y] + (point.range.map { [$0.lowerBound, $0.upperBound] } ?? [])
    }
  }

  static func percentAxis(_ title: String) -> Plot.Axis {
    Plot.Axis(title, Scale(.linear, 0, 100), ticks: ticks([0, 25, 50, 75, 100]))
  }

  static var lossAxis: Plot.Axis {
    Plot.Axis("% of the packets lost", Scale(.linear, 0, 25), ticks: ticks([0, 5, 10, 25]))
  }

  /// An axis with the sizes of `series`, with room at its ends.
  static func sizeAxis(_ series: [Plot.Series]) -> Plot.Axis {
    let sizes = Set(series.flatMap { $0.points.map(\.x) }).sorted()
    let low = min(sizes.first ?? 16, 16)
    let high = max(sizes.last ?? 256, 256)
    let shown = ([16, 64, 151, 512, 1_024] as [Double]).filter { low...high ~= $0 }
    return Plot.Axis("nodes", Scale(.logarithmic, low / 1.15, high * 1.15), ticks: ticks(shown))
  }

  private static func ticks(_ values: [Double]) -> [Plot.Tick] {
    values.map { Plot.Tick(value: $0, text: PageText.number($0)) }
  }
}

extension Trial {
  var size: Double { Double(configuration.options.nodes) }
  var lossPercent: Double { configuration.options.loss * 100 }
}
