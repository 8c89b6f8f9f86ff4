import GrapevineCore
import Testing

/// The check of names and keys against the standard library's.
struct UTF8Tests {
  /// Bytes on both sides of every border in the table of well-formed sequences.
  private static let edges: [UInt8] = [
    0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC,
    0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
  ]

  private static func isValid(_ bytes: [UInt8], _ range: Range<Int>? = nil) -> Bool {
    isUTF8(bytes.span, range ?? 0..<bytes.count)
  }

  private static func isRight(_ bytes: [UInt8]) -> Bool {
    isValid(bytes) == (String(validating: bytes, as: UTF8.self) != nil)
  }

  @Test func `all sequences of one and two bytes`() {
    for first in 0...255 as ClosedRange<UInt8> {
      #expect(Self.isRight([first]))
      for second in 0...255 as ClosedRange<UInt8> where !Self.isRight([first, second]) {
        Issue.record("\([first, second])")
      }
    }
  }

  @Test func `all sequences of three and four bytes at the borders`() {
    for first in Self.edges {
      for second in Self.edges {
        for third in Self.edges {
          if !Self.isRight([first, second, third]) { Issue.record("\([first, second, third])") }
          guard first >= 0xE0, second >= 0x7F, second < 0xC1 else { continue }
          for fourth in Self.edges where !Self.isRight([first, second, third, fourth]) {
            Issue.record("\([first, second, third, fourth])")
          }
        }
      }
    }
  }

  @Test func `random bytes and random text`() {
    for seed in 0..<2_000 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      var text = String.UnicodeScalarView()
      for _ in 0..<random.index(12) {
        let bound: UInt64 = [0x80, 0x800, 0x1_0000, 0x11_0000][random.index(4)]
        text.append(Unicode.Scalar(UInt32(random.below(bound))) ?? "?")
      }
      var bytes = Array(String(text).utf8)
      #expect(Self.isValid(bytes))
      for _ in 0..<random.index(3) where !bytes.isEmpty {
        bytes[random.index(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
      }
      #expect(Self.isRight(bytes), "\(bytes)")
    }
  }

  @Test func `only the range that is asked for is looked at`() {
    let bytes: [UInt8] = [0xFF, 0x41, 0xC3, 0xA9, 0xFF]
    #expect(Self.isValid(bytes, 1..<4) && Self.isValid(bytes, 0..<0))
    #expect(
      !Self.isValid(bytes, 1..<3) && !Self.isValid(bytes, 0..<4) && !Self.isValid(bytes, 3..<4)
    )
  }
}
