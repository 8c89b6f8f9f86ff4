import GrapevineHashing

/// Multi-probe consistent hashing: each peer has one token, and of 21 places of a key the one that
/// lies nearest to a token decides (Appleton and O'Reilly, 2015).
///
/// Placement is that of ckit's `shard.Multiprobe`, bit for bit. It needs little memory, 16 bytes a
/// peer, and spreads keys well, but when peers change some keys move between peers that both stay.
/// It takes no notice of weights.
///
/// - Complexity: O(1) for an owner, with 21 steps; O(peers) to replace the peers.
public struct Multiprobe<Peer: ShardPeer>: Sharder {
  var placement: Placement<Peer, MultiprobeTable>

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
  public var fingerprint: UInt64 { placement.fingerprint(algorithm: 3 << 32) }
}

struct MultiprobeTable: PlacementTable {
  private let tokens: TokenTable

  static let probeCount = 21

  init(names: [String.UTF8View], weights: [Int], _ settings: Void) {
    tokens = TokenTable(
      unsorted: names.map { XXH64.hash($0) },
      owners: names.indices.map { UInt32($0) }
    )
  }

  func owner(of key: UInt64) -> Int { Int(tokens.owners[tokenIndex(of: key)]) }

  func forEachOwner(of key: UInt64, _ body: (Int) -> Bool) {
    var index = tokenIndex(of: key)
    for _ in 0..<tokens.count {
      guard body(Int(tokens.owners[index])) else { return }
      index = index + 1 < tokens.count ? index + 1 : 0
    }
  }

  private func tokenIndex(of key: UInt64) -> Int {
    var probe = Self.secondKey(of: key)
    let step = Self.secondKey(of: probe)
    var nearest = 0
    var least = UInt64.max
    for _ in 0..<Self.probeCount {
      let index = nearestToken(to: probe)
      let distance = Self.distance(tokens.tokens[index], probe)
      if distance < least { (nearest, least) = (index, distance) }
      probe = probe &+ step
    }
    return nearest
  }

  /// The nearer of the tokens on both sides; distances do not go around the ring.
  private func nearestToken(to probe: UInt64) -> Int {
    let found = tokens.firstIndex(from: probe)
    let below = found > 0 ? found - 1 : tokens.count - 1
    let above = found < tokens.count ? found : 0
    let isBelow =
      Self.distance(tokens.tokens[below], probe) <= Self.distance(tokens.tokens[above], probe)
    return isBelow ? below : above
  }

  private static func distance(_ first: UInt64, _ second: UInt64) -> UInt64 {
    first < second ? second - first : first - second
  }

  /// The hash of a key's hexadecimal digits, in lower case and without zeros before them.
  static func secondKey(of key: UInt64) -> UInt64 {
    var stream = XXH64.Stream()
    var shift = max(0, 60 - key.leadingZeroBitCount / 4 * 4)
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: key >> UInt64(shift) & 0xF)
      stream.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
      shift -= 4
    }
    return stream.value
  }
}
