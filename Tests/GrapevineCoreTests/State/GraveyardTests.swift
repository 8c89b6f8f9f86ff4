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

  @Test func `of a grave others are told once a second at most`() {
    var graves = Self.graveyard()
    let record = Samples.record()
    graves.bury(record, isReplaced: false, now: Self.at(1))
    let early = Instant(nanoseconds: Self.at(2).nanoseconds - 1)
    let times = [Self.at(1), Self.at(1), early, Self.at(2)]
    let answers = times.map { graves.mayTell(record.key, now: $0) }
    #expect(answers == [true, false, false, true])
    let isOfAnother = graves.mayTell(Samples.record("another").key, now: Self.at(3))
    #expect(!isOfAnother)
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

/// “graves in turn, with back-off up to 24 h”.
extension GraveyardTests {
  private static let day: UInt64 = 86_400_000_000_000

  private static func buried(
    _ name: String,
    _ verdict: Verdict = .down,
    isReplaced: Bool = false,
    in graves: inout Graveyard,
    at now: Instant
  ) -> Endpoint {
    var record = Samples.record(name)
    record.standing.verdict = verdict
    record.endpoint = Endpoint(ipv4: UInt32(graves.count) + 1, port: 1)
    graves.bury(record, isReplaced: isReplaced, now: now)
    return record.endpoint
  }

  @Test func `a buried member is contacted after a while, and then ever less often`() {
    for seed in 0..<20 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      var graves = Graveyard(limit: 3, lifetime: .seconds(86_400 * 365))
      let endpoint = Self.buried("member", in: &graves, at: .zero)
      var now = Instant(nanoseconds: Graveyard.firstContactPause - 1)
      #expect(graves.nextContact(now: now, random: &random) == nil)
      now = now.advanced(by: 1)
      var pause = Graveyard.firstContactPause
      for _ in 0..<30 {
        #expect(graves.nextContact(now: now, random: &random) == endpoint)
        pause = min(2 * pause, Self.day)
        #expect(graves.nextContact(now: now, random: &random) == nil)
        let early = now.advanced(by: pause / 2 - 1)
        #expect(graves.nextContact(now: early, random: &random) == nil)
        now = now.advanced(by: pause)
      }
      #expect(pause == Graveyard.contactPauseLimit && pause == Self.day)
    }
  }

  @Test func `graves are contacted in turn, one at a time`() {
    var random = Xoshiro256(seed: 5)
    var graves = Self.graveyard()
    var expected: [Endpoint] = []
    for name in ["a", "b", "c"] {
      expected.append(Self.buried(name, in: &graves, at: .zero))
    }
    let now = Instant(nanoseconds: Graveyard.firstContactPause)
    let contacts = (0..<4).map { _ in graves.nextContact(now: now, random: &random) }
    #expect(contacts == expected + [nil])
  }

  @Test func `who left, or was replaced, is not contacted`() {
    var random = Xoshiro256(seed: 5)
    var graves = Self.graveyard()
    _ = Self.buried("left", .left, in: &graves, at: .zero)
    _ = Self.buried("replaced", isReplaced: true, in: &graves, at: .zero)
    let late = Instant(nanoseconds: Self.day)
    #expect(graves.nextContact(now: late, random: &random) == nil)
    let down = Self.buried("down", in: &graves, at: .zero)
    #expect(graves.nextContact(now: late, random: &random) == down)
  }

  @Test func `one that is buried again begins with the first pause`() {
    var random = Xoshiro256(seed: 5)
    var graves = Graveyard(limit: 3, lifetime: .seconds(86_400))
    _ = Self.buried("member", in: &graves, at: .zero)
    let first = Instant(nanoseconds: Graveyard.firstContactPause)
    #expect(graves.nextContact(now: first, random: &random) != nil)
    _ = Self.buried("member", in: &graves, at: first)
    let second = first.advanced(by: Graveyard.firstContactPause)
    #expect(
      graves.nextContact(now: Instant(nanoseconds: second.nanoseconds - 1), random: &random) == nil
    )
    #expect(graves.nextContact(now: second, random: &random) != nil)
  }
}
