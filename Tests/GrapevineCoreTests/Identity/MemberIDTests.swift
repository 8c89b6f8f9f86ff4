import GrapevineCore
import Testing

/// é as one scalar, and as e with a combining accent: equal for `String ==`, but other bytes.
private let composed = "caf\u{E9}"
private let decomposed = "cafe\u{301}"

@Suite struct `A member's identity` {
  @Test func `takes two spellings of é for two names`() {
    #expect(composed == decomposed)
    let first = MemberID(name: composed, generation: 7)
    let second = MemberID(name: decomposed, generation: 7)
    #expect(first != second)
    #expect(Set([first, second]).count == 2)
    #expect(MemberKey(first) != MemberKey(second))
    #expect(second < first)
    #expect(!(first < second))
  }

  @Test func `is equal, and hashes equally, where bytes and generation are`() {
    let first = MemberID(name: "web-1", generation: 7)
    let second = MemberID(name: String(decoding: Array("web-1".utf8), as: UTF8.self), generation: 7)
    #expect(first == second)
    #expect(first.hashValue == second.hashValue)
    #expect(first != MemberID(name: "web-1", generation: 8))
    #expect(first != MemberID(name: "web-10", generation: 7))
    #expect(first != MemberID(name: "WEB-1", generation: 7))
  }

  @Test func `orders by the name's bytes, then by generation`() {
    let sorted = [
      MemberID(name: "", generation: .max),
      MemberID(name: "\u{0}", generation: 0),
      MemberID(name: "B", generation: 9),
      MemberID(name: "a", generation: 0),
      MemberID(name: "a", generation: 1),
      MemberID(name: "a", generation: .max),
      MemberID(name: "a\u{0}", generation: 0),
      MemberID(name: "aa", generation: 0),
      MemberID(name: "e\u{301}", generation: 0),
      MemberID(name: "z", generation: 0),
      MemberID(name: "\u{E9}", generation: 0),
      // By UTF-16 units, as some languages compare, the emoji would come before U+FFFD.
      MemberID(name: "\u{FFFD}", generation: 0),
      MemberID(name: "🍇", generation: 0),
    ]
    #expect(sorted.reversed().sorted() == sorted)
    for (index, id) in sorted.enumerated() {
      #expect(!(id < id))
      #expect(sorted[..<index].allSatisfy { $0 < id && !(id < $0) })
    }
  }

  @Test func `prints its name and generation`() {
    #expect(MemberID(name: "web-1", generation: 7).description == "web-1#7")
    #expect(
      MemberID(name: "#", generation: .max).description == "##18446744073709551615"
    )
  }

  @Test func `is coded with its very bytes`() throws {
    let id = MemberID(name: decomposed, generation: .max)
    #expect(try throughJSON(id) == id)
    #expect(
      try jsonText(MemberID(name: "web-1", generation: 7)) == #"{"generation":7,"name":"web-1"}"#
    )
  }
}

@Suite struct `A name as a dictionary's key` {
  @Test func `is found by its own bytes only`() {
    let numbers = [NameKey(name: composed): 1, NameKey(name: decomposed): 2]
    #expect(numbers[NameKey(name: composed)] == 1)
    #expect(numbers[NameKey(name: decomposed)] == 2)
    #expect(numbers[NameKey(name: "cafe")] == nil)
  }

  @Test func `compares bytes, not canonical equivalents`() {
    #expect(composed.hasSameBytes(as: composed))
    #expect(!composed.hasSameBytes(as: decomposed))
    #expect("".hasSameBytes(as: ""))
    #expect(!"a".hasSameBytes(as: "a\u{0}"))
    #expect(!"\u{212B}".hasSameBytes(as: "\u{C5}"))
  }
}

@Suite struct `A member's key` {
  /// Computed with the reference XXH64 over the name's bytes and eight bytes of generation.
  @Test(
    arguments: [
      (MemberID(name: "a", generation: 0), 0xF6E6_7711_B1AA_9CE9),
      (MemberID(name: "a", generation: 0x0102_0304_0506_0708), 0xDDED_58B9_6966_4FC3),
      (MemberID(name: "web-1", generation: 1), 0xB970_8FCD_2AFC_376A),
      (MemberID(name: "web-1", generation: 1_763_708_400_000), 0xEF6E_9878_E81F_6570),
      (MemberID(name: "\u{E9}", generation: 7), 0xC13A_9AB9_9275_302D),
      (MemberID(name: "e\u{301}", generation: 7), 0xBD75_4724_170B_9CD5),
      (
        MemberID(name: String(repeating: "n", count: 255), generation: .max),
        0xF5F8_635E_EE41_F21D
      ),
    ] as [(MemberID, UInt64)]
  )
  func `is XXH64 of the name and the little-endian generation`(id: MemberID, expected: UInt64) {
    #expect(MemberKey(id).rawValue == expected)
  }

  @Test func `orders by its number, between lowest and highest`() {
    #expect(MemberKey.lowest.rawValue == 0)
    #expect(MemberKey.highest.rawValue == .max)
    #expect(MemberKey.lowest < MemberKey(rawValue: 1))
    #expect(MemberKey(rawValue: 1 << 62) < MemberKey(rawValue: 1 << 63))
    #expect(MemberKey(rawValue: .max - 1) < MemberKey.highest)
    #expect(!(MemberKey.highest < MemberKey.highest))
  }
}

@Suite struct `A name's prefix` {
  @Test func `sorts as the name does, or not at all`() {
    let parts = ["", "\0", "a", "b", "\u{7F}", "\u{E9}", "web-1", "node-of-a-cluster"]
    let names = parts.flatMap { first in parts.map { first + $0 } }
    for first in names {
      for second in names {
        let prefixes = (NamePrefix(first), NamePrefix(second))
        guard prefixes.0 != prefixes.1 else { continue }
        let ids = (MemberID(name: first, generation: 1), MemberID(name: second, generation: 1))
        #expect((prefixes.0 < prefixes.1) == (ids.0 < ids.1), "\(first), \(second)")
      }
    }
    #expect(NamePrefix("0123456789abcdef") == NamePrefix("0123456789abcdefg"))
    #expect(NamePrefix("0123456789abcde") < NamePrefix("0123456789abcdef"))
  }
}
