/// The names of all labels that the metrics have of themselves.
package enum LabelName: String, CaseIterable {
  case node
  case generation
  case address
  case state
  case direction
  case kind
  case reason
  case on
  case by
  case peer
}

extension MetricFamily.Label {
  /// The labels that a user wants on all samples, with names that can stand beside any metric's.
  ///
  /// A name is of letters, digits and underscores, and begins with no digit: what is not becomes an
  /// underscore. One that some metric has itself, or that Prometheus keeps for itself, gets
  /// `exported_` before it, whether or not that metric has samples at the moment: else series would
  /// change their names as members come and go. Of two that are the same the last counts.
  package static func constant(_ labels: KeyValuePairs<String, String>) -> [MetricFamily.Label] {
    var constant: [MetricFamily.Label] = []
    for (name, value) in labels {
      var name = readable(name)
      if LabelName(rawValue: name) != nil || name.hasPrefix("__") { name = "exported_" + name }
      constant.removeAll { $0.name == name }
      constant.append(MetricFamily.Label(name, value))
    }
    return constant
  }

  private static func readable(_ name: String) -> String {
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
}
