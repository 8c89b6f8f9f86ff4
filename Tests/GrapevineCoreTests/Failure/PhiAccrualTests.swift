import Glibc
import GrapevineCore
import Testing

/// The table of deviations against the normal distribution of the C library.
struct PhiAccrualTests {
  /// Phi of a gap that lies `deviations` standard deviations above the mean.
  static func phi(_ deviations: Double) -> Double {
    -log10(erfc(deviations / 2.0.squareRoot()) / 2)
  }

  /// The deviations at which phi is reached, found by halving.
  static func deviations(phi: Int) -> Double {
    var lower = 0.0
    var upper = 30.0
    while upper - lower > 1e-9 {
      let middle = (lower + upper) / 2
      if self.phi(middle) < Double(phi) { lower = middle } else { upper = middle }
    }
    return lower
  }

  @Test func `the table is the normal distribution's, to a thousandth of a deviation`() {
    #expect(PhiAccrual.phiMaximum == 128)
    for phi in 1...PhiAccrual.phiMaximum {
      let exact = Self.deviations(phi: phi) * 1_000
      let held = Double(PhiAccrual.deviations(phi: phi))
      #expect(abs(exact - held) <= 0.501, "phi \(phi): \(held) for \(exact)")
    }
  }

  @Test func `a higher phi is a longer gap, up to the table's end`() {
    for phi in 1..<PhiAccrual.phiMaximum {
      #expect(PhiAccrual.deviations(phi: phi) < PhiAccrual.deviations(phi: phi + 1))
    }
    let last = PhiAccrual.deviations(phi: PhiAccrual.phiMaximum)
    #expect(PhiAccrual.deviations(phi: PhiAccrual.phiMaximum + 1) == last)
    #expect(PhiAccrual.deviations(phi: .max) == last)
    #expect(PhiAccrual.deviations(phi: 0) == PhiAccrual.deviations(phi: 1))
    #expect(PhiAccrual.deviations(phi: .min) == PhiAccrual.deviations(phi: 1))
  }
}
