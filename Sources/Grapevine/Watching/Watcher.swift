/// Hears what happens to other members; each method does nothing unless it is implemented.
///
/// A watcher's methods are called one at a time, in the order of what happened, on a thread that
/// all watchers of a ``Node/Loop`` share, and outside every lock: calling back into the node is
/// fine. A slow watcher holds up the others of its loop, never gossip. A watcher that holds the
/// node keeps it alive until the watcher is removed or the node closed.
public protocol Watcher: Sendable {
  /// A member became known; its keys follow as `didSet`.
  func didJoin(_ member: MemberID)
  /// A member announced that it is about to leave.
  func didBeginToLeave(_ member: MemberID)
  /// A member left of its own will.
  func didLeave(_ member: MemberID)
  /// The cluster judged a member crashed.
  func didGoDown(_ member: MemberID)
  /// A member that was down lives.
  func didComeUp(_ member: MemberID)
  /// A key of a member has a new value.
  func didSet(_ entry: Entry, of member: MemberID)
  /// A key of a member is gone.
  func didDelete(_ key: String, version: Version, of member: MemberID)
  /// A member that left or was down is forgotten.
  func didExpire(_ member: MemberID)
  /// A later life of the same name took the place of `old`, whose keys are gone with it.
  func didReplace(_ old: MemberID, by new: MemberID)
  /// Another live process, at `address`, goes by this node's name.
  func didFindNameConflict(with rival: MemberID, at address: Endpoint)
  /// The watcher was too slow and `count` events were dropped; what follows builds on `members`.
  func didMiss(_ count: Int, members: [Member])
}

extension Watcher {
  /// Does nothing.
  public func didJoin(_ member: MemberID) {}
  /// Does nothing.
  public func didBeginToLeave(_ member: MemberID) {}
  /// Does nothing.
  public func didLeave(_ member: MemberID) {}
  /// Does nothing.
  public func didGoDown(_ member: MemberID) {}
  /// Does nothing.
  public func didComeUp(_ member: MemberID) {}
  /// Does nothing.
  public func didSet(_ entry: Entry, of member: MemberID) {}
  /// Does nothing.
  public func didDelete(_ key: String, version: Version, of member: MemberID) {}
  /// Does nothing.
  public func didExpire(_ member: MemberID) {}
  /// Does nothing.
  public func didReplace(_ old: MemberID, by new: MemberID) {}
  /// Does nothing.
  public func didFindNameConflict(with rival: MemberID, at address: Endpoint) {}
  /// Does nothing.
  public func didMiss(_ count: Int, members: [Member]) {}
}

extension Watcher {
  /// Calls the method that `notice` is for.
  package func receive(_ notice: Notice) {
    switch notice {
    case .missed(let count, let members): didMiss(count, members: members)
    case .event(.joined(let id)): didJoin(id)
    case .event(.leaving(let id)): didBeginToLeave(id)
    case .event(.left(let id)): didLeave(id)
    case .event(.down(let id)): didGoDown(id)
    case .event(.up(let id)): didComeUp(id)
    case .event(.keySet(let id, let entry)): didSet(entry, of: id)
    case .event(.keyDeleted(let id, let key, let version)):
      didDelete(key, version: version, of: id)
    case .event(.expired(let id)): didExpire(id)
    case .event(.replaced(let old, by: let new)): didReplace(old, by: new)
    case .event(.nameConflict(_, let rival, let address)):
      didFindNameConflict(with: rival, at: address)
    }
  }
}
