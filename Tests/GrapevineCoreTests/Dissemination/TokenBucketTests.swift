import GrapevineCore
import Testing

struct TokenBucketTests {
  private static func at(_ nanoseconds: UInt64) -> Instant { Instant(nanoseconds: nanoseconds) }

  @Test func `a full bucket gives what it holds, and then one token in each pause`() {
    var bucket = TokenBucket(capacity: 3, pause: 100, now: Self.at(1_000))
    #expect(bucket.take(4, now: Self.at(1_000)) == false)
    #expect(bucket.take(3, now: Self.at(1_000)) == true)
    #expect(bucket.take(1, now: Self.at(1_099)) == false)
    #expect(bucket.take(1, now: Self.at(1_100)) == true)
    #expect(bucket.level(now: Self.at(1_250)) == 1)
    #expect(bucket.level(now: Self.at(1_399)) == 2)
    #expect(bucket.level(now: Self.at(1_400)) == 3)
    #expect(bucket.level(now: .never) == 3)
  }

  @Test func `what is drained is what is there`() {
    var bucket = TokenBucket(capacity: 5, pause: 10, now: .zero)
    bucket.drain(2, now: .zero)
    #expect(bucket.level(now: .zero) == 3)
    bucket.drain(9, now: .zero)
    #expect(bucket.level(now: .zero) == 0)
    #expect(bucket.take(0, now: .zero) == true)
  }

  @Test func `tokens come as in a bucket that is looked at every nanosecond`() {
    for seed in 0..<100 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      let capacity = 1 + random.index(6)
      let pause = 1 + random.below(9)
      var bucket = TokenBucket(capacity: capacity, pause: pause, now: .zero)
      var naive = (count: capacity, progress: 0 as UInt64)
      for nanosecond in 1...400 as ClosedRange<UInt64> {
        if naive.count < capacity {
          naive.progress += 1
          if naive.progress == pause { naive = (naive.count + 1, 0) }
        }
        guard random.chance(1, outOf: 6) else { continue }
        let wanted = random.index(capacity + 2)
        let isTaken = bucket.take(wanted, now: Self.at(nanosecond))
        #expect(isTaken == (naive.count >= wanted), "seed \(seed) at \(nanosecond)")
        if isTaken, wanted > 0 { naive.count -= wanted }
      }
    }
  }
}
