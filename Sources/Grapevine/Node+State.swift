public import GrapevineCore

extension Node {
  /// Gives `key` the UTF-8 bytes of `value`, for ever or until `timeToLive` has passed.
  ///
  /// Nothing happens if the key has that value and no time to live is given.
  ///
  /// - Returns: The version of the node's state after it.
  /// - Throws: ``NodeError`` with the code `invalidChange`, `left`, `nameTaken` or `closed`; the
  ///   state is then as it was.
  @discardableResult
  public func set(
    _ key: String,
    _ value: String,
    timeToLive: Duration? = nil
  ) throws(NodeError) -> Version {
    try set(key, Array(value.utf8), timeToLive: timeToLive)
  }

  /// Gives `key` the bytes `value`, for ever or until `timeToLive` has passed.
  ///
  /// Nothing happens if the key has that value and no time to live is given.
  ///
  /// - Returns: The version of the node's state after it.
  /// - Throws: ``NodeError`` with the code `invalidChange`, `left`, `nameTaken` or `closed`; the
  ///   state is then as it was.
  @discardableResult
  public func set(
    _ key: String,
    _ value: [UInt8],
    timeToLive: Duration? = nil
  ) throws(NodeError) -> Version {
    try update([.set(key: key, value: value, timeToLive: timeToLive)])
  }

  /// Deletes `key`; nothing happens if there is no such key.
  ///
  /// - Returns: The version of the node's state after it.
  /// - Throws: ``NodeError`` with the code `invalidChange`, `left`, `nameTaken` or `closed`; the
  ///   state is then as it was.
  @discardableResult
  public func delete(_ key: String) throws(NodeError) -> Version {
    try update([.delete(key: key)])
  }

  /// Makes all changes, in order and sent as one, or none.
  ///
  /// - Complexity: O(number of changes and their bytes).
  /// - Returns: The version of the node's state after them.
  /// - Throws: ``NodeError`` with the code `invalidChange`, `left`, `nameTaken` or `closed`; the
  ///   state is then as it was.
  @discardableResult
  public func update(_ changes: [Change]) throws(NodeError) -> Version {
    guard !hub.isClosed else { throw .closed(name) }
    do {
      return try runtime.withEngine { (engine, now) throws(StateError) in
        try engine.update(changes, now: now)
      }
    } catch {
      throw NodeError(error, name: name)
    }
  }
}

extension Node {
  /// The node's identity.
  ///
  /// The generation is raised when the cluster turns out to know a later life of the name that is
  /// no more.
  public var id: MemberID { runtime.inspectEngine { engine, _ in engine.localID } }

  /// What the node says of itself.
  ///
  /// - Complexity: O(number of the node's entries).
  public var localMember: Member {
    runtime.inspectEngine { engine, now in engine.localMember(now: now) }
  }

  /// All members that the node knows, itself included and sorted by name, each with its entries.
  ///
  /// Those that left or are down are among them until they expire. After ``close()`` it is what was
  /// known then.
  ///
  /// - Complexity: O(number of all members' entries).
  public var members: [Member] {
    // The engine is a value: its copy is read while it itself goes on.
    let (engine, now) = runtime.inspectEngine { engine, now in (copy engine, now) }
    return engine.members(now: now)
  }

  /// All members that the node knows, as ``members`` but with no entries.
  ///
  /// - Complexity: O(number of members).
  public var memberSummaries: [Member] {
    runtime.inspectEngine { engine, now in engine.memberSummaries(now: now) }
  }

  /// What the node knows of the member `name`; nil if that is nothing.
  ///
  /// - Complexity: O(number of the member's entries).
  public func member(named name: String) -> Member? {
    runtime.inspectEngine { engine, now in engine.member(named: name, now: now) }
  }

  /// The value of `key` of the member `name`; nil if either is unknown or the key deleted.
  public func value(of key: String, member name: String) -> [UInt8]? {
    entry(of: key, member: name)?.value
  }

  /// The value of `key` of the member `name` read as UTF-8; nil if either is unknown or the key
  /// deleted.
  public func text(of key: String, member name: String) -> String? {
    entry(of: key, member: name)?.text
  }

  /// The entry of `key` of the member `name`; nil if either is unknown or the key deleted.
  public func entry(of key: String, member name: String) -> Entry? {
    runtime.inspectEngine { engine, _ in engine.entry(key, of: name) }
  }

  /// The version that the node holds of the member `name`; nil if that is unknown.
  public func version(of name: String) -> Version? {
    runtime.inspectEngine { engine, _ in engine.version(of: name) }
  }

  /// The number of members that the node knows, itself included.
  public var memberCount: Int { runtime.inspectEngine { engine, _ in engine.memberCount } }

  /// The number of live members that the node knows, itself included.
  public var liveMemberCount: Int { runtime.inspectEngine { engine, _ in engine.liveMemberCount } }

  /// A number that stands for all that the node knows: nodes with the same one hold the same.
  public var fingerprint: UInt64 { runtime.inspectEngine { engine, _ in engine.fingerprint } }
}
