/// Says which peers own a key: an algorithm of consistent hashing and the peers that it places.
///
/// It is a value: a copy goes on as it was when the original gets other peers, and costs nothing
/// until then.
public protocol Sharder<Peer>: Sendable {
  associatedtype Peer: ShardPeer

  /// The peers that own keys, sorted by the bytes of their names; no viewers.
  var peers: [Peer] { get }

  /// The bytes of the tables that say who owns what, without the peers themselves.
  var memorySize: Int { get }

  /// Replaces all peers; their order does not matter.
  mutating func replacePeers(with peers: some Sequence<Peer>)

  /// The peer that owns `key`.
  ///
  /// - Throws: ``ShardingError/notEnoughNodes(needed:available:)`` if no peer may own keys.
  func owner(of key: ShardKey, for operation: ShardOperation) throws(ShardingError) -> Peer

  /// The `count` peers that own `key`, no two of them the same, the best first.
  ///
  /// - Throws: ``ShardingError/notEnoughNodes(needed:available:)`` if fewer peers may, or
  ///   ``ShardingError/negativeCount(_:)``.
  func owners(
    of key: ShardKey,
    count: Int,
    for operation: ShardOperation
  ) throws(ShardingError) -> [Peer]

  /// Calls `body` with one owner of `key` after the other, the best first, until it returns false
  /// or there is none left.
  func forEachOwner(of key: ShardKey, for operation: ShardOperation, _ body: (Peer) -> Bool)

  /// How many peers may own keys.
  func eligibleCount(for operation: ShardOperation) -> Int

  /// A number that stands for the algorithm and all peers that own keys: who has the same places
  /// each key on the same peers.
  ///
  /// - Complexity: O(number of peers).
  var fingerprint: UInt64 { get }
}
