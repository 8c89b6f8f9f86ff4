import GrapevineHashing
import Testing

struct ByteOrderTests {
  @Test func `texts compare by their bytes, as arrays of them do`() {
    var texts = ["", "a", "b", "ab", "\u{E9}", "e\u{301}", "\u{FFFF}", "\u{10000}", "\0", "a\0"]
    for length in [7, 8, 9, 15, 16, 17, 40] {
      for place in 0..<length {
        let head = String(repeating: "x", count: place)
        for piece in ["w", "y", "\u{7F}", "é"] {
          texts.append(head + piece + String(repeating: "x", count: length - place - 1))
        }
      }
    }
    for first in texts {
      for second in texts {
        let result = compareBytes(first, second)
        let (bytes, others) = (Array(first.utf8), Array(second.utf8))
        #expect((result == 0) == (bytes == others))
        #expect((result < 0) == bytes.lexicographicallyPrecedes(others))
      }
    }
  }
}
