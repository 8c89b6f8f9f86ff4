/// How a push is cut: which member gets it next, and which arc that one answers for.
///
/// The members of the circle are cut in as many parts of equal number as the fanout says. The one
/// that cuts is itself never inside a part, so each member is reached once: N − 1 packets, and
/// log(N) to the base of the fanout hops.
package enum TreePush {
  package struct Branch: Hashable, Sendable {
    package var slot: Int
    package var arc: Arc
  }

  /// The branches of `arc`; none holds `own`.
  ///
  /// Of each part a member of chance is chosen, an accused one or one in `avoided` only if no other
  /// turns up. Where many have just been lost, the accused are left out, and one that was heard of
  /// since `lossAt` is preferred.
  /// - Complexity: O(fanout × log(members)); O(members on the arc) where many have been lost.
  package static func branches(
    of arc: Arc,
    own: MemberKey,
    fanout: Int,
    avoiding avoided: [Int] = [],
    lossAt: Instant? = nil,
    in table: MemberTable,
    random: inout Xoshiro256
  ) -> [Branch] {
    var cutter = Cutter(table: table, avoided: avoided, lossAt: lossAt)
    guard lossAt != nil else {
      let slots = LiveSlots(on: arc, in: table)
      cutter.cut(slots, around: slots.index(of: own), own, arc, fanout, &random)
      return cutter.branches
    }
    let unaccused = table.liveSlots(on: arc)
      .filter { !table.isAccused($0) || table.key(inSlot: $0) == own }
    let position = unaccused.firstIndex { table.key(inSlot: $0) == own }
    cutter.cut(unaccused, around: position, own, arc, fanout, &random)
    return cutter.branches
  }

  /// How many of `fanout` parts go to `count` of `total` members: a fair share, and one at least
  /// for either side that has members.
  private static func partCount(_ count: Int, of total: Int, _ fanout: Int) -> Int {
    guard count > 0 else { return 0 }
    guard count < total else { return fanout }
    let fair = (fanout * count + total / 2) / total
    return min(max(fair, 1), fanout - 1)
  }

  private struct Cutter {
    let table: MemberTable
    let avoided: [Int]
    let lossAt: Instant?
    var branches: [Branch] = []

    init(table: MemberTable, avoided: [Int], lossAt: Instant?) {
      self.table = table
      self.avoided = avoided
      self.lossAt = lossAt
    }

    /// Cuts what lies on either side of `own`, which is at `position` if it is there, in parts.
    mutating func cut<Slots: RandomAccessCollection<Int>>(
      _ slots: Slots,
      around position: Int?,
      _ own: MemberKey,
      _ arc: Arc,
      _ fanout: Int,
      _ random: inout Xoshiro256
    ) where Slots.Index == Int {
      guard let position else { return cut(slots[...], arc, fanout, &random) }
      let before = slots[..<position]
      let after = slots[(position + 1)...]
      let share = TreePush.partCount(before.count, of: before.count + after.count, fanout)
      cut(before, Arc(lower: arc.lower, upper: own.previous), share, &random)
      cut(after, Arc(lower: own.next, upper: arc.upper), fanout - share, &random)
    }

    /// Cuts members in the circle's order in at most `partCount` parts, which together cover `arc`.
    private mutating func cut<Slots: RandomAccessCollection<Int>>(
      _ slots: Slots,
      _ arc: Arc,
      _ partCount: Int,
      _ random: inout Xoshiro256
    ) where Slots.Index == Int {
      let count = min(partCount, slots.count)
      guard count > 0 else { return }
      var start = slots.startIndex
      var lower = arc.lower
      for part in 1...count {
        let end = slots.startIndex + slots.count * part / count
        let upper = part == count ? arc.upper : table.key(inSlot: slots[end]).previous
        let chosen = choose(slots[start..<end], &random)
        branches.append(Branch(slot: chosen, arc: Arc(lower: lower, upper: upper)))
        start = end
        lower = upper.next
      }
    }

    private func choose<Slots: RandomAccessCollection<Int>>(
      _ slots: Slots,
      _ random: inout Xoshiro256
    ) -> Int where Slots.Index == Int {
      var chosen = slots[slots.startIndex + random.index(slots.count)]
      if let lossAt {
        let heard = slots.filter { table.heardAt($0) >= lossAt }
        return heard.isEmpty ? chosen : heard[random.index(heard.count)]
      }
      var tries = 0
      while slots.count > 1, tries < 4, table.isAccused(chosen) || avoided.contains(chosen) {
        chosen = slots[slots.startIndex + random.index(slots.count)]
        tries += 1
      }
      return chosen
    }
  }
}
