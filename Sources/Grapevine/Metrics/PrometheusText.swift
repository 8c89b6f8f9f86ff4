/// Metrics in the text format that Prometheus reads (exposition format, version 0.0.4).
struct PrometheusText {
  enum Kind: String {
    case counter
    case gauge
  }

  private(set) var text = ""
  private let constantLabels: [(String, String)]

  init(labels: [(String, String)]) {
    constantLabels = labels.map { (Self.labelName($0), $1) }
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

  mutating func counter(_ name: String, _ help: String, _ value: Int) {
    family(name, .counter, help) { $0.add(value) }
  }

  mutating func gauge(_ name: String, _ help: String, _ value: Int) {
    family(name, .gauge, help) { $0.add(value) }
  }

  /// A metric with the samples that `body` adds; none, and nothing is written.
  mutating func family(
    _ name: String,
    _ kind: Kind,
    _ help: String,
    _ body: (inout Samples) -> Void
  ) {
    var samples = Samples(name: name, constantLabels: constantLabels)
    body(&samples)
    guard !samples.text.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n\(samples.text)"
  }

  struct Samples {
    fileprivate let name: String
    fileprivate let constantLabels: [(String, String)]
    fileprivate var text = ""

    mutating func add(_ value: Int, _ labels: (String, String)...) {
      append("\(value)", labels)
    }

    mutating func add(_ value: UInt64, _ labels: (String, String)...) {
      append("\(value)", labels)
    }

    mutating func add(_ value: Double, _ labels: (String, String)...) {
      append("\(value)", labels)
    }

    private mutating func append(_ value: String, _ labels: [(String, String)]) {
      let all = (constantLabels + labels).map { "\($0)=\"\(Self.escaped($1))\"" }
      text += name
      if !all.isEmpty { text += "{\(all.joined(separator: ","))}" }
      text += " \(value)\n"
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
}
