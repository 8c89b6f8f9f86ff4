import GrapevineHashing
import Testing

@Suite struct `The 64-bit mixer` {
  @Test func `is the output function of SplitMix64`() {
    // The generator's first values from 1234567, as published with Vigna's splitmix64.c.
    let published: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
    ]
    var state: UInt64 = 1_234_567
    for expected in published {
      state &+= 0x9E37_79B9_7F4A_7C15
      #expect(mix64(state) == expected)
    }
  }

  @Test func `leaves zero as it is, so callers add a constant first`() {
    #expect(mix64(0) == 0)
    #expect(mix64(0, 0) != 0)
  }

  @Test func `can be undone, so no two words collide`() {
    for word in (0..<1_000).map({ UInt64($0) &* 0xD6E8_FEB8_6659_FD93 }) {
      #expect(unmix64(mix64(word)) == word)
    }
  }

  @Test func `tells the order of two words`() {
    #expect(mix64(1, 2) != mix64(2, 1))
    #expect(mix64(1, 2) == mix64(mix64(0x9E37_79B9_7F4A_7C16) ^ 2))
  }

  /// Undoes `mix64`: the steps backwards, with the inverses of the two factors modulo 2^64.
  private func unmix64(_ value: UInt64) -> UInt64 {
    var result = value ^ (value >> 31) ^ (value >> 62)
    result = result &* inverse(of: 0x94D0_49BB_1331_11EB)
    result = result ^ (result >> 27) ^ (result >> 54)
    result = result &* inverse(of: 0xBF58_476D_1CE4_E5B9)
    return result ^ (result >> 30) ^ (result >> 60)
  }

  /// Newton's iteration: each step doubles the number of right bits, beginning with three.
  private func inverse(of odd: UInt64) -> UInt64 {
    (0..<5).reduce(odd) { inverse, _ in inverse &* (2 &- odd &* inverse) }
  }
}
