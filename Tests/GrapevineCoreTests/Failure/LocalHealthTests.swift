import GrapevineCore
import Testing

/// “an engine whose own ticks come late suspects itself”.
struct LocalHealthTests {
  private static let interval: UInt64 = 500_000_000
  private static let now = Instant(nanoseconds: 10_000_000_000)

  @Test func `a process that runs on time is well`() {
    var health = LocalHealth(limit: 8)
    for _ in 0..<100 {
      health.noteTick(lateness: Self.interval / 4, interval: Self.interval, now: Self.now)
    }
    #expect(health.multiplier == 1 && health.calmAt == .zero)
  }

  /// “it raises its thresholds (up to 8 ×)”.
  @Test func `each late tick raises the thresholds, up to the limit`() {
    var health = LocalHealth(limit: 8)
    for multiplier in [2, 3, 4, 5, 6, 7, 8, 8, 8] {
      health.noteTick(lateness: Self.interval / 4 + 1, interval: Self.interval, now: Self.now)
      #expect(health.multiplier == multiplier)
    }
  }

  /// “… and accuses nobody until it has run on time for a while”.
  @Test func `after a late tick there is no accusation for two intervals`() {
    var health = LocalHealth(limit: 8)
    health.noteTick(lateness: Self.interval, interval: Self.interval, now: Self.now)
    #expect(health.calmAt == Self.now.advanced(by: 2 * Self.interval))
    let later = Self.now.advanced(by: Self.interval)
    health.noteTick(lateness: 0, interval: Self.interval, now: later)
    #expect(health.calmAt == Self.now.advanced(by: 2 * Self.interval))
    health.notePause(interval: Self.interval, now: later)
    #expect(health.calmAt == later.advanced(by: 2 * Self.interval))
  }

  @Test func `it recovers by one for each few ticks on time in a row`() {
    var health = LocalHealth(limit: 8)
    for _ in 0..<3 { health.notePause(interval: Self.interval, now: Self.now) }
    #expect(health.multiplier == 4)
    for multiplier in [4, 4, 4, 3, 3, 3, 3, 2] {
      health.noteTick(lateness: 0, interval: Self.interval, now: Self.now)
      #expect(health.multiplier == multiplier)
    }
    for _ in 0..<3 { health.noteTick(lateness: 0, interval: Self.interval, now: Self.now) }
    health.notePause(interval: Self.interval, now: Self.now)
    #expect(health.multiplier == 3)
    for _ in 0..<3 { health.noteTick(lateness: 0, interval: Self.interval, now: Self.now) }
    #expect(health.multiplier == 3)
  }

  @Test func `a limit of one keeps the thresholds as they are`() {
    var health = LocalHealth(limit: 1)
    for _ in 0..<5 { health.notePause(interval: Self.interval, now: Self.now) }
    #expect(health.multiplier == 1 && health.calmAt > Self.now)
  }
}
