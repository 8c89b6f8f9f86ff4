extension NodeMetrics {
  /// The metrics in the text format that Prometheus reads (exposition format, version 0.0.4, with
  /// the content type `text/plain; version=0.0.4; charset=utf-8`).
  ///
  /// Each metric and what it is for is in `docs/metrics.md`.
  ///
  /// - Parameter labels: Labels that all samples get, such as `["cluster": "eu"]`. Names are
  ///   letters, digits and underscores, and begin with no digit: what is not becomes an underscore.
  ///   One that a metric has itself, such as `node`, gets `exported_` before it, as Prometheus
  ///   names those that clash; of two that are the same the last counts. Values can be anything.
  /// - Returns: The text, with a sample or more on each metric.
  /// - Complexity: O(members).
  public func prometheusText(labels: KeyValuePairs<String, String> = [:]) -> String {
    let families = families
    var text = PrometheusText(labels, beside: families)
    for family in families { text.write(family) }
    return text.text
  }
}

/// Metrics in the text format that Prometheus reads (exposition format, version 0.0.4).
private struct PrometheusText {
  private(set) var text = ""
  private let constantLabels: [MetricFamily.Label]

  init(_ labels: KeyValuePairs<String, String>, beside families: [MetricFamily]) {
    let taken = Set(families.lazy.flatMap(\.samples).flatMap(\.labels).map(\.name))
    var constantLabels: [MetricFamily.Label] = []
    for (name, value) in labels {
      var name = Self.labelName(name)
      while taken.contains(name) { name = "exported_" + name }
      constantLabels.removeAll { $0.name == name }
      constantLabels.append(MetricFamily.Label(name, value))
    }
    self.constantLabels = constantLabels
  }

  private static func labelName(_ name: String) -> String {
    var bytes = name.utf8.map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        byte
      default: UInt8(ascii: "_")
      }
    }
    if bytes.first.map({ $0 <= UInt8(ascii: "9") }) ?? true {
      bytes.insert(UInt8(ascii: "_"), at: 0)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  mutating func write(_ family: MetricFamily) {
    text += "# HELP \(family.name) \(family.help)\n"
    text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
    for sample in family.samples {
      let labels = (constantLabels + sample.labels)
        .map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
      text += family.name
      if !labels.isEmpty { text += "{\(labels.joined(separator: ","))}" }
      text += " \(Self.number(sample.value))\n"
    }
  }

  /// Whole numbers without a point, as far as a double tells them from one another.
  private static func number(_ value: Double) -> String {
    guard abs(value) < 0x1p53, value == value.rounded() else { return "\(value)" }
    return "\(Int(value))"
  }

  private static func escaped(_ value: String) -> String {
    var escaped = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
