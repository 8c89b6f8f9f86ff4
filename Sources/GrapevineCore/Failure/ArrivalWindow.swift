/// The latest gaps between the scheduled heartbeats of one member.
///
/// Gaps are kept in parts of the gossip interval, ``unit`` to an interval, so that sums stay small
/// whatever the interval is.
package struct ArrivalWindow: Sendable {
  package static let unit: UInt64 = 1_024
  /// The gaps below which a rhythm is not known well: the deviation then counts double.
  package static let cautiousCount = 8

  private let limit: Int
  private let gapLimit: UInt64
  private var gaps: [UInt32] = []
  /// The oldest gap once the window is full.
  private var head = 0
  private var sum: UInt64 = 0
  private var squareSum: UInt64 = 0
  /// Heartbeats that should have come in these gaps and did not.
  package private(set) var missedCount = 0

  /// Creates an empty window of `limit` gaps, none counted as more than `gapLimit` intervals.
  package init(limit: Int, gapLimit: Int) {
    self.limit = limit
    self.gapLimit = UInt64(gapLimit) * Self.unit
  }

  package var count: Int { gaps.count }

  /// Takes a gap of `nanoseconds`.
  package mutating func add(_ nanoseconds: UInt64, interval: UInt64) {
    let (product, overflow) = nanoseconds.multipliedReportingOverflow(by: Self.unit)
    let gap = overflow ? gapLimit : min(product / max(1, interval), gapLimit)
    if gaps.count < limit {
      gaps.append(UInt32(gap))
    } else {
      let old = UInt64(gaps[head])
      sum -= old
      squareSum -= old * old
      missedCount -= Self.missed(in: old)
      gaps[head] = UInt32(gap)
      head = (head + 1) % limit
    }
    sum += gap
    squareSum += gap * gap
    missedCount += Self.missed(in: gap)
  }

  /// The gap, in nanoseconds, at which phi reaches `phi`.
  ///
  /// The mean is at least an interval, and the deviation at least a quarter of one, or a half while
  /// few gaps are known.
  package func gap(phi: Int, interval: UInt64) -> UInt64 {
    let (mean, deviation) = rhythm
    let units = mean + deviation * PhiAccrual.deviations(phi: phi) / 1_000
    let bounded = min(units, gapLimit)
    let (product, overflow) = bounded.multipliedReportingOverflow(by: interval)
    return overflow ? .max : product / Self.unit
  }

  /// The phi of a silence of `nanoseconds`.
  package func phi(of nanoseconds: UInt64, interval: UInt64) -> Double {
    let (mean, deviation) = rhythm
    let units = Double(nanoseconds) * Double(Self.unit) / Double(max(1, interval))
    return PhiAccrual.phi(deviations: (units - Double(mean)) / Double(deviation))
  }

  private var rhythm: (mean: UInt64, deviation: UInt64) {
    var mean = Self.unit
    var deviation = count < Self.cautiousCount ? Self.unit / 2 : Self.unit / 4
    if count > 0 {
      let number = UInt64(count)
      mean = max(mean, sum / number)
      let variance = (squareSum * number - min(sum * sum, squareSum * number)) / (number * number)
      deviation = max(deviation, UInt64(Double(variance).squareRoot()))
    }
    return (mean, deviation)
  }

  private static func missed(in gap: UInt64) -> Int {
    max(0, Int((gap + unit / 2) / unit) - 1)
  }
}
