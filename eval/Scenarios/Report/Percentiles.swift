/// Percentiles of a sample by the nearest rank.
///
/// The p-th percentile is the smallest value of the sample that at least p % of its values do not
/// exceed: always a value that was measured, never one between two. Of fewer than 100 values p99 is
/// the largest.
package struct Percentiles: Sendable, Equatable {
  package let p50: Double
  package let p95: Double
  package let p99: Double
  package let max: Double

  /// Takes the percentiles of `sample`; nil if that is empty.
  package init?(_ sample: [Double]) {
    let sorted = sample.sorted()
    guard let last = sorted.last else { return nil }
    p50 = Percentiles.nearestRank(50, sorted)
    p95 = Percentiles.nearestRank(95, sorted)
    p99 = Percentiles.nearestRank(99, sorted)
    max = last
  }

  private static func nearestRank(_ percent: Int, _ sorted: [Double]) -> Double {
    sorted[(sorted.count * percent + 99) / 100 - 1]
  }
}
