import GrapevineHashing

/// xoshiro256** (Blackman, Vigna 2018), seeded by SplitMix64: the only source of chance in the
/// protocol.
package struct Xoshiro256: Sendable, Hashable {
  private var state0: UInt64
  private var state1: UInt64
  private var state2: UInt64
  private var state3: UInt64

  package init(seed: UInt64) {
    let step: UInt64 = 0x9E37_79B9_7F4A_7C15
    state0 = mix64(seed &+ step)
    state1 = mix64(seed &+ step &* 2)
    state2 = mix64(seed &+ step &* 3)
    state3 = mix64(seed &+ step &* 4)
  }

  package mutating func next() -> UInt64 {
    let product = state1 &* 5
    let result = ((product << 7) | (product >> 57)) &* 9
    let shifted = state1 << 17
    state2 ^= state0
    state3 ^= state1
    state1 ^= state2
    state0 ^= state3
    state2 ^= shifted
    state3 = (state3 << 45) | (state3 >> 19)
    return result
  }

  /// A number from 0 up to, not including, `bound` (Lemire 2019, with its bias of less than 2⁻⁶⁴ ×
  /// bound).
  package mutating func below(_ bound: UInt64) -> UInt64 {
    precondition(bound > 0, "nothing lies below 0")
    return next().multipliedFullWidth(by: bound).high
  }

  /// An index of a collection of `count` elements.
  package mutating func index(_ count: Int) -> Int {
    Int(below(UInt64(count)))
  }

  /// True in `numerator` of `denominator` cases.
  package mutating func chance(_ numerator: UInt64, outOf denominator: UInt64) -> Bool {
    below(denominator) < numerator
  }

  /// A number from `range`, both ends included.
  package mutating func number(in range: ClosedRange<UInt64>) -> UInt64 {
    let width = range.upperBound - range.lowerBound
    return width == .max ? next() : range.lowerBound + below(width + 1)
  }

  /// Puts the elements in an order of chance (Fisher, Yates).
  package mutating func shuffle<Element>(_ elements: inout [Element]) {
    guard elements.count > 1 else { return }
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, index(last + 1))
    }
  }
}
