/// Bytes of others for people: what is no plain text stands between quotes.
///
/// A terminal obeys control characters, and names, keys and values come from other machines; so
/// these are never written as they are.
package enum ByteText {
  /// The bytes as text of at most `limit` characters and a word on what is left out.
  package static func shown(_ bytes: [UInt8], limit: Int = .max) -> String {
    var text = ""
    var isPlain = !bytes.isEmpty && bytes.first != quote
    isPlain = isPlain && bytes.first != blank && bytes.last != blank
    var written = 0
    var offset = 0
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    while written < limit {
      switch parser.parseScalar(from: &iterator) {
      case .valid(let encoded):
        let scalar = Unicode.UTF8.decode(encoded)
        offset += encoded.count
        if isPrintable(scalar) {
          // Within quotes these two end or begin something.
          let mustEscape = scalar == "\"" || scalar == "\\"
          text += (mustEscape ? "\\" : "") + String(Character(scalar))
        } else {
          isPlain = false
          text += escaped(scalar)
        }
      case .error(let length):
        isPlain = false
        for byte in bytes[offset..<offset + length] { text += "\\x" + hex(byte) }
        offset += length
      case .emptyInput:
        return isPlain ? String(decoding: bytes, as: UTF8.self) : "\"\(text)\""
      }
      written += 1
    }
    guard offset < bytes.count else {
      return isPlain ? String(decoding: bytes, as: UTF8.self) : "\"\(text)\""
    }
    let part = isPlain ? String(decoding: bytes[..<offset], as: UTF8.self) : "\"\(text)\""
    return "\(part)… (\(NumberText.bytes(bytes.count)))"
  }

  /// A name or key as one word: with quotes also where there are blanks in it.
  package static func word(_ text: String) -> String {
    let shown = shown(Array(text.utf8))
    return shown == text && text.utf8.contains(blank) ? "\"\(quotable(text))\"" : shown
  }

  private static let quote = UInt8(ascii: "\"")
  private static let blank = UInt8(ascii: " ")

  private static func quotable(_ text: String) -> String {
    text.reduce(into: "") { $0 += $1 == "\"" || $1 == "\\" ? "\\\($1)" : "\($1)" }
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      false
    default: true
    }
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\t": "\\t"
    default: "\\u{\(String(scalar.value, radix: 16))}"
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}

/// Bytes as the text of RFC 4648, section 4.
package enum Base64 {
  private static let letters = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
  )

  package static func text(of bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
      for place in 0..<4 {
        let letter = letters[Int(bits >> (18 - 6 * UInt32(place)) & 63)]
        text.append(place <= group.count ? letter : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
