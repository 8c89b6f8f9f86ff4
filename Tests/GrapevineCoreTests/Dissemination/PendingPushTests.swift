import GrapevineCore
import Testing

@Suite struct `News that waits to be pushed` {
  private static func key(_ index: Int) -> MemberKey { MemberKey(rawValue: UInt64(index)) }

  @Test(arguments: [false, true])
  func `says that there was more than the limit`(isOfNewcomers: Bool) {
    var pending = PendingPush()
    func add(_ index: Int) {
      if isOfNewcomers {
        pending.add(newcomer: Self.key(index))
      } else {
        pending.add(standing: Self.key(index))
      }
    }
    for index in 1...PendingPush.limit { add(index) }
    add(1)
    #expect(!pending.isIncomplete)
    add(PendingPush.limit + 1)
    #expect(pending.isIncomplete)
    #expect(pending.standings.count + pending.newcomers.count == PendingPush.limit)
  }

  @Test func `begins with the own standing, however much waits`() {
    var pending = PendingPush()
    for index in 1...PendingPush.limit + 1 { pending.add(standing: Self.key(index)) }
    let own = Self.key(9_999)
    pending.add(ownStanding: own)
    pending.add(ownStanding: own)
    #expect(pending.standings.first == own)
    #expect(pending.standings.count == PendingPush.limit + 1)
  }
}
