import GrapevineCore
import Testing

@Suite struct `An instant` {
  @Test func `moves on by nanoseconds until the end of time`() {
    #expect(Instant.zero.advanced(by: 0) == .zero)
    #expect(Instant(nanoseconds: 5).advanced(by: 7) == Instant(nanoseconds: 12))
    #expect(Instant(nanoseconds: .max - 1).advanced(by: 1) == .never)
    #expect(Instant(nanoseconds: .max - 1).advanced(by: 2) == .never)
    #expect(Instant(nanoseconds: 1).advanced(by: .max) == .never)
    #expect(Instant.never.advanced(by: 0) == .never)
    #expect(Instant.never.advanced(by: .max) == .never)
  }

  @Test func `moves on by a duration`() {
    #expect(Instant(nanoseconds: 1) + .milliseconds(2) == Instant(nanoseconds: 2_000_001))
    #expect(Instant(nanoseconds: 1) + .zero == Instant(nanoseconds: 1))
    #expect(Instant(nanoseconds: 1) + .seconds(-1) == Instant(nanoseconds: 1))
    #expect(Instant(nanoseconds: 1) + .seconds(Int64.max) == .never)
    #expect(Instant.never + .seconds(1) == .never)
  }

  @Test func `is never before an earlier one`() {
    #expect(Instant(nanoseconds: 9).since(Instant(nanoseconds: 4)) == 5)
    #expect(Instant(nanoseconds: 4).since(Instant(nanoseconds: 4)) == 0)
    #expect(Instant(nanoseconds: 4).since(Instant(nanoseconds: 9)) == 0)
    #expect(Instant.never.since(.zero) == .max)
    #expect(Instant.zero.since(.never) == 0)
  }

  @Test func `orders by its nanoseconds`() {
    #expect(Instant.zero < Instant(nanoseconds: 1))
    #expect(Instant(nanoseconds: .max - 1) < .never)
    #expect(!(Instant.never < .never))
  }
}

@Suite struct `A duration in whole nanoseconds` {
  @Test(
    arguments: [
      (Duration.zero, 0),
      (.nanoseconds(1), 1),
      (.microseconds(1), 1_000),
      (.milliseconds(500), 500_000_000),
      (.seconds(1), 1_000_000_000),
      (.seconds(86_400 * 365), 31_536_000_000_000_000),
      (Duration(secondsComponent: 1, attosecondsComponent: 999_999_999), 1_000_000_000),
      (Duration(secondsComponent: 0, attosecondsComponent: 999_999_999_999_999_999), 999_999_999),
    ] as [(Duration, UInt64)]
  )
  func `drops what is smaller`(duration: Duration, expected: UInt64) {
    #expect(duration.wholeNanoseconds == expected)
  }

  @Test(arguments: [
    Duration.nanoseconds(-1), .seconds(-1), .milliseconds(-1_500), .seconds(Int64.min),
    Duration(secondsComponent: 0, attosecondsComponent: -1),
  ])
  func `is zero where negative`(duration: Duration) {
    #expect(duration.wholeNanoseconds == 0)
  }

  @Test func `is the maximum where it does not fit`() {
    // 2^64 ns are 18,446,744,073 s and 709,551,616 ns.
    let longest = Duration.seconds(18_446_744_073) + .nanoseconds(709_551_615)
    #expect(longest.wholeNanoseconds == .max)
    #expect((longest - .nanoseconds(1)).wholeNanoseconds == UInt64.max - 1)
    #expect((longest + .nanoseconds(1)).wholeNanoseconds == .max)
    #expect(Duration.seconds(18_446_744_074).wholeNanoseconds == .max)
    #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
  }
}
