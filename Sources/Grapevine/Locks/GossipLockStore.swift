import GrapevineCore

/// Locks that every live member has agreed to.
final class GossipLockStore: LockStore {
  private let prefix: String
  private let name: String
  private let runtime: NodeRuntime
  private let hub: NodeHub

  init(prefix: String, node: Node) {
    self.prefix = prefix
    name = node.name
    runtime = node.runtime
    hub = node.hub
  }

  func acquire(_ key: String, onLoss: @escaping @Sendable () -> Void) async throws -> UInt64 {
    let id = LockID(prefix: prefix, key: key)
    let promise = Promise<LockEpoch?>()
    let handler = NodeHub.LockHandler(granted: { promise.fulfil($0) }, lost: onLoss)
    try hub.checkTakesPart(name)
    runtime.withEngine { engine, now in
      // One that is no longer wanted must not displace a later one.
      guard !Task.isCancelled, hub.expect(id, handler) else { return promise.fulfil(nil) }
      // What is held still was let go of, and is about to be released.
      engine.releaseLock(id, now: now)
      engine.claimLock(id, now: now)
    }
    hub.deliver()
    let epoch = await promise.value { promise.fulfil(nil) }
    if let epoch, !Task.isCancelled { return epoch }
    runtime.withEngine { engine, now in
      if hub.forget(id, handler) { engine.releaseLock(id, now: now) }
    }
    guard !Task.isCancelled else { throw NodeError.cancelled(name) }
    try hub.checkTakesPart(name)
    throw NodeError.closed(name)
  }

  func release(_ key: String, epoch: UInt64) {
    let id = LockID(prefix: prefix, key: key)
    runtime.withEngine { engine, now in
      guard engine.lockEpoch(of: id) == epoch else { return }
      hub.forget(id)
      engine.releaseLock(id, now: now)
    }
  }
}
