import Testing

@testable import struct GrapevineSharding.TokenTable

/// The sorted tokens, also where somebody chose them.
struct TokenTableTests {
  private func check(_ tokens: [UInt64], _ probes: [UInt64] = []) {
    let table = TokenTable(unsorted: tokens, owners: tokens.indices.map { UInt32($0) })
    let sorted = tokens.indices.sorted { (tokens[$0], $0) < (tokens[$1], $1) }
    #expect(table.tokens == sorted.map { tokens[$0] })
    #expect(table.owners == sorted.map { UInt32($0) })
    var random = TestRandom(seed: UInt64(tokens.count))
    let edges = tokens.prefix(300).flatMap { [$0 &- 1, $0, $0 &+ 1] }
    for key in edges + probes + [0, 1, .max] + (0..<100).map({ _ in random.next() }) {
      // By halves, on what was sorted another way.
      var (lower, upper) = (0, sorted.count)
      while lower < upper {
        let middle = (lower + upper) / 2
        if tokens[sorted[middle]] < key { lower = middle + 1 } else { upper = middle }
      }
      #expect(table.firstIndex(from: key) == lower, "\(key)")
    }
  }

  @Test func `tokens are sorted and found, however many there are`() {
    var random = TestRandom(seed: 1)
    for count in [0, 1, 2, 3, 4, 5, 31, 32, 33, 63, 64, 65, 1_000, 4_096, 4_097, 20_000] {
      check((0..<count).map { _ in random.next() })
    }
  }

  @Test func `equal tokens keep the order of their owners`() {
    for token in [0, 1, 1 << 63, .max] as [UInt64] {
      check([token])
      check(Array(repeating: token, count: 40))
      check(Array(repeating: token, count: 5_000))
    }
  }

  @Test func `tokens that lie close together are sorted and found`() {
    var random = TestRandom(seed: 2)
    check((0..<5_000).map { _ in 0x1234_5678_0000_0000 + random.next() % 3_000 })
    check((0..<5_000).map { UInt64($0) })
    check((0..<5_000).map { UInt64.max - UInt64($0) })
    // Most in one heap, the others far and wide.
    check((0..<5_000).map { $0 % 10 == 0 ? random.next() : random.next() % 100 })
    check((0..<5_000).map { $0 % 2 == 0 ? 0 : .max })
  }
}
