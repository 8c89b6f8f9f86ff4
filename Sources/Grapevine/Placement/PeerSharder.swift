public import GrapevineSharding
import GrapevineTransport

/// A sharder that follows the peers of a node.
///
/// It is as new as what the node knows at each call: who was told that a peer joined, left or
/// changed its state finds that here. Members that are down or left own nothing.
///
/// ```swift
/// let ring = node.attach(try HashRing(tokensPerNode: 256))
/// try await node.changeState(to: .participant)
/// let owner = try ring.owner(of: ShardKey("some-key"), for: .readWrite)
/// ```
public final class PeerSharder<Algorithm: Sharder>: Sendable where Algorithm.Peer == Peer {
  private struct State {
    var sharder: Algorithm
    var changeCount: UInt64?
  }

  private let board: PeerBoard
  private let state: Locked<State>
  /// Lets one caller reckon, while others wait for it.
  private let reckoning = Locked(())

  init(_ sharder: sending Algorithm, board: PeerBoard) {
    self.board = board
    state = Locked(State(sharder: sharder))
    refresh()
  }

  /// The sharder as it is now, a value of its own.
  public var current: Algorithm {
    refresh()
    return state.withLock { $0.sharder }
  }

  /// The peers that own keys, sorted by the bytes of their names.
  public var peers: [Peer] { current.peers }

  /// The peer that owns `key`.
  ///
  /// - Throws: ``/GrapevineSharding/ShardingError/notEnoughNodes(needed:available:)`` if no peer
  ///   may own keys.
  public func owner(
    of key: ShardKey,
    for operation: ShardOperation
  ) throws(ShardingError) -> Peer {
    refresh()
    return try state.withLock { (state) throws(ShardingError) in
      try state.sharder.owner(of: key, for: operation)
    }
  }

  /// The `count` peers that own `key`, no two of them the same, the best first.
  ///
  /// - Throws: ``/GrapevineSharding/ShardingError/notEnoughNodes(needed:available:)`` if fewer
  ///   peers may, or ``/GrapevineSharding/ShardingError/negativeCount(_:)``.
  public func owners(
    of key: ShardKey,
    count: Int,
    for operation: ShardOperation
  ) throws(ShardingError) -> [Peer] {
    refresh()
    return try state.withLock { (state) throws(ShardingError) in
      try state.sharder.owners(of: key, count: count, for: operation)
    }
  }

  /// Says whether the node itself is the one that owns `key`.
  public func isOwnedBySelf(_ key: ShardKey, for operation: ShardOperation) -> Bool {
    (try? owner(of: key, for: operation))?.isSelf == true
  }

  /// A number that nodes share while they place every key on the same peers.
  ///
  /// - Complexity: O(number of peers).
  public var fingerprint: UInt64 { current.fingerprint }

  private func refresh() {
    guard isStale else { return }
    reckoning.withLock { _ in
      guard isStale else { return }
      let latest = board.snapshot()
      var sharder = state.withLock { $0.sharder }
      let owners = latest.peers.filter { $0.state != .viewer }
      if sharder.peers != owners { sharder.replacePeers(with: owners) }
      state.withLock { $0 = State(sharder: sharder, changeCount: latest.changeCount) }
    }
  }

  private var isStale: Bool {
    let count = board.changeCount
    return state.withLock { $0.changeCount != count }
  }
}
