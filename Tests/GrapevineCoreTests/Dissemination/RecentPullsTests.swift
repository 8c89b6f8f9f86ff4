import GrapevineCore
import Testing

/// What has been asked for is not asked for again until it should have come.
struct RecentPullsTests {
  private static let now = Instant(nanoseconds: 1_000_000_000)

  private static func key(_ number: Int) -> MemberKey { MemberKey(rawValue: UInt64(number)) }

  @Test func `two copies of a push make one pull`() {
    var pulls = RecentPulls()
    let later = Self.now.advanced(by: RecentPulls.patience - 1)
    #expect(pulls.mayPull(Self.key(1), end: 5, now: Self.now) == true)
    #expect(pulls.mayPull(Self.key(1), end: 5, now: Self.now) == false)
    #expect(pulls.mayPull(Self.key(1), end: 4, now: later) == false)
    #expect(pulls.mayPull(Self.key(1), end: 5, now: later) == false)
  }

  @Test func `what goes further, or is of another member, is asked for`() {
    var pulls = RecentPulls()
    #expect(pulls.mayPull(Self.key(1), end: 5, now: Self.now) == true)
    #expect(pulls.mayPull(Self.key(1), end: 6, now: Self.now) == true)
    #expect(pulls.mayPull(Self.key(2), end: 5, now: Self.now) == true)
    #expect(pulls.mayPull(Self.key(1), end: 5, now: Self.now) == false)
  }

  @Test func `a pull that has not been answered in time is made again`() {
    var pulls = RecentPulls()
    #expect(pulls.mayPull(Self.key(1), end: 5, now: Self.now) == true)
    let later = Self.now.advanced(by: RecentPulls.patience)
    #expect(pulls.mayPull(Self.key(1), end: 5, now: later) == true)
    #expect(pulls.mayPull(Self.key(1), end: 5, now: later) == false)
  }

  @Test func `as many as the limit are kept in mind, and one more drives out the oldest`() {
    var pulls = RecentPulls()
    let limit = RecentPulls.limit
    for number in 1...limit {
      #expect(pulls.mayPull(Self.key(number), end: 1, now: Self.now) == true)
    }
    #expect(pulls.mayPull(Self.key(1), end: 1, now: Self.now) == false)
    #expect(pulls.mayPull(Self.key(limit + 1), end: 1, now: Self.now) == true)
    #expect(pulls.mayPull(Self.key(2), end: 1, now: Self.now) == false)
    #expect(pulls.mayPull(Self.key(1), end: 1, now: Self.now) == true)
    #expect(pulls.mayPull(Self.key(2), end: 1, now: Self.now) == true)
  }
}
