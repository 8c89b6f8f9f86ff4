/// A point on the monotonic clock that the caller hands in, in nanoseconds since an arbitrary
/// start.
public struct Instant: Comparable, Hashable, Sendable {
  /// Nanoseconds since the clock's start.
  public var nanoseconds: UInt64

  /// Creates the instant that lies `nanoseconds` after the clock's start.
  public init(nanoseconds: UInt64) {
    self.nanoseconds = nanoseconds
  }

  /// The clock's start.
  public static let zero = Instant(nanoseconds: 0)

  /// A time that never comes.
  public static let never = Instant(nanoseconds: .max)

  /// Says whether the first lies before the second.
  public static func < (first: Instant, second: Instant) -> Bool {
    first.nanoseconds < second.nanoseconds
  }

  /// The instant `nanoseconds` later, or ``never`` where that can't be said.
  package func advanced(by nanoseconds: UInt64) -> Instant {
    let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
    return overflow ? .never : Instant(nanoseconds: sum)
  }

  package static func + (instant: Instant, duration: Duration) -> Instant {
    instant.advanced(by: duration.wholeNanoseconds)
  }

  /// Nanoseconds since `earlier`; zero if that lies ahead.
  package func since(_ earlier: Instant) -> UInt64 {
    nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
  }
}

/// A time on the node's clock that may lie before the clock's start.
package struct PastInstant: Comparable, Hashable, Sendable {
  /// Nanoseconds since the clock's start.
  fileprivate var nanoseconds: Int64

  package init(_ instant: Instant) {
    nanoseconds = Int64(clamping: instant.nanoseconds)
  }

  /// The time `milliseconds` before `now`; no earlier than some 292 years before the clock's start.
  package init(milliseconds: UInt64, before now: Instant) {
    let (age, overflow) = Int64(clamping: milliseconds).multipliedReportingOverflow(by: 1_000_000)
    let (time, underflow) = Int64(clamping: now.nanoseconds)
      .subtractingReportingOverflow(overflow ? .max : age)
    nanoseconds = overflow || underflow ? .min : time
  }

  package static func < (first: PastInstant, second: PastInstant) -> Bool {
    first.nanoseconds < second.nanoseconds
  }
}

extension Instant {
  /// Nanoseconds since `earlier`; zero if that lies ahead.
  package func since(_ earlier: PastInstant) -> UInt64 {
    let now = Int64(clamping: nanoseconds)
    return now > earlier.nanoseconds ? UInt64(bitPattern: now &- earlier.nanoseconds) : 0
  }
}

extension Duration {
  /// The duration in nanoseconds: zero where negative, the maximum where it does not fit.
  package var wholeNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { return .max }
    let (sum, carry) = product.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
    return carry ? .max : sum
  }
}
