import GrapevineCore
import Testing

/// How pushes are cut, for tables and arcs of chance; `CASES` sets how many.
struct TreePushTests {
  /// Follows the branches of a push to their ends.
  private struct Walk {
    let table: MemberTable
    let fanout: Int
    var visits: [Int]
    /// How many are reached by each hop.
    var counts: [Int] = []
    var faults: [String] = []

    init(_ table: MemberTable, fanout: Int) {
      self.table = table
      self.fanout = fanout
      visits = [Int](repeating: 0, count: table.count)
    }

    var depth: Int { counts.count }

    func reached(within hops: Int) -> Int { counts.prefix(hops).reduce(0, +) }

    mutating func follow(_ arc: Arc, from cutter: MemberKey, hops: Int, _ random: inout Xoshiro256)
    {
      guard hops <= 400 else { return faults.append("no end") }
      let branches = TreePush.branches(
        of: arc,
        own: cutter,
        fanout: fanout,
        in: table,
        random: &random
      )
      if branches.count > fanout { faults.append("\(branches.count) branches") }
      for branch in branches {
        let key = table.key(inSlot: branch.slot)
        visits[branch.slot] += 1
        while counts.count < hops { counts.append(0) }
        counts[hops - 1] += 1
        if !table.isLive(branch.slot) { faults.append("\(key) is dead") }
        if !branch.arc.holds(key) { faults.append("\(key) is outside of its own arc") }
        if !arc.holds(branch.arc.lower) || !arc.holds(branch.arc.upper) {
          faults.append("\(branch.arc) goes beyond \(arc)")
        }
        if branch.arc.holds(cutter) { faults.append("\(branch.arc) holds its cutter") }
        follow(branch.arc, from: key, hops: hops + 1, &random)
      }
    }
  }

  private static func arc(
    _ own: MemberKey,
    _ table: MemberTable,
    _ random: inout Xoshiro256
  ) -> Arc {
    let member = { (random: inout Xoshiro256) in
      table.key(at: random.index(table.count)).rawValue &+ random.below(3) &- 1
    }
    switch random.index(5) {
    case 0: return Arc(around: own)
    case 1: return Arc(lower: .lowest, upper: .highest)
    case 2:
      let key = member(&random)
      return Arc(lower: MemberKey(rawValue: key), upper: MemberKey(rawValue: key &- 1))
    case 3:
      return Arc(
        lower: MemberKey(rawValue: member(&random)),
        upper: MemberKey(rawValue: member(&random))
      )
    default:
      return Arc(
        lower: MemberKey(rawValue: random.next()),
        upper: MemberKey(rawValue: random.next())
      )
    }
  }

  /// The least number of levels in which `fanout` branches each reach `count` members.
  private static func levels(_ count: Int, _ fanout: Int) -> Int {
    var levels = 0
    var reached = 1
    while reached < count {
      reached *= fanout
      levels += 1
    }
    return levels
  }

  @Test func `every live member of the arc is reached once, and the cutter never`() {
    for index in 0..<Environment.caseCount(usual: 600) {
      var random = Xoshiro256(seed: Environment.firstSeed &+ UInt64(index))
      let table = Samples.table(1 + random.index(300), &random)
      let live = (0..<table.count).filter { table.isLive($0) }
      guard !live.isEmpty else { continue }
      let own = table.key(inSlot: live[random.index(live.count)])
      let arc = Self.arc(own, table, &random)
      let fanout = random.chance(1, outOf: 2) ? 8 : 2 + random.index(15)
      var walk = Walk(table, fanout: fanout)
      walk.follow(arc, from: own, hops: 1, &random)
      let expected = (0..<table.count).map { slot in
        let key = table.key(inSlot: slot)
        return table.isLive(slot) && key != own && arc.holds(key) ? 1 : 0
      }
      let replay = Environment.replay(case: index, filter: "TreePushTests")
      #expect(walk.faults == [], "\(replay)")
      #expect(walk.visits == expected, "\(replay)")
      let count = expected.reduce(0, +)
      if fanout == 8 {
        let limit = Self.levels(count, fanout) + 1
        #expect(walk.depth <= limit, "\(walk.depth) hops for \(count); \(replay)")
      }
    }
  }

  /// “64 nodes are reached in 2 hops, 4,096 in 4, with N − 1 packets”.
  ///
  /// Of a thousand and more a few take one hop more: a part never holds the member that cuts, so
  /// the parts on its two sides are not of quite the same size.
  @Test(arguments: [(2, 1), (9, 1), (64, 2), (73, 2), (300, 3), (4_096, 4)])
  func `a cluster in which all live is reached in few hops`(count: Int, hops: Int) {
    var random = Xoshiro256(seed: UInt64(count))
    let table = Samples.table(count, allLive: true, &random)
    for position in [0, count / 2, count - 1] {
      var walk = Walk(table, fanout: 8)
      let own = table.key(at: position)
      walk.follow(Arc(around: own), from: own, hops: 1, &random)
      #expect(walk.depth <= (count < 100 ? hops : hops + 1))
      #expect(walk.reached(within: hops) * 100 >= (count - 1) * 97, "\(walk.counts)")
      #expect(walk.visits.reduce(0, +) == count - 1)
      #expect(walk.visits.allSatisfy { $0 <= 1 })
    }
  }

  @Test func `nobody is sent what nobody on the arc is to have`() {
    var random = Xoshiro256(seed: 1)
    let table = Samples.table(20, allLive: true, &random)
    let own = table.key(at: 7)
    func count(_ arc: Arc) -> Int {
      TreePush.branches(of: arc, own: own, fanout: 8, in: table, random: &random).count
    }
    #expect(count(Arc(lower: own, upper: own)) == 0)
    let after = MemberKey(rawValue: own.rawValue + 1)
    #expect(count(Arc(lower: after, upper: after)) == 0)
    #expect(count(Arc(lower: table.key(at: 3), upper: table.key(at: 3))) == 1)
  }

  @Test func `accused members, and those of the first tree, stand at a branch less often`() {
    var random = Xoshiro256(seed: 3)
    var table = MemberTable(hash: Samples.hash)
    for index in 0..<33 {
      var record = Samples.record("member \(index)")
      if index % 2 == 1 { record.standing.accuse(.lowest) }
      table.insert(record)
    }
    let own = table.key(at: 0)
    var accused = 0
    var doubled = 0
    var total = 0
    for _ in 0..<200 {
      let first = TreePush.branches(
        of: Arc(around: own),
        own: own,
        fanout: 8,
        in: table,
        random: &random
      )
      let second = TreePush.branches(
        of: Arc(around: own),
        own: own,
        fanout: 8,
        avoiding: first.map(\.slot),
        in: table,
        random: &random
      )
      accused += first.count { table.isAccused($0.slot) }
      doubled += second.count { branch in first.contains { $0.slot == branch.slot } }
      total += first.count
    }
    #expect(total == 1_600)
    #expect(accused * 6 < total, "\(accused) of \(total) branches")
    #expect(doubled * 4 < total, "\(doubled) of \(total) branches")
  }

  @Test func `a part with nobody but accused members is reached by way of one of them`() {
    var random = Xoshiro256(seed: 4)
    var table = MemberTable(hash: Samples.hash)
    for index in 0..<5 {
      var record = Samples.record("member \(index)")
      if index > 0 { record.standing.accuse(.lowest) }
      table.insert(record)
    }
    let own = MemberKey(MemberID(name: "member 0", generation: 1))
    let branches = TreePush.branches(
      of: Arc(around: own),
      own: own,
      fanout: 2,
      in: table,
      random: &random
    )
    #expect(branches.count == 2)
  }
}

extension Arc {
  /// Says whether a key lies on the arc, by the definition.
  fileprivate func holds(_ key: MemberKey) -> Bool {
    lower <= upper ? lower <= key && key <= upper : key >= lower || key <= upper
  }
}
