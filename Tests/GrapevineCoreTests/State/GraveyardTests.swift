import GrapevineCore
import Testing

struct GraveyardTests {
  private static func graveyard(limit: Int = 3) -> Graveyard {
    Graveyard(limit: limit, lifetime: .seconds(10))
  }

  private static func at(_ seconds: UInt64) -> Instant {
    Instant(nanoseconds: seconds * 1_000_000_000)
  }

  @Test func `the limit is kept, and one more drives out the oldest`() {
    var graves = Self.graveyard()
    let records = (0..<4).map { Samples.record("member \($0)") }
    for record in records[..<3] { graves.bury(record, isReplaced: false, now: .zero) }
    #expect(graves.count == 3 && graves.find(records[0].key) != nil)
    graves.bury(records[3], isReplaced: false, now: .zero)
    #expect(graves.count == 3 && graves.find(records[0].key) == nil)
    #expect(records[1...].allSatisfy { graves.find($0.key) != nil })
  }

  @Test func `a grave is forgotten when its time is over, not before`() {
    var graves = Self.graveyard()
    let record = Samples.record()
    graves.bury(record, isReplaced: true, now: Self.at(5))
    graves.expire(now: Instant(nanoseconds: Self.at(15).nanoseconds - 1))
    #expect(graves.find(record.key)?.isReplaced == true)
    graves.expire(now: Self.at(15))
    #expect(graves.count == 0)
  }

  @Test func `burying again starts the time anew`() {
    var graves = Self.graveyard()
    let record = Samples.record()
    graves.bury(record, isReplaced: false, now: Self.at(0))
    graves.bury(record, isReplaced: false, now: Self.at(8))
    graves.expire(now: Self.at(17))
    #expect(graves.count == 1)
    graves.expire(now: Self.at(18))
    #expect(graves.count == 0)
  }

  @Test func `one dug up again does not drive out others`() {
    var graves = Self.graveyard()
    let records = (0..<4).map { Samples.record("member \($0)") }
    for record in records[..<3] { graves.bury(record, isReplaced: false, now: .zero) }
    graves.remove(records[1].key)
    graves.bury(records[3], isReplaced: false, now: Self.at(1))
    #expect(graves.count == 3 && graves.find(records[0].key) != nil)
  }

  @Test func `random burials give what a sorted list gives`() {
    for seed in 0..<50 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      var graves = Self.graveyard(limit: 5)
      var naive: [(key: MemberKey, since: UInt64)] = []
      let records = (0..<8).map { Samples.record("member \($0)") }
      var now: UInt64 = 0
      for _ in 0..<300 {
        now += 1 + random.below(2)
        let record = records[random.index(records.count)]
        if random.chance(1, outOf: 5) {
          graves.remove(record.key)
          naive.removeAll { $0.key == record.key }
        } else {
          graves.bury(record, isReplaced: false, now: Self.at(now))
          naive.removeAll { $0.key == record.key }
          naive.append((record.key, now))
          naive.removeAll { now - $0.since >= 10 }
          if naive.count > 5 { naive.removeFirst() }
        }
        let found = records.filter { graves.find($0.key) != nil }.map(\.key.rawValue).sorted()
        #expect(found == naive.map(\.key.rawValue).sorted(), "seed \(seed)")
      }
    }
  }
}
