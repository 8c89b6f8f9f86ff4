import GrapevineHashing

/// Consistent hashing on a ring: each peer has many tokens on it, and a key is owned by the peer
/// with the next token (Karger et al., 1997).
///
/// Placement is that of ckit's `shard.Ring`, bit for bit. The owners of a key after the first are
/// the next other peers on the ring, so that they inherit it in turn. More tokens even out the
/// shares and cost memory: 12 bytes each, and at most 8 for the directory. A peer of another
/// ``ShardPeer/weight`` than 100 has tokens in proportion to it, one at least. Where they would be
/// more than 2²⁶ in all, each peer's are halved until they are not.
///
/// - Complexity: O(1) for an owner, O(peers × tokens) to replace the peers.
public struct HashRing<Peer: ShardPeer>: Sharder {
  @usableFromInline var placement: Placement<Peer, RingTable>

  /// The tokens of a peer with the usual weight.
  public var tokensPerNode: Int { placement.settings }

  /// The most tokens that a peer of usual weight can have.
  public static var tokenLimit: Int { TokenLimit.perNode }

  /// Creates a ring without peers; 256 or 512 tokens spread keys well.
  ///
  /// - Throws: ``ShardingError/invalidTokenCount(_:)`` unless `tokensPerNode` is from 1 to
  ///   ``tokenLimit``.
  public init(tokensPerNode: Int) throws(ShardingError) {
    guard 1...Self.tokenLimit ~= tokensPerNode else { throw .invalidTokenCount(tokensPerNode) }
    placement = Placement(tokensPerNode)
  }

  /// The peers that own keys, sorted by the bytes of their names; no viewers.
  @inlinable
  public var peers: [Peer] { placement.readers }

  /// The bytes of the tables that say who owns what, without the peers themselves.
  public var memorySize: Int { placement.memorySize }

  /// Replaces all peers; their order does not matter.
  @inlinable
  public mutating func replacePeers(with peers: some Sequence<Peer>) {
    placement.replacePeers(with: peers)
  }

  /// The peer that owns `key`.
  ///
  /// - Throws: ``ShardingError/notEnoughNodes(needed:available:)`` if no peer may own keys.
  @inlinable
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
  @inlinable
  public func owners(
    of key: ShardKey,
    count: Int,
    for operation: ShardOperation
  ) throws(ShardingError) -> [Peer] {
    try placement.owners(of: key, count: count, for: operation)
  }

  /// Calls `body` with one owner of `key` after the other, the best first, until it returns false
  /// or there is none left.
  @inlinable
  public func forEachOwner(
    of key: ShardKey,
    for operation: ShardOperation,
    _ body: (Peer) -> Bool
  ) {
    placement.forEachOwner(of: key, for: operation, body)
  }

  /// How many peers may own keys.
  @inlinable
  public func eligibleCount(for operation: ShardOperation) -> Int {
    placement.peers(for: operation).count
  }

  /// A number that stands for the algorithm and all peers that own keys: who has the same places
  /// each key on the same peers.
  ///
  /// - Complexity: O(number of peers).
  public var fingerprint: UInt64 {
    placement.fingerprint(algorithm: 1 << 32 | UInt64(tokensPerNode))
  }
}
