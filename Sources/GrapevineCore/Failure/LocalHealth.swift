/// How well this process itself runs: one whose own ticks come late takes what it sees as silence
/// for its own fault first (Lifeguard: Dadgar, Phillips, Currey 2017).
package struct LocalHealth: Sendable {
  private let limit: Int
  /// By how much the process lags: zero if it runs on time.
  private var score = 0
  private var ticksOnTime = 0
  /// No accusation before this.
  package private(set) var calmAt = Instant.zero

  /// Ticks on time after which the score falls by one.
  package static let recoveryCount = 4

  package init(limit: Int) {
    self.limit = limit
  }

  /// What thresholds are multiplied by: from 1 to the limit.
  package var multiplier: Int { 1 + score }

  /// Notes a tick that came `lateness` nanoseconds after its time.
  package mutating func noteTick(lateness: UInt64, interval: UInt64, now: Instant) {
    guard lateness > interval / 4 else {
      ticksOnTime += 1
      if ticksOnTime >= Self.recoveryCount, score > 0 {
        score -= 1
        ticksOnTime = 0
      }
      return
    }
    ticksOnTime = 0
    score = min(score + 1, limit - 1)
    calmAt = max(calmAt, now.advanced(by: 2 * interval))
  }

  /// Notes that the process did not run for a while.
  package mutating func notePause(interval: UInt64, now: Instant) {
    noteTick(lateness: .max, interval: interval, now: now)
  }
}
