/// A plot as an SVG, and what stands around it.
///
/// The SVG is the area between the axes alone, whatever its size: places are shares of it, so that
/// lines and text keep their weight on a phone and on paper. What stands outside of the axes
/// overflows into the room that the style sheet leaves.
extension Plot {
  /// Lines are drawn in a square of so many units that is stretched over the area.
  static let side = 1_000.0

  /// The whole figure.
  var html: String {
    """
    <figure id="\(name)">
    <h3>\(PageText.escaped(title))\(isReal ? " <span class=\"real\">real sockets</span>" : "")</h3>
    <p class="note">\(PageText.escaped(note))</p>
    <div class="frame">
    \(svg)
    </div>
    \(legend)
    \(details)
    </figure>
    """
  }

  var svg: String {
    let parts =
      [
        "<svg class=\"plot\" role=\"img\" aria-labelledby=\"\(name)-title \(name)-text\">",
        "<title id=\"\(name)-title\">\(PageText.escaped(title))</title>",
        "<desc id=\"\(name)-text\">\(PageText.escaped(description))</desc>",
      ] + grid + series.reversed().map(drawn) + ["</svg>"]
    return parts.joined(separator: "\n")
  }

  /// What a reader who does not see the plot is told.
  private var description: String {
    let names = series.map(\.name).joined(separator: "; ")
    return "\(note) Across: \(x.title). Up: \(y.title). Shown: \(names). "
      + "The figures are in the table below."
  }

  private var grid: [String] {
    var lines: [String] = []
    for tick in y.ticks {
      let place = Plot.percent(1 - y.scale.position(tick.value))
      lines.append(
        "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"\(place)\" y2=\"\(place)\"/>"
          + "<text class=\"tick\" x=\"-8\" y=\"\(place)\" dy=\"0.35em\" text-anchor=\"end\">"
          + "\(PageText.escaped(tick.text))</text>"
      )
    }
    for tick in x.ticks {
      let place = Plot.percent(x.scale.position(tick.value))
      lines.append(
        "<line class=\"grid\" x1=\"\(place)\" x2=\"\(place)\" y1=\"0\" y2=\"100%\"/>"
          + "<text class=\"tick\" x=\"\(place)\" y=\"100%\" dy=\"1.5em\" text-anchor=\"middle\">"
          + "\(PageText.escaped(tick.text))</text>"
      )
    }
    lines.append("<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"100%\" y2=\"100%\"/>")
    lines.append("<line class=\"axis\" x1=\"0\" x2=\"0\" y1=\"0\" y2=\"100%\"/>")
    lines.append(
      "<text class=\"name\" x=\"-56\" y=\"0\" dy=\"-0.9em\">\(PageText.escaped(y.title))</text>"
        + "<text class=\"name\" x=\"100%\" y=\"100%\" dy=\"3.1em\" text-anchor=\"end\">"
        + "\(PageText.escaped(x.title))</text>"
    )
    return lines
  }

  private func drawn(_ series: Series) -> String {
    let style = series.style
    let nudge = series.nudge == 0 ? "" : " transform=\"translate(\(series.nudge) 0)\""
    var parts = ["<g class=\"c\(style.colour)\(style.isOurs ? " ours" : "")\"\(nudge)>"]
    let corners = corners(of: series)
    if corners.count > 1 {
      let text = corners.map { "\(Plot.unit($0.x)),\(Plot.unit($0.y))" }.joined(separator: " ")
      let dash = style.dash.isEmpty ? "" : " stroke-dasharray=\"\(style.dash)\""
      parts.append(
        "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" width=\"100%\" "
          + "height=\"100%\"><polyline class=\"line\"\(dash) points=\"\(text)\"/></svg>"
      )
    }
    if series.shape != .steps { parts += series.points.map { mark($0, series) } }
    parts.append("</g>")
    return parts.joined(separator: "\n")
  }

  /// The corners of a series' line, from 0 to ``side`` each, downwards as an SVG counts.
  private func corners(of series: Series) -> [(x: Double, y: Double)] {
    let places = series.points.map { point in
      (
        x: x.scale.position(point.x) * Plot.side,
        y: (1 - y.scale.position(point.y)) * Plot.side
      )
    }
    switch series.shape {
    case .marks: return []
    case .line: return places
    case .steps:
      guard let first = places.first else { return [] }
      var corners = [(x: first.x, y: Plot.side)]
      for place in places {
        if let last = corners.last, last.x != place.x { corners.append((place.x, last.y)) }
        corners.append(place)
      }
      if let last = corners.last, last.x < Plot.side { corners.append((Plot.side, last.y)) }
      return corners
    }
  }

  private func mark(_ point: Point, _ series: Series) -> String {
    let across = Plot.percent(x.scale.position(point.x))
    let up = Plot.percent(1 - y.scale.position(point.y))
    var text = ""
    if let range = point.range {
      let ends = [range.lowerBound, range.upperBound].map {
        Plot.percent(1 - y.scale.position($0))
      }
      text += "<line class=\"range\" x1=\"\(across)\" x2=\"\(across)\" "
      text += "y1=\"\(ends[0])\" y2=\"\(ends[1])\"/>"
    }
    text += "<use href=\"#mark-\(series.style.mark.rawValue)\" x=\"\(across)\" y=\"\(up)\">"
    text += "<title>\(PageText.escaped(told(point, series)))</title></use>"
    if let label = point.label {
      text += "<text class=\"label\" x=\"\(across)\" y=\"\(up)\" dx=\"9\" dy=\"-0.5em\">"
      text += "\(PageText.escaped(label))</text>"
    }
    return text
  }

  /// What is said of a point that is pointed at.
  private func told(_ point: Point, _ series: Series) -> String {
    let value =
      point.range.map {
        "\(PageText.number($0.lowerBound)) to \(PageText.number($0.upperBound))"
      } ?? PageText.number(point.y)
    return "\(series.name)\(point.label.map { ", \($0)" } ?? "") · \(x.title): "
      + "\(PageText.number(point.x)) · \(y.title): \(value)"
  }

  /// A share as percents of the area.
  static func percent(_ share: Double) -> String { NumberText.trimmed(share * 100, 2) + "%" }

  /// A place in the stretched square.
  static func unit(_ value: Double) -> String { NumberText.trimmed(value, 1) }
}

// What stands below the area.
extension Plot {
  private var legend: String {
    let items = series.map { series in
      let style = series.style
      let dash = style.dash.isEmpty ? "" : " stroke-dasharray=\"\(style.dash)\""
      let line =
        series.shape == .marks
        ? "" : "<line class=\"line\" x1=\"0\" x2=\"34\" y1=\"7\" y2=\"7\"\(dash)/>"
      let mark =
        series.shape == .steps
        ? "" : "<use href=\"#mark-\(style.mark.rawValue)\" x=\"17\" y=\"7\"/>"
      let group = "c\(style.colour)\(style.isOurs ? " ours" : "")"
      return "<li><svg class=\"key\" width=\"34\" height=\"14\" aria-hidden=\"true\">"
        + "<g class=\"\(group)\">\(line)\(mark)</g></svg>\(PageText.escaped(series.name))</li>"
    }
    return "<ul class=\"legend\">\n\(items.joined(separator: "\n"))\n</ul>"
  }

  private var details: String {
    let rows = series.flatMap { series in
      shownPoints(series).map { point in
        let value =
          point.range.map {
            "\(PageText.number($0.lowerBound)) – \(PageText.number($0.upperBound))"
          } ?? PageText.number(point.y)
        let name = series.name + (point.label.map { ", \($0)" } ?? "")
        return "<tr><th scope=\"row\">\(PageText.escaped(name))</th>"
          + "<td>\(PageText.number(point.x))</td><td>\(value)</td></tr>"
      }
    }
    let commands = commands.map { PageText.escaped(PageText.command($0)) }
    return """
      <p class="by">Printed by</p>
      <pre>\(commands.joined(separator: "\n"))</pre>
      <details><summary>The figures</summary>
      <div class="wide"><table>
      <tr><th scope="col">series</th><th scope="col">\(PageText.escaped(x.title))</th>\
      <th scope="col">\(PageText.escaped(y.title))</th></tr>
      \(rows.joined(separator: "\n"))
      </table></div></details>
      """
  }

  /// The points of a line; of a line in steps the first at or above some shares.
  private func shownPoints(_ series: Series) -> [Point] {
    guard series.shape == .steps else { return series.points }
    var shown: [Point] = []
    for share in [10.0, 25, 50, 75, 90, 95, 99, 100] {
      guard let point = series.points.first(where: { $0.y >= share - 1e-9 }) else { continue }
      if shown.last != point { shown.append(point) }
    }
    return shown
  }
}
