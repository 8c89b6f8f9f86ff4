/// A budget that fills up with time: bursts up to its capacity, and its rate in the long run.
package struct TokenBucket: Sendable {
  package let capacity: Int
  /// Nanoseconds in which one token comes.
  private let pause: UInt64
  private var count: Int
  /// Up to when tokens have been counted in.
  private var filledAt: Instant

  package init(capacity: Int, pause: UInt64, now: Instant) {
    self.capacity = capacity
    self.pause = max(1, pause)
    count = capacity
    filledAt = now
  }

  /// The tokens that are there now.
  package mutating func level(now: Instant) -> Int {
    let come = now.since(filledAt) / pause
    guard come < UInt64(capacity - count) else {
      count = capacity
      filledAt = now
      return count
    }
    count += Int(come)
    filledAt = filledAt.advanced(by: come * pause)
    return count
  }

  /// Takes `wanted` tokens if that many are there; else none.
  package mutating func take(_ wanted: Int, now: Instant) -> Bool {
    guard level(now: now) >= wanted else { return false }
    count -= wanted
    return true
  }

  /// Takes up to `wanted` tokens, as many as there are.
  package mutating func drain(_ wanted: Int, now: Instant) {
    count -= min(wanted, level(now: now))
  }
}
