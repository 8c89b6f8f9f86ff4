import GrapevineHashing

/// Rendezvous hashing: each peer has a score for each key, and the best one owns it (Thaler and
/// Ravishankar, 1998).
///
/// Placement is that of ckit's `shard.Rendezvous`, bit for bit, where all weights are the same.
/// Other weights count as in weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): a
/// peer's share is in proportion to its weight, and changing it moves only what that share loses or
/// gains. It needs 8 bytes a peer, and 24
/// with other weights.
///
/// - Complexity: O(peers) for each of the first 16 owners, O(peers × log(peers)) for all others.
public struct Rendezvous<Peer: ShardPeer>: Sharder {
  @usableFromInline var placement: Placement<Peer, RendezvousTable>

  /// Creates a sharder without peers.
  public init() {
    placement = Placement(())
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
  public var fingerprint: UInt64 { placement.fingerprint(algorithm: 2 << 32) }
}
