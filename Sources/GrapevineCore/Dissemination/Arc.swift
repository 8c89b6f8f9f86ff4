/// A part of the circle that the keys make, both ends included; one whose `lower` is above its
/// `upper` goes over the top.
package struct Arc: Hashable, Sendable {
  package var lower: MemberKey
  package var upper: MemberKey

  package init(lower: MemberKey, upper: MemberKey) {
    self.lower = lower
    self.upper = upper
  }

  /// The whole circle but `key`.
  package init(around key: MemberKey) {
    self.init(lower: key.next, upper: key.previous)
  }
}

extension MemberKey {
  /// The key that follows on the circle.
  var next: MemberKey { MemberKey(rawValue: rawValue &+ 1) }
  /// The key before it on the circle.
  var previous: MemberKey { MemberKey(rawValue: rawValue &- 1) }
}

/// The live members on an arc, in the circle's order, as slots; looked up when they are asked for.
struct LiveSlots: RandomAccessCollection {
  private let table: MemberTable
  /// How many live members of the circle come before the arc's first one.
  private let first: Int
  let endIndex: Int
  var startIndex: Int { 0 }

  init(on arc: Arc, in table: MemberTable) {
    self.table = table
    first = table.liveRank(atOrAbove: arc.lower)
    // The highest key has no next one, and all come before it.
    let end = arc.upper == .highest ? table.liveCount : table.liveRank(atOrAbove: arc.upper.next)
    let overTheTop = arc.lower > arc.upper ? table.liveCount : 0
    endIndex = end + overTheTop - first
  }

  /// - Complexity: O(log(members)).
  subscript(index: Int) -> Int {
    let rank = first + index
    return table.slot(atLiveRank: rank < table.liveCount ? rank : rank - table.liveCount)
  }

  /// Where a member is, if it is among them.
  ///
  /// - Complexity: O(log(members)).
  func index(of key: MemberKey) -> Int? {
    guard !isEmpty else { return nil }
    let rank = table.liveRank(atOrAbove: key)
    let index = rank < first ? rank + table.liveCount - first : rank - first
    guard index < endIndex, table.key(inSlot: self[index]) == key else { return nil }
    return index
  }
}

extension MemberTable {
  /// The live members on an arc, in the circle's order, as slots.
  ///
  /// - Complexity: O(members on the arc).
  func liveSlots(on arc: Arc) -> [Int] {
    var slots: [Int] = []
    let parts =
      arc.lower <= arc.upper
      ? [positions(from: arc.lower, through: arc.upper)]
      : [
        positions(from: arc.lower, through: .highest),
        positions(from: .lowest, through: arc.upper),
      ]
    for part in parts {
      forEachSlot(at: part) { slot in
        if isLive(slot) { slots.append(slot) }
        return true
      }
    }
    return slots
  }
}
