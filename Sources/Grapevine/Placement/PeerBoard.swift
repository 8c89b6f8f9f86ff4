import GrapevineCore
import GrapevineTransport
import Synchronization

/// What a node's peers are, and who wants to know when that changes.
///
/// Changes are noted under the engine's lock and counted; everything else compares the count. So a
/// sharder is brought up to date by whoever looks first, be it a reader or the delivery thread
/// before it tells observers: nobody who was told of a change finds a sharder from before it.
final class PeerBoard: Sendable {
  /// The peers, and the number of changes that led to them.
  struct Snapshot: Sendable {
    var peers: [Peer]
    var changeCount: UInt64
  }

  private struct State {
    weak var runtime: NodeRuntime?
    var delivery: Delivery?
    var observers: [PeerSubscriber] = []
    var waiters: [Promise<Void>] = []
    /// What the observers were told last.
    var told: Snapshot?
    var tellingThread: UInt?
    var isClosed = false
  }

  private let state = Locked(State())
  private let changes = Atomic<UInt64>(0)
  /// What `wake` has seen.
  private let wokenChanges = Atomic<UInt64>(0)

  init() {}

  /// Gives the board its node; nothing has been told before.
  func start(runtime: NodeRuntime, thread: DeliveryThread) {
    let delivery = Delivery(
      thread: thread,
      hasNews: { [weak self] in self?.hasNews ?? false },
      tellNext: { [weak self] in self?.tellNext() ?? false }
    )
    state.withLock { state in
      state.runtime = runtime
      state.delivery = delivery
    }
    let first = snapshot()
    state.withLock { $0.told = first }
  }

  /// How often the peers have changed.
  var changeCount: UInt64 { changes.load(ordering: .acquiring) }

  /// Says whether the node was closed.
  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// The peers of now, sorted by the bytes of their names.
  func snapshot() -> Snapshot {
    let runtime = state.withLock { $0.runtime }
    guard let runtime else { return Snapshot(peers: [], changeCount: changeCount) }
    return runtime.inspectEngine { engine, now in
      Snapshot(
        peers: engine.memberSummaries(now: now).compactMap(\.peer),
        changeCount: changeCount
      )
    }
  }

  /// Takes note that the peers have changed; to be called under the engine's lock.
  func noteChange() {
    changes.add(1, ordering: .acquiringAndReleasing)
  }

  /// Sees to it that those who want to know are told; to be called outside every lock.
  func wake() {
    let count = changeCount
    guard wokenChanges.exchange(count, ordering: .acquiringAndReleasing) != count else { return }
    let (delivery, waiters) = state.withLock { state in
      defer { state.waiters = [] }
      return (state.observers.isEmpty ? nil : state.delivery, state.waiters)
    }
    delivery?.wake()
    for waiter in waiters { waiter.fulfil(()) }
  }

  /// Ends all observation, and sees to it that nobody waits for a change any more.
  func end() {
    // Observers are let go of outside the lock: what goes with them may ask the board.
    let (observers, waiters) = state.withLockNotifying { state in
      state.isClosed = true
      defer { (state.observers, state.waiters) = ([], []) }
      return (state.observers, state.waiters)
    }
    withExtendedLifetime(observers) {
      for waiter in waiters { waiter.fulfil(()) }
    }
  }

  /// Waits until no observer is being told any more, once all observation has ended.
  ///
  /// An observer may call it, too, and then goes on to its end.
  func waitForObservers() {
    let own = NativeThread.currentID
    state.wait { state in
      state.tellingThread == nil || state.tellingThread == own ? () : nil
    }
  }
}

// MARK: Observers

/// Somebody who is told of peers, until it does not want to hear more.
final class PeerSubscriber: Sendable {
  private let tell: @Sendable ([Peer]) -> Bool

  init(_ tell: @escaping @Sendable ([Peer]) -> Bool) {
    self.tell = tell
  }

  func callAsFunction(_ peers: [Peer]) -> Bool { tell(peers) }
}

extension PeerBoard {
  func add(_ observer: PeerSubscriber) {
    let current = snapshot()
    state.withLock { state in
      guard !state.isClosed else { return }
      // The first of them is told of what changes from now on.
      if state.observers.isEmpty, state.tellingThread == nil { state.told = current }
      state.observers.append(observer)
    }
  }

  func remove(_ observer: PeerSubscriber) {
    state.withLock { state in state.observers.removeAll { $0 === observer } }
  }

  var observerCount: Int { state.withLock { $0.observers.count } }

  private var hasNews: Bool {
    state.withLock { state in
      !state.isClosed && !state.observers.isEmpty && state.told?.changeCount != changeCount
    }
  }

  /// Tells all observers what the peers are now, if that differs from what they were told.
  private func tellNext() -> Bool {
    guard hasNews else { return false }
    let current = snapshot()
    let observers: [PeerSubscriber] = state.withLock { state in
      defer { state.told = current }
      guard !state.isClosed, state.told?.peers != current.peers else { return [] }
      state.tellingThread = NativeThread.currentID
      return state.observers
    }
    guard !observers.isEmpty else { return true }
    defer { state.withLockNotifying { $0.tellingThread = nil } }
    for observer in observers {
      let isWanted = state.withLock { state in state.observers.contains { $0 === observer } }
      guard isWanted, !observer(current.peers) else { continue }
      remove(observer)
    }
    return true
  }

  /// Waits until the peers have changed since `changeCount`, or the node is closed.
  func waitForChange(since changeCount: UInt64) async {
    let promise = Promise<Void>()
    state.withLock { state in
      guard !state.isClosed, self.changeCount == changeCount else { return promise.fulfil(()) }
      state.waiters.append(promise)
    }
    // It may have changed between the look and the promise, with `wake` in between.
    if self.changeCount != changeCount { promise.fulfil(()) }
    await promise.value { promise.fulfil(()) }
    state.withLock { state in state.waiters.removeAll { $0 === promise } }
  }
}
