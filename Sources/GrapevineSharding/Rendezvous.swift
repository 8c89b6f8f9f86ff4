import GrapevineHashing

/// Rendezvous hashing: each peer has a score for each key, and the best one owns it (Thaler and
/// Ravishankar, 1998).
///
/// Placement is that of ckit's `shard.Rendezvous`, bit for bit, where all weights are the same.
/// Other weights count as in weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): a
/// peer's share is in proportion to its weight, and changing it moves only what that share loses or
/// gains. It needs 8 bytes a peer.
///
/// - Complexity: O(peers) for an owner, O(peers × log(peers)) for more than one.
public struct Rendezvous<Peer: ShardPeer>: Sharder {
  var placement: Placement<Peer, RendezvousTable>

  /// Creates a sharder without peers.
  public init() {
    placement = Placement(())
  }

  /// The peers that own keys, sorted by the bytes of their names; no viewers.
  public var peers: [Peer] { placement.readers }

  /// Replaces all peers; their order does not matter.
  public mutating func replacePeers(with peers: some Sequence<Peer>) {
    placement.replacePeers(with: peers)
  }

  /// The peer that owns `key`.
  ///
  /// - Throws: ``ShardingError/notEnoughNodes(needed:available:)`` if no peer may own keys.
  public func owner(
    of key: ShardKey,
    for operation: ShardOperation
  ) throws(ShardingError) -> Peer {
    try placement.owner(of: key, for: operation)
  }

  /// The `count` peers that own `key`, no two of them the same, the best first.
  ///
  /// - Throws: ``ShardingError/notEnoughNodes(needed:available:)`` if fewer peers may, or
  ///   ``ShardingError/negativeCount(_:)``.
  public func owners(
    of key: ShardKey,
    count: Int,
    for operation: ShardOperation
  ) throws(ShardingError) -> [Peer] {
    try placement.owners(of: key, count: count, for: operation)
  }

  /// Calls `body` with one owner of `key` after the other, the best first, until it returns false
  /// or there is none left.
  public func forEachOwner(
    of key: ShardKey,
    for operation: ShardOperation,
    _ body: (Peer) -> Bool
  ) {
    placement.forEachOwner(of: key, for: operation, body)
  }

  /// How many peers may own keys.
  public func eligibleCount(for operation: ShardOperation) -> Int {
    placement.peers(for: operation).count
  }

  /// A number that stands for the algorithm and all peers that own keys: who has the same places
  /// each key on the same peers.
  ///
  /// - Complexity: O(number of peers).
  public var fingerprint: UInt64 { placement.fingerprint(algorithm: 2 << 32) }
}

struct RendezvousTable: PlacementTable {
  private let hashes: [UInt64]
  /// Empty where all weights are the same.
  private let weights: [Double]

  init(names: [String.UTF8View], weights: [Int], _ settings: Void) {
    hashes = names.map { XXH64.hash($0) }
    let areEqual = weights.allSatisfy { $0 == weights.first }
    self.weights = areEqual ? [] : weights.map(Double.init)
  }

  func owner(of key: UInt64) -> Int {
    weights.isEmpty ? unweightedOwner(of: key) : weightedOwner(of: key)
  }

  private func unweightedOwner(of key: UInt64) -> Int {
    var owner = 0
    var least = UInt64.max
    for index in hashes.indices {
      let score = xorShiftMultiply(key ^ hashes[index])
      // Of equal scores the first name counts.
      if score < least { (owner, least) = (index, score) }
    }
    return owner
  }

  private func weightedOwner(of key: UInt64) -> Int {
    var owner = 0
    var least = Double.infinity
    for index in hashes.indices {
      let score = weightedScore(of: key, index)
      if score < least { (owner, least) = (index, score) }
    }
    return owner
  }

  private func weightedScore(of key: UInt64, _ index: Int) -> Double {
    negativeLog(ofComplement: xorShiftMultiply(key ^ hashes[index])) / weights[index]
  }

  func forEachOwner(of key: UInt64, _ body: (Int) -> Bool) {
    guard body(owner(of: key)) else { return }
    let order: [Int]
    if weights.isEmpty {
      let scores = hashes.map { xorShiftMultiply(key ^ $0) }
      order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
    } else {
      let scores = hashes.indices.map { weightedScore(of: key, $0) }
      order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
    }
    for index in order.dropFirst() {
      guard body(index) else { return }
    }
  }
}

/// The xorshift* step (Vigna, 2016), which mixes a key and a name into a score.
func xorShiftMultiply(_ number: UInt64) -> UInt64 {
  var number = number
  number ^= number >> 12
  number ^= number << 25
  number ^= number >> 27
  return number &* 2_685_821_657_736_338_717
}

/// −ln(1 − `number` / 2⁶⁴), the same on every machine: it takes nothing but the four operations
/// that IEEE 754 defines exactly.
func negativeLog(ofComplement number: UInt64) -> Double {
  // 1 − number / 2⁶⁴ = rest / 2⁶⁴, with rest = fraction × 2^(63 − shift).
  let rest = 0 &- number
  guard rest != 0 else { return 0 }
  let shift = rest.leadingZeroBitCount
  let fraction = Double(rest << UInt64(shift)) / 9_223_372_036_854_775_808
  // ln(fraction) = 2 × artanh((fraction − 1) / (fraction + 1)), and fraction is from 1 to 2.
  let ratio = (fraction - 1) / (fraction + 1)
  let square = ratio * ratio
  var sum = 0.0
  var divisor = 35.0
  while divisor > 0 {
    sum = sum * square + 1 / divisor
    divisor -= 2
  }
  return Double(shift + 1) * 0.693_147_180_559_945_3 - 2 * ratio * sum
}
