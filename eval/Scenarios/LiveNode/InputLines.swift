/// Cuts what comes on standard input into lines.
struct InputLines: Sendable {
  /// The most bytes of a line: a value of the largest size, each byte written as `\xHH`.
  static let limit = 1 << 22

  /// A line without its end, or that one was too long.
  enum Line: Sendable, Equatable {
    case whole([UInt8])
    case tooLong
  }

  private var rest: [UInt8] = []
  private var isSkipping = false

  /// The lines that end within `bytes`.
  mutating func take(_ bytes: ArraySlice<UInt8>) -> [Line] {
    var lines: [Line] = []
    var bytes = bytes
    while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
      rest += bytes[..<end]
      bytes = bytes[(end + 1)...]
      lines += finish().map { [$0] } ?? []
    }
    if rest.count + bytes.count <= Self.limit {
      rest += bytes
    } else {
      rest = []
      isSkipping = true
    }
    return lines
  }

  /// The line that the end of the input ends; nil if nothing stands on it.
  mutating func finish() -> Line? {
    defer {
      rest = []
      isSkipping = false
    }
    if isSkipping || rest.count > Self.limit { return .tooLong }
    return rest.isEmpty ? nil : .whole(rest)
  }
}
