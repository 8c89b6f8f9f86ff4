extension NodeMetrics {
  /// The metrics in the text format that Prometheus reads (exposition format, version 0.0.4, with
  /// the content type `text/plain; version=0.0.4; charset=utf-8`).
  ///
  /// Each metric and what it is for is in `docs/metrics.md`.
  ///
  /// - Parameter labels: Labels that all samples get, such as `["cluster": "eu"]`. Names are
  ///   letters, digits and underscores, and begin with no digit: what is not becomes an underscore.
  ///   Values can be anything.
  /// - Returns: The text, with a sample or more on each metric.
  /// - Complexity: O(members).
  public func prometheusText(labels: KeyValuePairs<String, String> = [:]) -> String {
    var text = PrometheusText(labels: labels.map { ($0.key, $0.value) })
    for family in families { text.write(family) }
    return text.text
  }
}

/// Metrics in the text format that Prometheus reads (exposition format, version 0.0.4).
private struct PrometheusText {
  private(set) var text = ""
  private let constantLabels: [MetricFamily.Label]

  init(labels: [(String, String)]) {
    constantLabels = labels.map { MetricFamily.Label(Self.labelName($0), $1) }
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
