import GrapevineHashing

/// A ring of members that share locks, by the XXH64 of its prefix.
///
/// Who is a member says so by a reserved entry.
package struct LockScope: Hashable, Sendable {
  /// The most scopes that a member has open.
  package static let limit = 8

  let key: String

  package init(prefix: String) {
    let digits = String(XXH64.hash(prefix.utf8), radix: 16)
    let zeros = String(repeating: "0", count: 16 - digits.count)
    key = ReservedKeys.lockScope + zeros + digits
  }
}

extension Engine {
  /// Becomes a member of a scope.
  ///
  /// - Throws: ``StateError`` if this node is one, or has as many scopes as it can have open, or as
  ///   ``update(_:now:)`` does.
  package mutating func open(_ scope: LockScope, now: Instant) throws(StateError) {
    let state = table[localSlot].state
    guard state.find(scope.key)?.isDeleted != false else {
      throw .reservedKey(key: scope.key)
    }
    var count = 0
    state.forEach { entry in
      if !entry.isDeleted, entry.key.hasPrefix(ReservedKeys.lockScope) { count += 1 }
      return true
    }
    guard count < LockScope.limit else { throw .tooManyEntries(limit: LockScope.limit) }
    _ = try setReserved(scope.key, [], now: now)
  }

  /// Is no member of a scope any more; nothing happens if it was none, or has left.
  package mutating func close(_ scope: LockScope, now: Instant) {
    tick(now)
    guard phase == .active else { return }
    let before = table[localSlot].state.version
    delete(scope.key, localSlot)
    pushOwnState(since: before)
  }

  /// The live members of a scope, sorted by name, without entries.
  ///
  /// - Complexity: O(number of members).
  package func members(of scope: LockScope, now: Instant) -> [Member] {
    memberSummaries(now: now).filter { member in
      guard member.isLive, let slot = table.slot(of: MemberKey(member.id)) else { return false }
      return table[slot].state.find(scope.key)?.isDeleted == false
    }
  }
}
