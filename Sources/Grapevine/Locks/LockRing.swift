import GrapevineCore
import GrapevineSharding
import GrapevineTransport

/// Nodes that share keys among them, each of which holds those that it owns.
///
/// Members of a ring are the live nodes that have opened a scope with its prefix; see
/// ``Node/withLocks(prefix:sharder:store:_:)``. Who owns a key a sharder decides, the same on all.
/// When a member comes, the others let go of what is its own now; when one goes, those who wait for
/// what it held come to hold it.
public final class LockRing: Sendable {
  /// What is wanted of a key.
  private enum Entry {
    case wanted(Want)
    case held(OwnershipLock)
  }

  /// Whether the store has said of an acquisition that it can't answer for it any longer.
  private typealias Loss = Locked<Bool>

  /// Those who wait for a key, and the task that sees to it.
  private struct Want {
    var waiters: [Promise<Outcome>]
    var acquisition: Acquisition?
  }

  private struct Acquisition {
    /// Tells it apart from those before and after it.
    let number: Int
    let task: Task<Void, Never>
  }

  private enum Outcome: Sendable {
    case held(OwnershipLock)
    case failed(any Error)
    case late
    case cancelled
  }

  private struct State {
    var sharder: any Sharder<Peer>
    var members: [Peer] = []
    /// The node's changes that ``members`` takes account of.
    var changeCount: UInt64?
    var entries: [NameKey: Entry] = [:]
    var nextNumber = 0
    /// Why nothing is held or waited for any more.
    var end: NodeError?
  }

  /// What the keys of the ring have before them.
  public let prefix: String

  private let name: String
  private let scope: LockScope
  private let store: any LockStore
  private let runtime: NodeRuntime
  private let hub: NodeHub
  private let board: PeerBoard
  private let state: Locked<State>
  private let follower = Locked<Task<Void, Never>?>(nil)

  init(prefix: String, node: Node, sharder: sending any Sharder<Peer>, store: any LockStore) {
    self.prefix = prefix
    name = node.name
    scope = LockScope(prefix: prefix)
    self.store = store
    runtime = node.runtime
    hub = node.hub
    board = node.board
    state = Locked(State(sharder: sharder))
  }

  /// The members of the ring, this node included, sorted by name.
  public var memberIDs: [MemberID] {
    update()
    return state.withLock { state in state.members.map(\.id) }
  }

  /// Says whether this node owns `key`, as far as it knows.
  public func owns(_ key: String) -> Bool {
    update()
    return state.withLock { isOwned(key, $0) }
  }

  /// Waits until this node owns `key` and holds it.
  ///
  /// A key that it holds is given at once, as the same lock.
  ///
  /// - Parameters:
  ///   - key: The key, without the ring's prefix.
  ///   - timeout: How long to wait at most; nil for as long as another node owns the key.
  /// - Returns: The lock, which is held until it is let go of or lost.
  /// - Throws: ``NodeError`` with the code `lockNotHeld` if the time was over first, `cancelled`,
  ///   `left`, `nameTaken`, or `closed` once the ring's scope has ended; or what the store throws.
  public func lock(_ key: String, timeout: Duration? = nil) async throws -> OwnershipLock {
    guard !Task.isCancelled else { throw NodeError.cancelled(name) }
    try hub.checkTakesPart(name)
    let promise = Promise<Outcome>()
    state.withLock { state in
      if let end = state.end { return promise.fulfil(.failed(end)) }
      switch state.entries[NameKey(name: key)] {
      case .held(let lock): promise.fulfil(.held(lock))
      case .wanted(var want):
        want.waiters.append(promise)
        state.entries[NameKey(name: key)] = .wanted(want)
      case nil:
        state.entries[NameKey(name: key)] = .wanted(Want(waiters: [promise]))
      }
    }
    update(key)
    let timer = timeout.map { timeout in
      Task { [weak self] in
        try? await Task.sleep(for: timeout.sleepable)
        self?.forget(promise, key)
        promise.fulfil(.late)
      }
    }
    defer { timer?.cancel() }
    let outcome = await promise.value { [weak self] in
      self?.forget(promise, key)
      promise.fulfil(.cancelled)
    }
    switch outcome {
    case .late: throw NodeError.lockNotHeld(key)
    case .held(let lock): return lock
    case .failed(let error): throw error
    case .cancelled: throw NodeError.cancelled(name)
    }
  }

  /// Lets go of `key`; nothing happens if this node does not hold it.
  public func unlock(_ key: String) {
    let lock: OwnershipLock? = state.withLock { state in
      guard case .held(let lock) = state.entries[NameKey(name: key)] else { return nil }
      state.entries[NameKey(name: key)] = nil
      return lock
    }
    guard let lock else { return }
    lock.end()
    store.release(key, epoch: lock.epoch)
  }

  /// The keys that this node holds, in no order.
  public var heldKeys: [String] {
    state.withLock { state in
      state.entries.compactMap { key, entry in
        if case .held = entry { key.name } else { nil }
      }
    }
  }
}

// MARK: Following the members

extension LockRing {
  func open() throws(StateError) {
    try runtime.withEngine { (engine, now) throws(StateError) in
      try engine.open(scope, now: now)
      board.noteChange()
    }
    board.wake()
    update()
    let changes = board
    let task = Task { [weak self] in
      while !Task.isCancelled {
        let count = changes.changeCount
        guard let self, self.follow() else { return }
        await changes.waitForChange(since: count)
      }
    }
    follower.withLock { $0 = task }
  }

  /// Takes account of a change; false where the node takes part no more.
  private func follow() -> Bool {
    do {
      try hub.checkTakesPart(name)
    } catch {
      end(error)
      return false
    }
    update()
    return true
  }

  func close() {
    follower.withLock { $0?.cancel() }
    end(.closed(name))
    runtime.withEngine { engine, now in
      engine.close(scope, now: now)
      board.noteChange()
    }
    board.wake()
  }

  /// Lets go of all that is held, and fails all that is waited for, from now on.
  private func end(_ error: NodeError) {
    let entries = state.withLock { state in
      if state.end == nil { state.end = error }
      defer { state.entries = [:] }
      return state.entries
    }
    for (key, entry) in entries {
      switch entry {
      case .held(let lock):
        lock.end()
        store.release(key.name, epoch: lock.epoch)
      case .wanted(let want):
        want.acquisition?.task.cancel()
        for waiter in want.waiters { waiter.fulfil(.failed(error)) }
      }
    }
  }

  /// Where members have changed reckons anew who owns what, else who owns `newKey`; lets go of what
  /// is others' and asks for what is this node's.
  private func update(_ newKey: String? = nil) {
    let isCurrent = state.withLock { $0.changeCount == board.changeCount }
    let latest = isCurrent ? nil : latestMembers()
    var work = Work()
    state.withLock { state in
      if let latest, state.changeCount.map({ $0 < latest.changeCount }) ?? true {
        state.changeCount = latest.changeCount
        if state.members != latest.peers {
          state.members = latest.peers
          state.sharder.replacePeers(with: latest.peers)
          for (key, entry) in state.entries { review(key, entry, &state, &work) }
        }
      }
      guard let newKey, let entry = state.entries[NameKey(name: newKey)] else { return }
      review(NameKey(name: newKey), entry, &state, &work)
    }
    for acquisition in work.cancelled { acquisition.cancel() }
    for lock in work.lost {
      lock.end()
      store.release(lock.key, epoch: lock.epoch)
    }
    for key in work.wanted { acquire(key) }
  }

  /// What is to be done outside the lock.
  private struct Work {
    var lost: [OwnershipLock] = []
    var cancelled: [Task<Void, Never>] = []
    var wanted: [String] = []
  }

  private func latestMembers() -> PeerBoard.Snapshot {
    runtime.inspectEngine { engine, now in
      let peers = engine.members(of: scope, now: now).map { member in
        Peer(
          id: member.id,
          address: member.address,
          // Who is about to leave takes nothing any more, and hands over what it has.
          state: member.isLeaving ? .terminating : .participant,
          isSelf: member.isSelf
        )
      }
      return PeerBoard.Snapshot(peers: peers, changeCount: board.changeCount)
    }
  }

  private func review(_ key: NameKey, _ entry: Entry, _ state: inout State, _ work: inout Work) {
    let isOwned = isOwned(key.name, state)
    switch entry {
    case .held(let lock) where !isOwned:
      state.entries[key] = nil
      work.lost.append(lock)
    case .wanted(var want) where !isOwned:
      guard let acquisition = want.acquisition else { return }
      work.cancelled.append(acquisition.task)
      want.acquisition = nil
      state.entries[key] = .wanted(want)
    case .wanted(let want) where want.acquisition == nil:
      work.wanted.append(key.name)
    case .held, .wanted: break
    }
  }

  private func isOwned(_ key: String, _ state: State) -> Bool {
    var builder = ShardKey.Builder()
    builder.append(prefix)
    builder.append("/")
    builder.append(key)
    return (try? state.sharder.owner(of: builder.key, for: .readWrite))?.isSelf == true
  }

  // MARK: Taking keys

  private func acquire(_ key: String) {
    let start = Promise<Void>()
    let number = state.withLock { state in
      state.nextNumber += 1
      return state.nextNumber
    }
    let task = Task { [weak self, store] in
      await start.value {}
      guard !Task.isCancelled else { return }
      let loss = Loss(false)
      let result: Result<UInt64, any Error>
      do {
        let epoch = try await store.acquire(key) { [weak self] in
          loss.withLock { $0 = true }
          self?.lost(key, number)
        }
        result = .success(epoch)
      } catch {
        result = .failure(error)
      }
      if let self {
        self.finish(key, number, result, loss)
      } else if case .success(let epoch) = result {
        store.release(key, epoch: epoch)
      }
    }
    state.withLock { state in
      guard case .wanted(var want) = state.entries[NameKey(name: key)], want.acquisition == nil
      else { return task.cancel() }
      want.acquisition = Acquisition(number: number, task: task)
      state.entries[NameKey(name: key)] = .wanted(want)
    }
    start.fulfil(())
  }

  private func finish(
    _ key: String,
    _ number: Int,
    _ result: Result<UInt64, any Error>,
    _ loss: Loss
  ) {
    var isLost = false
    let isWanted = state.withLock { state in
      guard case .wanted(var want) = state.entries[NameKey(name: key)],
        want.acquisition?.number == number
      else { return false }
      isLost = loss.withLock { $0 }
      switch result {
      case .success where isLost:
        want.acquisition = nil
        state.entries[NameKey(name: key)] = .wanted(want)
      case .success(let epoch):
        let lock = OwnershipLock(key: key, epoch: epoch, number: number)
        state.entries[NameKey(name: key)] = .held(lock)
        for waiter in want.waiters { waiter.fulfil(.held(lock)) }
      case .failure(let error):
        state.entries[NameKey(name: key)] = nil
        for waiter in want.waiters { waiter.fulfil(.failed(error)) }
      }
      return true
    }
    if isLost {
      update(key)
    } else if !isWanted, case .success(let epoch) = result {
      // Nobody wants it any more, or it is another's by now.
      store.release(key, epoch: epoch)
    }
  }

  /// The store can't answer for a key any longer.
  private func lost(_ key: String, _ number: Int) {
    let lock: OwnershipLock? = state.withLock { state in
      guard case .held(let lock) = state.entries[NameKey(name: key)], lock.number == number else {
        return nil
      }
      state.entries[NameKey(name: key)] = nil
      return lock
    }
    // It may be the loop's thread that says so.
    lock?.endWithoutWaiting()
  }

  private func forget(_ promise: Promise<Outcome>, _ key: String) {
    let acquisition: Acquisition? = state.withLock { state in
      guard case .wanted(var want) = state.entries[NameKey(name: key)] else { return nil }
      want.waiters.removeAll { $0 === promise }
      state.entries[NameKey(name: key)] = want.waiters.isEmpty ? nil : .wanted(want)
      return want.waiters.isEmpty ? want.acquisition : nil
    }
    acquisition?.task.cancel()
  }
}
