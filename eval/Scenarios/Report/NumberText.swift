/// Numbers as a person or a file wants them.
package enum NumberText {
  /// The number with exactly `digits` digits behind the point, rounded half away from zero.
  package static func fixed(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    precondition(scaled < 1e18, "\(value) has too many digits to be printed")
    let sign = value < 0 && scaled > 0 ? "-" : ""
    let (whole, fraction) = Int(scaled).quotientAndRemainder(dividingBy: Int(scale))
    guard digits > 0 else { return "\(sign)\(whole)" }
    let tail = String(fraction)
    return "\(sign)\(whole)." + String(repeating: "0", count: digits - tail.count) + tail
  }

  /// The number with at most `digits` digits behind the point and no zeros at the end.
  package static func trimmed(_ value: Double, _ digits: Int) -> String {
    var text = fixed(value, digits)
    guard text.contains(".") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  /// Milliseconds with as many digits as are worth reading: three below 10 ms, one above.
  package static func milliseconds(_ value: Double) -> String {
    fixed(value, value < 10 ? 3 : value < 1_000 ? 1 : 0)
  }

  /// A number of bytes in B, KiB or MiB.
  package static func bytes(_ count: Int) -> String {
    switch count.magnitude {
    case ..<10_240: "\(count) B"
    case ..<10_485_760: "\(fixed(Double(count) / 1_024, 1)) KiB"
    default: "\(fixed(Double(count) / 1_048_576, 1)) MiB"
    }
  }
}
