/// Loss made on purpose: drops outgoing packets by a seeded draw, for evaluations on the loopback.
package struct SendLoss: Sendable, Hashable {
  /// The share of packets that is dropped, 0 to 1.
  package let rate: Double
  /// Where the draws begin.
  package let seed: UInt64

  package init(rate: Double, seed: UInt64) {
    precondition(rate >= 0 && rate <= 1, "a loss of \(rate)")
    self.rate = rate
    self.seed = seed
  }

  /// The sequence of draws (SplitMix64).
  struct Draws: Sendable {
    private var state: UInt64
    private let rate: Double

    init(_ loss: SendLoss) {
      state = loss.seed
      rate = loss.rate
    }

    /// Says whether the next packet is lost.
    mutating func isNextLost() -> Bool {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
      mixed ^= mixed >> 31
      return Double(mixed >> 11) * 0x1p-53 < rate
    }
  }
}
