/// The bytes of an input, read as choices; behind their end every choice is the first one.
package struct Choices {
  private let bytes: [UInt8]
  private var offset = 0

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { offset == bytes.count }

  mutating func byte() -> UInt8 {
    guard offset < bytes.count else { return 0 }
    defer { offset += 1 }
    return bytes[offset]
  }

  /// A number below `bound`, which is at most 256.
  mutating func below(_ bound: Int) -> Int { Int(byte()) % bound }

  mutating func flag() -> Bool { byte() & 1 == 1 }

  /// A number of any size, small ones in a single byte.
  mutating func number() -> UInt64 {
    let byte = byte()
    switch byte {
    case 0..<224: return UInt64(byte)
    case 224..<232: return fixed(2)
    case 232..<240: return fixed(8)
    case 240..<248: return UInt64.max - UInt64(byte - 240)
    // On both sides of where a number takes a byte, or a bit, more.
    default: return (UInt64(1) << (7 * UInt64(byte - 247))) &- UInt64(byte & 1)
    }
  }

  private mutating func fixed(_ size: Int) -> UInt64 {
    (0..<size).reduce(0) { sum, _ in sum << 8 | UInt64(byte()) }
  }

  /// The next bytes, fewer than `count` where the input ends.
  mutating func take(_ count: Int) -> ArraySlice<UInt8> {
    let end = min(bytes.count, offset + count)
    defer { offset = end }
    return bytes[offset..<end]
  }

  mutating func element<Element>(of elements: [Element]) -> Element {
    elements[below(elements.count)]
  }
}
