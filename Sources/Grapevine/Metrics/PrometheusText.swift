extension NodeMetrics {
  /// The metrics in the text format that Prometheus reads (exposition format, version 0.0.4, with
  /// the content type `text/plain; version=0.0.4; charset=utf-8`).
  ///
  /// Each metric and what it is for is in `docs/metrics.md`.
  ///
  /// - Parameter labels: Labels that all samples get, such as `["cluster": "eu"]`. Names are
  ///   letters, digits and underscores, and begin with no digit: what is not becomes an underscore.
  ///   One that some metric has itself, such as `node`, or that begins with two underscores, gets
  ///   `exported_` before it, as Prometheus names those that clash; of two that are the same the
  ///   last counts. Values can be anything.
  /// - Returns: The text, with a sample or more on each metric.
  /// - Complexity: O(members).
  public func prometheusText(labels: KeyValuePairs<String, String> = [:]) -> String {
    var text = PrometheusText(labels)
    for family in families { text.write(family) }
    return text.text
  }
}

/// Metrics in the text format that Prometheus reads (exposition format, version 0.0.4).
private struct PrometheusText {
  private(set) var text = ""
  private let constantLabels: [MetricFamily.Label]

  init(_ labels: KeyValuePairs<String, String>) {
    constantLabels = MetricFamily.Label.constant(labels)
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
