/// The words of a line: with blanks between them, or in quotes as ``ByteText`` writes them.
struct LineWords: Sendable {
  private var left: ArraySlice<UInt8>

  init(_ line: some Sequence<UInt8>) {
    left = Array(line)[...]
    while let last = left.last, Self.isBlank(last) { left.removeLast() }
  }

  /// The next word; nil at the end of the line.
  mutating func next() throws(UsageError) -> [UInt8]? {
    skipBlanks()
    guard let first = left.first else { return nil }
    guard first != UInt8(ascii: "\"") else { return try quoted() }
    let word = left.prefix { !Self.isBlank($0) }
    left = left.dropFirst(word.count)
    return Array(word)
  }

  /// All that is left, blanks within it included; nil at the end of the line.
  mutating func rest() throws(UsageError) -> [UInt8]? {
    skipBlanks()
    guard let first = left.first else { return nil }
    guard first != UInt8(ascii: "\"") else { return try quoted() }
    defer { left = [] }
    return Array(left)
  }

  private mutating func skipBlanks() {
    left = left.drop(while: Self.isBlank)
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }

  private mutating func quoted() throws(UsageError) -> [UInt8] {
    left.removeFirst()
    var bytes: [UInt8] = []
    while let byte = left.popFirst() {
      switch byte {
      case UInt8(ascii: "\""):
        guard left.first.map(Self.isBlank) ?? true else {
          throw UsageError("a closing quote must be followed by a blank; \\\" is a quote within")
        }
        return bytes
      case UInt8(ascii: "\\"): bytes += try escaped()
      default: bytes.append(byte)
      }
    }
    throw UsageError("the closing quote is missing")
  }

  /// What stands behind a backslash.
  private mutating func escaped() throws(UsageError) -> [UInt8] {
    switch left.popFirst() {
    case UInt8(ascii: "n"): return [UInt8(ascii: "\n")]
    case UInt8(ascii: "t"): return [UInt8(ascii: "\t")]
    case UInt8(ascii: "\""): return [UInt8(ascii: "\"")]
    case UInt8(ascii: "\\"): return [UInt8(ascii: "\\")]
    case UInt8(ascii: "x"):
      let digits = left.prefix(2)
      left = left.dropFirst(2)
      if digits.count == 2, let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
        return [byte]
      }
    case UInt8(ascii: "u") where left.first == UInt8(ascii: "{"):
      let digits = left.dropFirst().prefix { $0 != UInt8(ascii: "}") }
      left = left.dropFirst(digits.count + 2)
      let number = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
      if let scalar = number.flatMap({ Unicode.Scalar($0) }) {
        return Array(String(Character(scalar)).utf8)
      }
    default: break
    }
    throw UsageError("behind a backslash must be n, t, \", \\, xHH or u{…}")
  }
}
