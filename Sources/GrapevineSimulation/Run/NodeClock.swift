package import GrapevineCore

/// A process's monotonic clock: it began somewhere, and runs faster or slower than true time.
package struct NodeClock {
  /// Parts of a million by which the clock runs fast; negative for slow.
  package private(set) var drift: Int64 = 0
  private var anchorTime: UInt64
  private var anchorReading: UInt64

  private static let million: UInt64 = 1_000_000

  package init(startedAt time: UInt64, reading: UInt64) {
    anchorTime = time
    anchorReading = reading
  }

  private var rate: UInt64 { UInt64(Int64(Self.million) + drift) }

  /// What the clock shows at the true time.
  package func reading(at time: UInt64) -> Instant {
    let elapsed = time - anchorTime
    guard drift != 0 else { return Instant(nanoseconds: anchorReading + elapsed) }
    let scaled = Self.million.dividingFullWidth(elapsed.multipliedFullWidth(by: rate)).quotient
    return Instant(nanoseconds: anchorReading + scaled)
  }

  /// The first true time at which the clock shows `reading` or more; `UInt64.max` for never.
  package func time(of reading: Instant) -> UInt64 {
    guard reading != .never else { return .max }
    let span = reading.since(Instant(nanoseconds: anchorReading))
    guard drift != 0 else { return Instant(nanoseconds: anchorTime).advanced(by: span).nanoseconds }
    let product = span.multipliedFullWidth(by: Self.million)
    guard product.high < rate else { return .max }
    let (quotient, remainder) = rate.dividingFullWidth(product)
    return Instant(nanoseconds: anchorTime)
      .advanced(by: quotient + (remainder > 0 ? 1 : 0)).nanoseconds
  }

  /// Lets the clock run at another rate from `time` on.
  package mutating func setDrift(_ partsPerMillion: Int64, at time: UInt64) {
    precondition(
      abs(partsPerMillion) < 500_000,
      "a clock does not drift by \(partsPerMillion) parts of a million"
    )
    anchorReading = reading(at: time).nanoseconds
    anchorTime = time
    drift = partsPerMillion
  }
}
