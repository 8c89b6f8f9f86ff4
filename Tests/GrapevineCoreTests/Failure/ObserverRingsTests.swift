import GrapevineCore
import GrapevineHashing
import Testing

/// The observers against a model that sorts each ring and walks along it; `CASES` sets how many
/// tables.
struct ObserverRingsTests {
  /// The observers of a member as the design has it: on each ring the next member that is on it
  /// and not taken already.
  private static func observers(
    of slot: Int,
    in table: MemberTable,
    ringCount: Int,
    own: Int
  ) -> [Int] {
    var observers: [Int] = []
    for ring in 0..<UInt64(ringCount) {
      let place = { (slot: Int) in mix64(table.key(inSlot: slot).rawValue, ring) }
      let others = (0..<table.count).filter { other in
        other != slot && (other == own || (table.isLive(other) && !table.isAccused(other)))
      }
      let sorted = others.sorted {
        (place($0), table.key(inSlot: $0)) < (place($1), table.key(inSlot: $1))
      }
      let start = sorted.firstIndex { place($0) >= place(slot) } ?? 0
      let circle = sorted[start...] + sorted[..<start]
      if let next = circle.first(where: { !observers.contains($0) }) { observers.append(next) }
    }
    return observers
  }

  @Test func `observers are each ring's successors, and whom one observes is the other way round`()
  {
    for index in 0..<Environment.caseCount(usual: 150) {
      var random = Xoshiro256(seed: Environment.firstSeed &+ UInt64(index))
      let table = Samples.table(1 + random.index(50), &random)
      let ringCount = 1 + random.index(8)
      let own = random.index(table.count)
      let rings = ObserverRings(table: table, ringCount: ringCount, own: own)
      let replay = Environment.replay(case: index, filter: "ObserverRingsTests")
      var observed: [Int: Int] = [:]
      for slot in 0..<table.count {
        let naive = Self.observers(of: slot, in: table, ringCount: ringCount, own: own)
        #expect(rings.observers(of: slot) == naive, "\(replay)")
        guard slot != own, table.isLive(slot) else { continue }
        observed[slot] = naive.firstIndex(of: own)
      }
      let found = rings.observedByOwn()
      #expect(found.count == observed.count, "\(replay)")
      for (slot, rank) in found { #expect(observed[slot] == rank, "\(replay)") }
    }
  }

  @Test func `whom one observes is the same where nearly all are accused`() {
    var manyCount = 0
    for seed in 0..<10 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      var table = Samples.table(300, allLive: true, &random)
      let own = random.index(table.count)
      let share = 1 + UInt64(random.index(12))
      for slot in 0..<table.count where !random.chance(share, outOf: 100) {
        table.update(slot) { $0.standing.accuse(.lowest) }
      }
      let ringCount = 1 + random.index(4)
      let rings = ObserverRings(table: table, ringCount: ringCount, own: own)
      let found = rings.lookAround()
      let naive = { (slot: Int) in
        Self.observers(of: slot, in: table, ringCount: ringCount, own: own)
      }
      #expect(found.observers == naive(own), "seed \(seed)")
      let observed = (0..<table.count).filter { $0 != own && naive($0).contains(own) }
      #expect(found.observed.map(\.slot) == observed, "seed \(seed)")
      #expect(found.observed.map(\.rank) == observed.map { naive($0).firstIndex(of: own) })
      if found.observed.count > ObserverRings.walkLimit { manyCount += 1 }
    }
    #expect(manyCount > 3)
  }

  @Test func `each member has as many observers as there are rings, all of them others`() {
    for count in 1...40 {
      var random = Xoshiro256(seed: UInt64(count))
      let table = Samples.table(count, allLive: true, &random)
      for ringCount in [1, 3, 8] {
        let rings = ObserverRings(table: table, ringCount: ringCount, own: 0)
        for slot in 0..<count {
          let observers = rings.observers(of: slot)
          #expect(observers.count == min(ringCount, count - 1))
          #expect(Set(observers).count == observers.count && !observers.contains(slot))
        }
      }
    }
  }

  /// “with ≤ K + 1 members everyone observes everyone”.
  @Test(arguments: 1...8)
  func `in a small cluster everyone observes everyone`(ringCount: Int) {
    var random = Xoshiro256(seed: UInt64(ringCount))
    for count in 1...(ringCount + 1) {
      let table = Samples.table(count, allLive: true, &random)
      for own in 0..<count {
        let rings = ObserverRings(table: table, ringCount: ringCount, own: own)
        let others = (0..<count).filter { $0 != own }
        #expect(rings.observedByOwn().map(\.slot).sorted() == others)
        #expect(rings.observers(of: own).sorted() == others)
      }
    }
  }

  /// “An accused member keeps the observers it had”.
  @Test func `an accused member keeps its observers, and observes nobody`() {
    for seed in 0..<60 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      var table = Samples.table(5 + random.index(40), allLive: true, &random)
      let slot = 1 + random.index(table.count - 1)
      let before = ObserverRings(table: table, ringCount: 3, own: 0)
      let observers = before.observers(of: slot)
      table.update(slot) { $0.standing.accuse(.lowest) }
      let after = ObserverRings(table: table, ringCount: 3, own: 0)
      #expect(after.observers(of: slot) == observers)
      for other in 0..<table.count { #expect(!after.observers(of: other).contains(slot)) }
    }
  }

  @Test func `a newcomer out of reach changes nothing, and of many hardly one is within it`() {
    var withinCount = 0
    for seed in 0..<200 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      var table = Samples.table(3 + random.index(120), &random)
      let ringCount = 1 + random.index(4)
      let before = ObserverRings(table: table, ringCount: ringCount, own: 0).lookAround()
      for number in 0..<20 {
        var larger = table
        var newcomer = Samples.record("newcomer \(number)", generation: random.next())
        if number % 4 == 0 { newcomer.standing.accuse(.lowest) }
        larger.insert(newcomer)
        guard !before.reach.holds(newcomer.key) else {
          withinCount += 1
          continue
        }
        let after = ObserverRings(table: larger, ringCount: ringCount, own: 0).lookAround()
        #expect(after.observers == before.observers, "seed \(seed)")
        #expect(after.observed.map(\.slot) == before.observed.map(\.slot), "seed \(seed)")
        #expect(after.observed.map(\.rank) == before.observed.map(\.rank), "seed \(seed)")
        // What was found stays good for those who come after.
        table = larger
      }
    }
    #expect(withinCount > 0 && withinCount < 2_000, "\(withinCount) of 4,000")
  }

  @Test func `every node works out the same observers`() {
    for seed in 0..<60 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      let table = Samples.table(5 + random.index(40), &random)
      let judges = (0..<table.count).filter { table.isLive($0) && !table.isAccused($0) }
      for slot in 0..<table.count {
        let views = judges.map {
          ObserverRings(table: table, ringCount: 3, own: $0).observers(of: slot)
        }
        #expect(Set(views).count == min(1, judges.count))
      }
    }
  }

  /// “After a verdict the rings close over the gap”.
  @Test func `when a member falls off, only those that it observed get another observer`() {
    for seed in 0..<40 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      var table = Samples.table(10 + random.index(40), allLive: true, &random)
      let gone = 1 + random.index(table.count - 1)
      let before = ObserverRings(table: table, ringCount: 3, own: 0)
      let lists = (0..<table.count).map { before.observers(of: $0) }
      table.update(gone) { $0.standing.verdict = .down }
      let after = ObserverRings(table: table, ringCount: 3, own: 0)
      for slot in 0..<table.count where slot != gone {
        let observers = after.observers(of: slot)
        guard lists[slot].contains(gone) else {
          #expect(observers == lists[slot])
          continue
        }
        #expect(!observers.contains(gone) && observers.count == 3)
      }
    }
  }
}
