// The figures that come first, each beside the best of the others.
extension Page {
  var tiles: String {
    let tiles = [spreadTile, crashTile, trafficTile, memoryTile].compactMap(\.self)
    return "<div class=\"tiles\">\n\(tiles.joined(separator: "\n"))\n</div>"
  }

  private func tile(_ what: String, _ value: String, _ notes: [String?]) -> String {
    let notes = notes.compactMap(\.self).map { "<span>\(PageText.escaped($0))</span>" }
    return "<div class=\"tile\"><span class=\"what\">\(PageText.escaped(what))</span>"
      + "<b>\(PageText.escaped(value))</b>\(notes.joined())</div>"
  }

  private var size: String { "\(findings.base.nodes) nodes" }

  /// The least of what others measured at this size.
  private func best(_ unit: String, _ value: (Anchor) -> Double?) -> String? {
    let known = Anchor.all.filter { $0.nodes == findings.base.nodes && $0.loss == 0 }
      .compactMap { anchor in value(anchor).map { (anchor: anchor, value: $0) } }
    guard let best = known.min(by: { $0.value < $1.value }) else { return nil }
    return "best elsewhere: \(PageText.number(best.value)) \(unit), "
      + "\(best.anchor.system.rawValue), \(best.anchor.settings)"
  }

  private var spreadTile: String? {
    guard let plain = findings.plain, let median = plain.propagationMedian,
      let tail = plain.propagationTail
    else { return nil }
    return tile(
      "an update reaches \(size)",
      "\(PageText.number(median)) ms",
      ["p50; p99 \(PageText.number(tail)) ms; simulated", best("ms") { $0.propagation?.p50 }]
    )
  }

  private var crashTile: String? {
    guard let plain = findings.plain, let median = plain.detectionMedian,
      let worst = plain.detectionMaximum
    else { return nil }
    return tile(
      "all of \(size) know of a crash",
      "\(PageText.number(median)) s",
      [
        "p50; worst \(PageText.number(worst)) s; simulated",
        best("s at least") { $0.detection?.lowerBound },
      ]
    )
  }

  private var trafficTile: String? {
    guard let bytes = findings.plain?.bytesPerSecond else { return nil }
    return tile(
      "a node of \(size) sends at rest",
      "\(PageText.number(bytes)) bytes/s",
      [
        "interval \(ValueText.text(findings.base.interval)); simulated",
        best("bytes/s", \.bytesPerSecond),
      ]
    )
  }

  private var memoryTile: String? {
    guard let real = findings.rest.first(where: { $0.options.nodes == findings.base.nodes }),
      let memory = real.outcome.number("rss_bytes_per_node")
    else { return nil }
    return tile(
      "memory of a node of \(size)",
      "\(PageText.number(memory / 1_024)) KiB",
      ["real sockets", best("KiB", \.memory)]
    )
  }
}
