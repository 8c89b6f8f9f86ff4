internal import GrapevineSimulation

/// Values as they are written on a command line.
package enum ValueText {
  /// A duration such as `500ms`, `2s` or `1.5s`; nil unless it is one, with its unit, and not
  /// negative.
  package static func duration(_ text: String) -> Duration? {
    let units = [("us", 1e3), ("ms", 1e6), ("min", 6e10), ("s", 1e9), ("h", 3.6e12)]
    guard let (unit, scale) = units.first(where: { text.hasSuffix($0.0) }),
      let number = decimal(text.dropLast(unit.count))
    else { return nil }
    let nanoseconds = (number * scale).rounded()
    return nanoseconds < 1e18 ? .nanoseconds(Int64(nanoseconds)) : nil
  }

  /// A range of durations such as `1ms..5ms`, or one duration as a range of one.
  package static func durations(_ text: String) -> ClosedRange<Duration>? {
    let parts = text.split(separator: "..", omittingEmptySubsequences: false)
    guard parts.count <= 2, let first = parts.first, let last = parts.last,
      let low = duration(String(first)), let high = duration(String(last)), low <= high
    else { return nil }
    return low...high
  }

  /// A number of bytes such as `4096`, `64KiB` or `1MiB`.
  package static func size(_ text: String) -> Int? {
    let units = [("KiB", 1_024), ("MiB", 1_048_576)]
    guard let (unit, scale) = units.first(where: { text.hasSuffix($0.0) }) else {
      return count(text)
    }
    guard let number = count(String(text.dropLast(unit.count))) else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: scale)
    return overflow ? nil : product
  }

  /// A whole number of digits and nothing else; `1_000` and `1,000` are read as 1000.
  package static func count(_ text: String) -> Int? {
    let digits = text.filter { $0 != "_" && $0 != "," }
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return Int(digits)
  }

  /// A seed, in decimal digits or as `0x…`; or the name of a commit, from which it is hashed.
  package static func seed(_ text: String) -> UInt64? {
    if text.utf8.count == 40, let seed = Swarm.seed(ofCommit: text) { return seed }
    return text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
  }

  /// A number of digits with at most one point; no sign, exponent or `inf`.
  package static func decimal(_ text: some StringProtocol) -> Double? {
    let allowed = text.utf8.allSatisfy {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
    }
    return allowed ? Double(String(text)) : nil
  }

  /// The duration in the largest unit that leaves it whole, such as `500ms`.
  package static func text(_ duration: Duration) -> String {
    let nanoseconds = duration.nanoseconds
    let units: [(String, Int64)] = [
      ("h", 3_600_000_000_000), ("min", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
    ]
    for (unit, scale) in units
    where nanoseconds >= scale && nanoseconds % scale == 0 {
      return "\(nanoseconds / scale)\(unit)"
    }
    return nanoseconds == 0 ? "0ms" : "\(NumberText.trimmed(Double(nanoseconds) / 1e6, 6))ms"
  }

  /// The range as ``durations(_:)`` reads it.
  package static func text(_ durations: ClosedRange<Duration>) -> String {
    durations.lowerBound == durations.upperBound
      ? text(durations.lowerBound)
      : "\(text(durations.lowerBound))..\(text(durations.upperBound))"
  }
}

extension Duration {
  /// The duration in whole nanoseconds; those of the command line always fit.
  package var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }

  package var milliseconds: Double { Double(nanoseconds) / 1e6 }

  package var seconds: Double { Double(nanoseconds) / 1e9 }
}
