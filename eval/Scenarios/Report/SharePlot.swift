/// A text plot of the share of nodes that something had reached, over time.
package enum SharePlot {
  private static let width = 72
  private static let height = 10
  private static let bars: [Character] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// Draws `times` (milliseconds, those of all runs together) as a share of `total` that waited.
  ///
  /// What was never reached is missing in `times` and so keeps the plot below 100 %.
  package static func lines(_ times: [Double], of total: Int) -> [String] {
    guard let last = times.max(), total > 0 else { return ["(nothing was reached)"] }
    let end = Swift.max(last, 0.001)
    let sorted = times.sorted()
    let eighths = (0..<width).map { column in
      let until = end * Double(column + 1) / Double(width)
      let reached = column == width - 1 ? sorted.count : count(of: sorted, until: until)
      return reached * height * 8 / total
    }
    let rows = (0..<height).map { row in
      let floor = (height - 1 - row) * 8
      let label = row == 0 ? "100%" : row == height / 2 ? " 50%" : "    "
      return "\(label) │" + String(eighths.map { bars[Swift.min(8, Swift.max(0, $0 - floor))] })
    }
    return rows + ["  0% └" + String(repeating: "─", count: width), axis(end)]
  }

  /// The number of values that do not exceed `limit`.
  private static func count(of sorted: [Double], until limit: Double) -> Int {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] <= limit { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func axis(_ end: Double) -> String {
    let middle = NumberText.milliseconds(end / 2)
    let right = "\(NumberText.milliseconds(end)) ms"
    let left = TextLayout.padded("      0", to: 6 + width / 2 - middle.count / 2) + middle
    return TextLayout.padded(left, to: 6 + width - right.count) + right
  }
}
