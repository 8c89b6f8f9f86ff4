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
      for position in part where isLive(slot(at: position)) { slots.append(slot(at: position)) }
    }
    return slots
  }
}
