import GrapevineHashing

/// Who hears whose heartbeats: on each of several rings, each with an order of its own, a member's
/// successor.
///
/// On the rings are the members that are held alive and that nobody accuses, and the node that
/// reckons. A member that is accused has a place all the same, so it keeps the observers it had.
/// Every node works the same observers out of the same table.
package struct ObserverRings {
  private let table: MemberTable
  private let own: Int
  /// For each ring the members' places, by slot.
  private let places: [[UInt64]]
  private var isOnRings: [Bool]

  /// How many members' successors are looked for by walks through all; to sort the rings, where all
  /// are on them, costs as much as so many.
  package static let walkLimit = 32

  /// - Complexity: O(members × rings).
  package init(table: MemberTable, ringCount: Int, own: Int) {
    self.table = table
    self.own = own
    places = (0..<UInt64(ringCount)).map { ring in
      (0..<table.count).map { mix64(table.key(inSlot: $0).rawValue, ring) }
    }
    isOnRings = (0..<table.count).map {
      $0 == own || (table.isLive($0) && !table.isAccused($0))
    }
  }

  /// Takes a member off the rings as if it were accused.
  package mutating func remove(_ slot: Int) {
    isOnRings[slot] = false
  }

  /// The observers of a member: one per ring, none twice, never itself.
  ///
  /// Where a ring's successor is taken already, the next on that ring stands in; so with at most
  /// one member more than there are rings everyone observes everyone.
  /// - Complexity: O(members × rings).
  package func observers(of slot: Int) -> [Int] { successors(of: slot).map(\.slot) }

  /// The observers of a member, in the order of the rings, and how far each is on its ring.
  private func successors(of slot: Int) -> [(slot: Int, distance: UInt64)] {
    var observers: [(slot: Int, distance: UInt64)] = []
    for ring in places {
      let start = ring[slot]
      var best: Int?
      var leastDistance = UInt64.max
      for other in ring.indices {
        // Few are nearer than all before them, so this is asked first.
        let distance = ring[other] &- start
        guard distance <= leastDistance, isOnRings[other], other != slot,
          !observers.contains(where: { $0.slot == other })
        else { continue }
        best = other
        leastDistance = distance
      }
      guard let best else { break }
      observers.append((best, leastDistance))
    }
    return observers
  }

  /// The same, by what ``sorted()`` gives.
  ///
  /// - Complexity: O(rings × (log(members) + rings)).
  private func successors(
    of slot: Int,
    in orders: [[(place: UInt64, slot: Int)]]
  ) -> [(slot: Int, distance: UInt64)] {
    var observers: [(slot: Int, distance: UInt64)] = []
    // No two members have the same place on a ring, which is a bijection's of their keys.
    for (ring, order) in zip(places, orders) {
      var lower = 0
      var upper = order.count
      while lower < upper {
        let middle = (lower + upper) / 2
        if order[middle].place < ring[slot] { lower = middle + 1 } else { upper = middle }
      }
      let circle = [order[lower...], order[..<lower]].joined()
      let next = circle.first { other in
        other.slot != slot && !observers.contains { $0.slot == other.slot }
      }
      guard let next else { break }
      observers.append((next.slot, next.place &- ring[slot]))
    }
    return observers
  }

  /// Those who are on the rings, in the order of each.
  private func sorted() -> [[(place: UInt64, slot: Int)]] {
    let members = isOnRings.indices.filter { isOnRings[$0] }
    return places.map { ring in
      members.map { (ring[$0], $0) }.sorted { $0.0 < $1.0 }
    }
  }

  /// The members held alive that this node observes, each with the place that it has among their
  /// observers.
  ///
  /// On the ring with number r, from zero on, at most r members can lie between the two, all taken
  /// on earlier rings: so only a few have to be looked at.
  /// - Complexity: O(members × rings²); where many are accused, so that there are many to look at,
  ///   O(members × rings × (log(members) + rings)).
  package func observedByOwn() -> [(slot: Int, rank: Int)] { lookAround().observed }

  /// Who observes the node itself, whom it observes, and which newcomers would change that.
  package func lookAround() -> (
    observers: [Int], observed: [(slot: Int, rank: Int)], reach: Reach
  ) {
    var reached = Reach()
    var isCandidate = [Bool](repeating: false, count: table.count)
    for (number, ring) in places.enumerated() {
      var nearest: [UInt64] = []
      for other in ring.indices where other != own && isOnRings[other] {
        let distance = ring[own] &- ring[other]
        if nearest.count > number, let last = nearest.last, distance >= last { continue }
        let index = nearest.firstIndex { $0 > distance } ?? nearest.count
        nearest.insert(distance, at: index)
        if nearest.count > number + 1 { nearest.removeLast() }
      }
      let reach = nearest.count > number ? nearest[number] : .max
      reached.add(ring: number, from: ring[own] &- reach, length: reach)
      for other in ring.indices where other != own && table.isLive(other) {
        if ring[own] &- ring[other] <= reach { isCandidate[other] = true }
      }
    }
    /// Whoever comes between a member and one of its observers, on that one's ring, displaces it.
    func note(_ slot: Int, _ successors: [(slot: Int, distance: UInt64)]) {
      for number in places.indices {
        let length = number < successors.count ? successors[number].distance : .max
        reached.add(ring: number, from: places[number][slot], length: length)
      }
    }
    let candidates = isCandidate.indices.filter { isCandidate[$0] }
    let orders = candidates.count > Self.walkLimit ? sorted() : nil
    let observers = successors(of: own)
    note(own, observers)
    var observed: [(slot: Int, rank: Int)] = []
    for slot in candidates {
      let successors =
        orders.map { self.successors(of: slot, in: $0) } ?? self.successors(of: slot)
      guard let rank = successors.firstIndex(where: { $0.slot == own }) else { continue }
      observed.append((slot, rank))
      note(slot, successors)
    }
    return (observers.map(\.slot), observed, reached)
  }

  /// The parts of the rings on which it depends who observes a node, and whom it observes.
  package struct Reach: Sendable {
    private var parts: [Part] = []

    private struct Part {
      var ring: UInt64
      var start: UInt64
      var length: UInt64
    }

    fileprivate mutating func add(ring: Int, from start: UInt64, length: UInt64) {
      parts.append(Part(ring: UInt64(ring), start: start, length: length))
    }

    /// Says whether a member that is added may observe the node, or a member that it observes, or
    /// be observed by it; if not, all stays as it is.
    package func holds(_ newcomer: MemberKey) -> Bool {
      parts.contains { mix64(newcomer.rawValue, $0.ring) &- $0.start <= $0.length }
    }
  }
}
