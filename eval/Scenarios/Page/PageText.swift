/// Text within a page.
enum PageText {
  /// The text with what would be markup written otherwise.
  static func escaped(_ text: some StringProtocol) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The number with as many digits as are worth reading, and commas between thousands.
  static func number(_ value: Double) -> String {
    let magnitude = value.magnitude
    guard magnitude < 1e15 else { return "\(value)" }
    let digits = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 0.1 ? 2 : 4
    let text = NumberText.trimmed(value, digits)
    guard magnitude >= 1_000 else { return text }
    let whole = text.drop { $0 == "-" }
    var grouped = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { grouped += "," }
      grouped.append(digit)
    }
    return (value < 0 ? "-" : "") + grouped
  }

  /// The command that a person pastes.
  static func command(_ arguments: [String]) -> String {
    "swift run -c release eval " + arguments.joined(separator: " ")
  }
}
