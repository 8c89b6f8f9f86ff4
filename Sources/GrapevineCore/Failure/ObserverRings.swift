import GrapevineHashing

/// Who hears whose heartbeats: on each of several rings, each with an order of its own, a member's
/// successor.
///
/// Every node works the same observers out of the same table, and each member has the same number
/// of them.
package enum ObserverRings {
  /// The observers of `key` among the live members: one per ring, none twice, never itself.
  ///
  /// Where a ring's successor is taken already, the next on that ring stands in; so with at most
  /// `ringCount + 1` members everyone observes everyone.
  /// - Complexity: O(members × rings).
  package static func observers(
    of key: MemberKey,
    ringCount: Int,
    in table: MemberTable
  ) -> [MemberKey] {
    var observers: [MemberKey] = []
    for ring in 0..<UInt64(ringCount) {
      let own = place(of: key, on: ring)
      var best: (distance: UInt64, key: MemberKey)?
      for slot in 0..<table.count {
        let other = table.key(inSlot: slot)
        guard other != key, table.isLive(slot), !observers.contains(other) else { continue }
        let distance = place(of: other, on: ring) &- own
        if let known = best, (known.distance, known.key) < (distance, other) { continue }
        best = (distance, other)
      }
      guard let best else { break }
      observers.append(best.key)
    }
    return observers
  }

  private static func place(of key: MemberKey, on ring: UInt64) -> UInt64 {
    mix64(key.rawValue, ring)
  }
}
