/// The phi accrual failure detector (Hayashibara, Défago, Yared, Katayama 2004): phi is −log₁₀ of
/// the chance that a live member lets a gap grow this long.
///
/// Gaps are taken as normally distributed. A threshold of phi thus stands for a number of standard
/// deviations above the mean, and the gap is compared with that: no logarithm, the same everywhere.
package enum PhiAccrual {
  /// Thousandths of a standard deviation above the mean at which phi is reached: z where half of
  /// erfc(z / √2) is 10^−phi, for phi from 1 on; beyond the table its last value.
  package static func deviations(phi: Int) -> UInt64 {
    UInt64(table[min(max(phi, 1), table.count) - 1])
  }

  package static let phiMaximum = table.count

  /// The phi of a gap so many standard deviations above the mean, from 0 to ``phiMaximum``: between
  /// the lines of the table, and below its first one, a straight line.
  package static func phi(deviations: Double) -> Double {
    let thousandths = deviations * 1_000
    // Half of all gaps are above the mean.
    let share = thousandths / Double(table[0])
    guard share > 0 else { return max(0, 0.301_03 * (1 + share)) }
    guard share > 1 else { return 0.301_03 + 0.698_97 * share }
    guard let above = table.firstIndex(where: { Double($0) >= thousandths }) else {
      return Double(phiMaximum)
    }
    let (lower, upper) = (Double(table[above - 1]), Double(table[above]))
    return Double(above) + (thousandths - lower) / (upper - lower)
  }

  private static let table: [UInt16] = [
    1_282, 2_326, 3_090, 3_719, 4_265, 4_753, 5_199, 5_612, 5_998, 6_361, 6_706, 7_034, 7_349,
    7_651, 7_941, 8_222, 8_494, 8_757, 9_013, 9_262, 9_505, 9_742, 9_973, 10_199, 10_420, 10_637,
    10_850, 11_058, 11_263, 11_464, 11_662, 11_856, 12_047, 12_236, 12_421, 12_604, 12_785,
    12_962, 13_138, 13_311, 13_482, 13_651, 13_817, 13_982, 14_145, 14_306, 14_466, 14_623,
    14_779, 14_933, 15_086, 15_237, 15_387, 15_535, 15_682, 15_828, 15_972, 16_115, 16_257,
    16_397, 16_537, 16_675, 16_812, 16_948, 17_083, 17_216, 17_349, 17_481, 17_612, 17_742,
    17_871, 17_999, 18_126, 18_252, 18_377, 18_502, 18_625, 18_748, 18_870, 18_992, 19_112,
    19_232, 19_351, 19_469, 19_587, 19_704, 19_820, 19_936, 20_050, 20_165, 20_278, 20_391,
    20_504, 20_615, 20_726, 20_837, 20_947, 21_056, 21_165, 21_273, 21_381, 21_488, 21_595,
    21_701, 21_807, 21_912, 22_017, 22_121, 22_224, 22_327, 22_430, 22_532, 22_634, 22_735,
    22_836, 22_937, 23_037, 23_136, 23_235, 23_334, 23_432, 23_530, 23_628, 23_725, 23_821,
    23_918, 24_014, 24_109,
  ]
}
