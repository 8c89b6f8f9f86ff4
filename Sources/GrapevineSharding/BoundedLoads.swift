/// Consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam, 2016): an owner that
/// has its fill of keys lets the next one have a key.
///
/// No peer has more than ⌈`percentOfAverage` / 100 × keys / peers⌉ keys. The closer that is to the
/// average, the more keys move when peers or keys come and go.
extension Sharder {
  /// The owner of each of `keys`, in their order, no peer with more than its fill.
  ///
  /// It depends on nothing but the set of keys and the peers: who has the same of both comes to
  /// the same owners. Keys take their turns in ascending order, whatever the order of `keys`.
  ///
  /// - Complexity: O(keys × log(keys)), and for each key the peers that have their fill.
  /// - Throws: ``ShardingError/invalidLoadLimit(percent:)`` below 100 percent, or
  ///   ``ShardingError/notEnoughNodes(needed:available:)`` if no peer may own keys.
  public func owners(
    ofAll keys: [ShardKey],
    for operation: ShardOperation,
    percentOfAverage: Int
  ) throws(ShardingError) -> [Peer] {
    guard !keys.isEmpty else { return [] }
    let limit = try loadLimit(keys.count, operation, percentOfAverage)
    var loads: [PeerName: Int] = [:]
    var owners = [Peer?](repeating: nil, count: keys.count)
    for index in keys.indices.sorted(by: { (keys[$0], $0) < (keys[$1], $1) }) {
      forEachOwner(of: keys[index], for: operation) { peer in
        let isTaken = loads[PeerName(peer.name), default: 0].take(below: limit)
        if isTaken { owners[index] = peer }
        return !isTaken
      }
    }
    return owners.compactMap(\.self)
  }

  /// The owner of one more key, given the keys that each peer has by now.
  ///
  /// This is for keys that come and go, such as requests and sessions: where a key is now is for
  /// the caller to remember.
  ///
  /// `load` gives the number of keys that a peer has, and `totalLoad` is the sum of all loads.
  ///
  /// - Throws: As ``owners(ofAll:for:percentOfAverage:)``.
  public func owner(
    of key: ShardKey,
    for operation: ShardOperation,
    percentOfAverage: Int,
    totalLoad: Int,
    load: (Peer) -> Int
  ) throws(ShardingError) -> Peer {
    let limit = try loadLimit(max(0, totalLoad) &+ 1, operation, percentOfAverage)
    var owner: Peer?
    forEachOwner(of: key, for: operation) { peer in
      guard load(peer) < limit else { return true }
      owner = peer
      return false
    }
    // All have their fill only if the loads add up to more than was said.
    if let owner { return owner }
    return try self.owner(of: key, for: operation)
  }

  private func loadLimit(
    _ count: Int,
    _ operation: ShardOperation,
    _ percent: Int
  ) throws(ShardingError) -> Int {
    guard percent >= 100 else { throw .invalidLoadLimit(percent: percent) }
    let available = eligibleCount(for: operation)
    guard available > 0 else { throw .notEnoughNodes(needed: 1, available: 0) }
    let (product, overflow) = percent.multipliedReportingOverflow(by: count)
    guard !overflow, count > 0 else { return .max }
    let divisor = 100 * available
    return product / divisor + (product % divisor > 0 ? 1 : 0)
  }
}

extension Int {
  /// Becomes one more if it is below `limit`; otherwise says false.
  fileprivate mutating func take(below limit: Int) -> Bool {
    guard self < limit else { return false }
    self += 1
    return true
  }
}
