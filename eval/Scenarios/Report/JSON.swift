/// A JSON value whose object members keep the order in which they were written.
package indirect enum JSON: Sendable, Equatable {
  case null
  case boolean(Bool)
  case integer(Int)
  /// A seed or another number beyond `Int`.
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([(name: String, value: JSON)])

  /// The percentiles as an object; null if there was nothing to take them of.
  package static func percentiles(_ percentiles: Percentiles?) -> JSON {
    guard let percentiles else { return .null }
    return .object([
      ("p50", .number(percentiles.p50)), ("p95", .number(percentiles.p95)),
      ("p99", .number(percentiles.p99)), ("max", .number(percentiles.max)),
    ])
  }

  /// The number; null if there is none.
  package static func number(orNull value: Double?) -> JSON {
    value.map { .number($0) } ?? .null
  }

  package static func == (first: JSON, second: JSON) -> Bool {
    first.text == second.text
  }
}

extension JSON {
  /// The value on one line, or an object's members on a line each at the top.
  package var text: String { text(depth: 0) }

  /// The value on one line, whatever it is.
  package var line: String { text(depth: 1) }

  private func text(depth: Int) -> String {
    switch self {
    case .null: "null"
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .unsigned(let value): "\(value)"
    case .number(let value): JSON.text(of: value)
    case .string(let value): JSON.quoted(value)
    case .array(let elements):
      "[" + elements.map { $0.text(depth: depth + 1) }.joined(separator: ", ") + "]"
    case .object(let members):
      JSON.text(
        of: members.map { "\(JSON.quoted($0.name)): \($0.value.text(depth: depth + 1))" },
        depth
      )
    }
  }

  private static func text(of members: [String], _ depth: Int) -> String {
    guard depth == 0, !members.isEmpty else { return "{\(members.joined(separator: ", "))}" }
    return "{\n" + members.map { "  " + $0 }.joined(separator: ",\n") + "\n}"
  }

  /// At most six digits behind the point; JSON has no word for what is not finite.
  private static func text(of value: Double) -> String {
    guard value.isFinite else { return "null" }
    return value.magnitude < 1e12 ? NumberText.trimmed(value, 6) : "\(value)"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
