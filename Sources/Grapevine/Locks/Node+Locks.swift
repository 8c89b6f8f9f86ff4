import GrapevineCore
public import GrapevineSharding

extension Node {
  /// Makes this node a member of the ring `prefix` while `body` runs.
  ///
  /// What it holds then is let go of, and the other members take it over. A node is a member of a
  /// ring once; further prefixes make further rings, of which it can have ``lockRingLimit``.
  ///
  /// **What is guaranteed.** A key is given to a node when that owns the key, and every live member
  /// of the cluster that it knows, of whatever ring, has answered that it does not hold it. As long
  /// as live nodes take each other for live no two of them hold a key. A node that begins, was
  /// alone, was stopped for two intervals or was taken for dead takes nothing and agrees to nothing
  /// for `lockGrace`, 2 s. Each holding has a fencing epoch above all earlier ones of its key, as
  /// long as a member lives that remembers them, or clocks are not set back.
  ///
  /// **What is not.** On the two sides of a split, and while nodes have not found each other yet,
  /// two nodes can hold a key: wait with ``waitForSize(_:timeout:)``, and let what a key guards
  /// refuse lower epochs. After a split the nodes agree on one holder, with a higher epoch, as soon
  /// as they have found each other again and the newcomers' `lockGrace` is over. A process that is
  /// stopped goes on with what it holds for the moment that it takes to notice.
  ///
  /// ```swift
  /// try await node.withLocks(prefix: "shards") { ring in
  ///   let lock = try await ring.lock("shard-7")
  ///   try await lock.perform { try await serve("shard-7", fencing: lock.epoch) }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - prefix: The ring's name: the same on all members.
  ///   - sharder: Who owns which key: the same on all members. If nil, a
  ///     ``/GrapevineSharding/HashRing`` with 256 tokens a member.
  ///   - store: Where locks are kept: of the same kind on all members. If nil, by the agreement
  ///     above.
  ///   - body: What is done with the ring.
  /// - Returns: What `body` returns.
  /// - Throws: ``NodeError`` with the code `invalidChange` if the node is in the ring already or in
  ///   as many as it can be, `left`, `nameTaken` or `closed`; or what `body` throws, as it is.
  public func withLocks<Result>(
    prefix: String,
    sharder: (any Sharder<Peer>)? = nil,
    store: (any LockStore)? = nil,
    _ body: (LockRing) async throws -> Result
  ) async throws -> Result {
    guard !hub.isClosed else { throw NodeError.closed(name) }
    let ring = LockRing(
      prefix: prefix,
      node: self,
      sharder: try sharder ?? HashRing<Peer>(tokensPerNode: 256),
      store: store ?? GossipLockStore(prefix: prefix, node: self)
    )
    do {
      try ring.open()
    } catch {
      throw NodeError(error, name: name)
    }
    defer { ring.close() }
    return try await body(ring)
  }

  /// The most rings that a node can be a member of at a time.
  public static var lockRingLimit: Int { LockScope.limit }
}
