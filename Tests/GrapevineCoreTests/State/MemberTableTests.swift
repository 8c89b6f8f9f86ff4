import GrapevineCore
import Pacing
import Testing

@Suite(.computing) struct MemberTableTests {
  @Test func `random inserts, removals and updates give what a sorted list gives`() {
    for index in 0..<Environment.caseCount(usual: 40) {
      let seed = Environment.firstSeed &+ UInt64(index)
      if let failure = Self.compare(seed: seed) {
        Issue.record("\(failure); \(Environment.replay(case: index, filter: "MemberTable"))")
        return
      }
    }
  }

  private static func compare(seed: UInt64) -> String? {
    var random = Xoshiro256(seed: seed)
    var table = MemberTable(hash: Samples.hash)
    var naive: [MemberRecord] = []
    // Few members come and go all the time; many take several blocks, and half of them are there.
    let isLarge = random.chance(1, outOf: 4)
    let all = (0..<(isLarge ? 400 : 30)).map { Samples.record("member \($0)", generation: seed) }
    for step in 0..<(isLarge ? 1_200 : 150) {
      let record = all[random.index(all.count)]
      let known = naive.firstIndex { $0.key == record.key }
      if let known, let slot = table.slot(of: record.key) {
        if random.chance(1, outOf: isLarge && step < 900 ? 9 : 2) {
          guard table.remove(record.key)?.id == record.id else { return "removed another" }
          naive.remove(at: known)
        } else {
          let change = { (record: inout MemberRecord) in Self.change(&record, step) }
          table.update(slot, change)
          change(&naive[known])
        }
      } else {
        guard table.remove(record.key) == nil else { return "removed what is not there" }
        table.insert(record)
        naive.append(record)
      }
      guard !isLarge || step % 16 == 0 else { continue }
      table.checkInvariants()
      if let difference = difference(table, naive, &random) {
        return "step \(step): \(difference)"
      }
    }
    return nil
  }

  private static func change(_ record: inout MemberRecord, _ step: Int) {
    switch step % 3 {
    case 0: _ = record.state.set(key: "key \(step % 5)", value: [UInt8(step & 255)])
    case 1: _ = record.state.delete(key: "key \(step % 5)")
    default: record.standing.merge(Standing(incarnation: UInt64(step / 30), verdict: .down))
    }
  }

  private static func difference(
    _ table: MemberTable,
    _ naive: [MemberRecord],
    _ random: inout Xoshiro256
  ) -> String? {
    let sorted = naive.sorted { $0.key < $1.key }
    guard table.count == sorted.count,
      table.liveCount == sorted.count(where: \.isLive),
      table.footprint == sorted.reduce(0, { $0 + $1.state.footprint })
    else { return "counts" }
    for (position, record) in sorted.enumerated() {
      guard table.key(at: position) == record.key, table.contains(record.key),
        table.key(named: record.id.name) == record.key,
        table[table.slot(at: position)].state.progress == record.state.progress
      else { return "position \(position)" }
    }
    guard table.fingerprint == sorted.reduce(0, { $0 &+ $1.contribution }) else {
      return "fingerprint"
    }
    let ends: [MemberKey] = [.lowest, .highest, .init(rawValue: random.next())] + sorted.map(\.key)
    let lower = ends[random.index(ends.count)]
    let upper = ends[random.index(ends.count)]
    guard lower <= upper else { return nil }
    let expected = sorted.filter { lower <= $0.key && $0.key <= upper }
    let positions = table.positions(from: lower, through: upper)
    guard positions.map({ table.key(at: $0) }) == expected.map(\.key),
      table.fingerprint(of: positions) == expected.reduce(0, { $0 &+ $1.contribution })
    else { return "range \(lower.rawValue)...\(upper.rawValue)" }
    var walked: [MemberKey] = []
    table.forEachSlot(at: positions) { slot in
      walked.append(table.key(inSlot: slot))
      return walked.count < 100
    }
    guard walked == expected.prefix(100).map(\.key) else { return "walk" }
    let live = sorted.filter(\.isLive)
    guard table.liveRank(atOrAbove: lower) == live.count(where: { $0.key < lower }) else {
      return "live rank of \(lower.rawValue)"
    }
    for (rank, record) in live.enumerated() {
      guard table.key(inSlot: table.slot(atLiveRank: rank)) == record.key else {
        return "live rank \(rank)"
      }
    }
    return table.key(named: "nobody") == nil ? nil : "name"
  }

  @Test func `the order of arrival makes no difference to the fingerprint`() {
    let records = (0..<20).map { Samples.record("member \($0)") }
    var forward = MemberTable(hash: Samples.hash)
    var backward = MemberTable(hash: Samples.hash)
    for record in records { forward.insert(record) }
    for record in records.reversed() { backward.insert(record) }
    #expect(forward.fingerprint == backward.fingerprint && forward.fingerprint != 0)
    for record in records { _ = backward.remove(record.key) }
    #expect(backward.fingerprint == 0)
  }

  @Test func `the verdict's age is no part of the fingerprint`() {
    var first = Samples.record()
    first.standing.merge(Standing(verdict: .down))
    var second = first
    second.verdictSince = PastInstant(Instant(nanoseconds: 5_000_000_000))
    #expect(first.contribution == second.contribution)
    let now = Instant(nanoseconds: 6_000_000_000)
    #expect(first.verdictAge(now: now) == 6_000 && second.verdictAge(now: now) == 1_000)
  }

  @Test func `a member that holds nothing takes 128 bytes`() {
    #expect(MemoryLayout<MemberRecord>.stride == 128)
    #expect(MemoryLayout<VersionedState>.stride == 16)
  }
}
