import GrapevineHashing

/// What placement depends on of each peer.
@usableFromInline
struct Roster: Sendable {
  struct Entry {
    let name: String
    /// The XXH64 of the name.
    let hash: UInt64
    let weight: Int32
    let state: PeerState
  }

  private(set) var entries: [Entry] = []
  /// Says whether all own keys, and each name comes after the one before.
  private var isArranged = true
  private var isUneven = false

  /// Makes room for a number of peers.
  @usableFromInline
  init(capacity: Int) {
    entries.reserveCapacity(capacity)
  }
}

extension Roster {
  /// What counts as the weight `weight`.
  static func limited(weight: Int) -> Int { min(max(weight, 1), 10_000) }

  var hashes: [UInt64] { entries.map(\.hash) }

  var weights: [Int] { entries.map { Int($0.weight) } }

  @usableFromInline
  mutating func add(_ name: String, _ state: PeerState, _ weight: Int) {
    if state == .viewer {
      isArranged = false
    } else if isArranged, let last = entries.last, compareBytes(last.name, name) >= 0 {
      isArranged = false
    }
    if state != .participant { isUneven = true }
    entries.append(
      Entry(
        name: name,
        hash: XXH64.hash(name),
        weight: Int32(Self.limited(weight: weight)),
        state: state
      )
    )
  }

  /// Sorts by the bytes of the names, and leaves out viewers and what has a name again.
  ///
  /// - Returns: the former indices of those that are left; nil if nothing has changed.
  @usableFromInline
  mutating func arrange() -> [Int]? {
    guard !isArranged else { return nil }
    var order = entries.indices.sorted { first, second in
      let comparison = compareBytes(entries[first].name, entries[second].name)
      return comparison < 0 || (comparison == 0 && first < second)
    }
    // Of several with one name the first counts, be it a viewer.
    var last: Int?
    order.removeAll { index in
      if let last, compareBytes(entries[last].name, entries[index].name) == 0 { return true }
      last = index
      return false
    }
    order.removeAll { entries[$0].state == .viewer }
    keep(order)
    isArranged = true
    return order
  }

  /// Leaves out those that don't own keys for those who write.
  ///
  /// - Returns: the former indices of those that are left; nil if all are.
  @usableFromInline
  mutating func keepWriters() -> [Int]? {
    guard isUneven else { return nil }
    let order = entries.indices.filter { entries[$0].state.isEligible(for: .readWrite) }
    guard order.count < entries.count else { return nil }
    keep(order)
    return order
  }

  private mutating func keep(_ order: [Int]) {
    entries = order.map { entries[$0] }
  }
}
