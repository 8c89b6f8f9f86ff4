package import GrapevineCore

/// A share as a fraction of whole numbers, so that no rounding decides a run.
package struct Ratio: Sendable, Hashable {
  package let numerator: UInt64
  package let denominator: UInt64

  package init(_ numerator: UInt64, outOf denominator: UInt64) {
    precondition(
      denominator > 0 && numerator <= denominator,
      "\(numerator) out of \(denominator) is no share"
    )
    self.numerator = numerator
    self.denominator = denominator
  }

  /// The share nearest to `share` in billionths.
  package init(_ share: Double) {
    precondition((0...1).contains(share), "\(share) is no share of a whole")
    self.init(UInt64(share * 1e9 + 0.5), outOf: 1_000_000_000)
  }

  /// The share as a number, for comparing.
  var share: Double { Double(numerator) / Double(denominator) }

  package static let never = Ratio(0, outOf: 1)
  package static let always = Ratio(1, outOf: 1)

  package static func percent(_ count: UInt64) -> Ratio { Ratio(count, outOf: 100) }

  /// Draws whether the chance came true; a chance of zero draws nothing.
  package func isHit(_ random: inout Xoshiro256) -> Bool {
    numerator > 0 && random.chance(numerator, outOf: denominator)
  }
}

extension Ratio: CustomStringConvertible {
  /// The share in percent, such as `12.5 %`.
  package var description: String {
    guard numerator > 0 else { return "never" }
    let tenths = (1_000 * numerator + denominator / 2) / denominator
    return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
  }
}
