/// A text is no JSON; says where and why.
package struct JSONError: Error, Equatable, CustomStringConvertible {
  package let description: String
}

extension JSON {
  /// Reads a text that is one JSON value.
  ///
  /// - Throws: ``JSONError`` with the line and column of what is wrong. A name that is twice in one
  ///   object, a number that can't be held, and values more than 64 deep count as wrong.
  package init(text: String) throws(JSONError) {
    var reader = JSONReader(bytes: Array(text.utf8))
    self = try reader.document()
  }

  /// The value of an object's member; nil if there is none, or this is no object.
  package func member(_ name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }
}

/// Reads JSON as RFC 8259 has it.
private struct JSONReader {
  let bytes: [UInt8]
  var offset = 0

  private static let depthLimit = 64

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func document() throws(JSONError) -> JSON {
    let value = try value(depth: 0)
    skipBlanks()
    guard offset == bytes.count else { throw wrong("nothing more is expected") }
    return value
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSON {
    skipBlanks()
    guard depth < Self.depthLimit else { throw wrong("it is too deep") }
    if let next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= next { return try number() }
    switch next {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"): return try number()
    default: throw wrong("a value is expected")
    }
  }

  private mutating func object(_ depth: Int) throws(JSONError) -> JSON {
    var members: [(name: String, value: JSON)] = []
    offset += 1
    guard !take("}") else { return .object([]) }
    repeat {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw wrong("a name in quotes is expected") }
      let start = offset
      let name = try string()
      guard !members.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
        offset = start
        throw wrong("“\(name)” is there twice")
      }
      guard take(":") else { throw wrong("“:” is expected") }
      members.append((name, try value(depth: depth + 1)))
    } while take(",")
    guard take("}") else { throw wrong("“,” or “}” is expected") }
    return .object(members)
  }

  private mutating func array(_ depth: Int) throws(JSONError) -> JSON {
    var elements: [JSON] = []
    offset += 1
    guard !take("]") else { return .array([]) }
    repeat { elements.append(try value(depth: depth + 1)) } while take(",")
    guard take("]") else { throw wrong("“,” or “]” is expected") }
    return .array(elements)
  }

  private mutating func word(_ word: String, _ value: JSON) throws(JSONError) -> JSON {
    guard bytes[offset...].starts(with: word.utf8) else { throw wrong("a value is expected") }
    offset += word.utf8.count
    return value
  }

  /// What has no point and no exponent is whole.
  private mutating func number() throws(JSONError) -> JSON {
    let start = offset
    var isWhole = true
    if next == UInt8(ascii: "-") { offset += 1 }
    let hasLeadingZero = next == UInt8(ascii: "0")
    let size = try digits()
    guard !hasLeadingZero || size == 1 else { throw wrong("a number begins with no zero") }
    if next == UInt8(ascii: ".") {
      isWhole = false
      offset += 1
      _ = try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isWhole = false
      offset += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
      _ = try digits()
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isWhole, let value = Int(text) { return .integer(value) }
    if isWhole, let value = UInt64(text) { return .unsigned(value) }
    guard let value = Double(text), value.isFinite else {
      offset = start
      throw wrong("\(text) can't be held")
    }
    return .number(value)
  }

  private mutating func digits() throws(JSONError) -> Int {
    let start = offset
    while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { offset += 1 }
    guard offset > start else { throw wrong("a digit is expected") }
    return offset - start
  }

  private mutating func string() throws(JSONError) -> String {
    let start = offset
    var content: [UInt8] = []
    offset += 1
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw wrong("a control character must be written as \\u") }
      offset += 1
      guard byte == UInt8(ascii: "\\") else {
        content.append(byte)
        continue
      }
      content += Array(String(Character(try escaped())).utf8)
    }
    guard next != nil else {
      offset = start
      throw wrong("the text that begins here has no end")
    }
    offset += 1
    guard let text = String(validating: content, as: UTF8.self) else {
      offset = start
      throw wrong("the text that begins here is no UTF-8")
    }
    return text
  }

  /// What a backslash and the letters after it stand for.
  private mutating func escaped() throws(JSONError) -> Unicode.Scalar {
    guard let letter = next else { throw wrong("a letter is expected") }
    offset += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try escapedScalar()
    default:
      offset -= 1
      throw wrong("no letter that stands behind a backslash")
    }
  }

  /// Four digits, or twice four for what UTF-16 takes two units for.
  private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
    let first = try unit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, bytes[offset...].starts(with: "\\u".utf8) else {
      throw wrong("half of a pair stands alone")
    }
    offset += 2
    let second = try unit()
    guard 0xDC00...0xDFFF ~= second,
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw wrong("half of a pair stands alone") }
    return scalar
  }

  private mutating func unit() throws(JSONError) -> UInt32 {
    let text = String(decoding: bytes[offset...].prefix(4), as: UTF8.self)
    guard text.utf8.count == 4, text.allSatisfy(\.isHexDigit), let value = UInt32(text, radix: 16)
    else {
      throw wrong("four hexadecimal digits are expected")
    }
    offset += 4
    return value
  }

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipBlanks() {
    while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { offset += 1 }
  }

  /// Moves behind the letter if it is what follows.
  private mutating func take(_ letter: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard next == UInt8(ascii: letter) else { return false }
    offset += 1
    return true
  }

  private func wrong(_ reason: String) -> JSONError {
    let before = bytes[..<offset]
    let line = before.count { $0 == 0x0A } + 1
    let column = offset - (before.lastIndex(of: 0x0A) ?? -1)
    return JSONError(description: "line \(line), column \(column): \(reason)")
  }
}
