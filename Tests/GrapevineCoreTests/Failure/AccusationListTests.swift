import GrapevineCore
import Testing

@Suite struct `The open accusations` {
  private static func accusation(_ key: UInt64, first: UInt64, due: UInt64) -> Accusation {
    Accusation(
      key: MemberKey(rawValue: key),
      incarnation: 0,
      firstAt: Instant(nanoseconds: first),
      dueAt: Instant(nanoseconds: due)
    )
  }

  @Test func `are found by member, whatever came and went`() {
    var random = Xoshiro256(seed: 7)
    var list = AccusationList()
    var known: [UInt64: (first: UInt64, due: UInt64)] = [:]
    for step in 0..<5_000 as Range<UInt64> {
      let key = random.below(60)
      if known[key] == nil {
        known[key] = (random.below(1_000), random.below(1_000))
        let index = list.append(
          Self.accusation(key, first: known[key]?.first ?? 0, due: known[key]?.due ?? 0)
        )
        #expect(list.index(of: MemberKey(rawValue: key)) == index)
      } else if random.chance(1, outOf: 2), let index = list.index(of: MemberKey(rawValue: key)) {
        known[key] = (step, step + 5)
        list[index].firstAt = Instant(nanoseconds: step)
        list[index].dueAt = Instant(nanoseconds: step + 5)
      } else {
        known[key] = nil
        list.remove(MemberKey(rawValue: key))
        #expect(list.index(of: MemberKey(rawValue: key)) == nil)
      }
      #expect(list.count == known.count)
      let first = known.values.map(\.first).min()
      #expect((list.first == nil) == known.isEmpty)
      #expect((list.first?.nanoseconds ?? 0) <= first ?? 0)
      guard step % 16 == 0 else { continue }
      let nextDue = known.values.map(\.due).min() ?? .max
      #expect(list.dueAt.nanoseconds <= nextDue)
      list.findNextDue()
      #expect(list.dueAt.nanoseconds == nextDue)
      #expect(list.first?.nanoseconds == first)
    }
    for key in known.keys {
      #expect(list.index(of: MemberKey(rawValue: key)).map { list[$0].key.rawValue } == key)
    }
  }

  @Test func `are empty when the last one has gone`() {
    var list = AccusationList()
    _ = list.append(Self.accusation(1, first: 3, due: 4))
    list.remove(MemberKey(rawValue: 2))
    #expect(list.count == 1)
    list.remove(MemberKey(rawValue: 1))
    #expect(list.count == 0 && list.dueAt == .never && list.first == nil)
  }
}
