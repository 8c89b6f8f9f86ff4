import Grapevine
import GrapevineCore
import GrapevineTransport
import Pacing
import Testing

/// After the tests of pachyderm's lock ring, on real nodes.
@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct LockRingTests {
  private struct Failure: Error, Equatable {}

  private func quick(_ configuration: inout Node.Configuration) {
    configuration.gossip.lockGrace = .milliseconds(100)
    // Who does not run for two intervals loses its locks, and this machine may be busy.
    configuration.gossip.interval = .milliseconds(500)
  }

  private func keys(_ worker: Int, _ count: Int = 3) -> [String] {
    (0..<count).map { "\(worker * 100 + $0)" }
  }

  @Test func `A ring has two members, and one after the inner scope has ended`() async throws {
    let nodes = try await makeCluster("a", "b", adjust: quick)
    try await nodes[0].withLocks(prefix: "ring") { ring in
      #expect(ring.memberIDs.map(\.name) == ["a"])
      try await nodes[1].withLocks(prefix: "ring") { inner in
        try await eventually("both know both") {
          ring.memberIDs.map(\.name) == ["a", "b"] && inner.memberIDs == ring.memberIDs
        }
      }
      try await eventually("one is left") { ring.memberIDs.map(\.name) == ["a"] }
    }
  }

  @Test func `A body's error comes out as it is, and cancelling ends the scope`() async throws {
    let node = try makeNode("a", quick)
    await #expect(throws: Failure()) {
      try await node.withLocks(prefix: "ring") { ring in
        _ = try await ring.lock("key")
        throw Failure()
      }
    }
    let started = Promise()
    let task = Task {
      try await node.withLocks(prefix: "ring") { ring in
        _ = try await ring.lock("key")
        started.fulfil()
        try await Task.sleep(for: .seconds(3_600))
      }
    }
    await started.wait()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    // The name is free again, and so is the key.
    try await node.withLocks(prefix: "ring") { ring in _ = try await ring.lock("key") }
  }

  @Test func `A key that is held is the same lock, with a higher epoch each time`() async throws {
    let node = try makeNode("a", quick)
    try await node.withLocks(prefix: "ring") { ring in
      let first = try await ring.lock("key")
      #expect(try await ring.lock("key") === first && first.isHeld)
      #expect(ring.heldKeys == ["key"])
      ring.unlock("key")
      ring.unlock("key")
      #expect(!first.isHeld && ring.heldKeys == [])
      var last = first
      for _ in 0..<50 {
        let next = try await ring.lock("key")
        #expect(next !== last && next.epoch > last.epoch)
        last = next
        ring.unlock("key")
      }
    }
  }

  @Test func `Who waits for a key with a limit is told when the time is over`() async throws {
    let nodes = try await makeCluster("0", "1", adjust: quick)
    let keys = KeyNumberRing(keys: ["1"])
    try await nodes[0].withLocks(prefix: "ring", sharder: keys) { ring in
      try await nodes[1].withLocks(prefix: "ring", sharder: keys) { other in
        try await eventually("both know both") {
          ring.memberIDs.count == 2 && other.memberIDs == ring.memberIDs
        }
        let lock = try await other.lock("1", timeout: .seconds(30))
        let error = await #expect(throws: NodeError.self) {
          try await ring.lock("1", timeout: .milliseconds(50))
        }
        #expect(error?.code == .lockNotHeld && error?.value == "1")
        // The next call begins anew, and a lock that is held outlives the time for it.
        let again = await #expect(throws: NodeError.self) {
          try await ring.lock("1", timeout: .zero)
        }
        #expect(again?.code == .lockNotHeld && lock.isHeld)
      }
    }
  }

  @Test func `What a lock performs is cancelled when it is unlocked`() async throws {
    let node = try makeNode("a", quick)
    try await node.withLocks(prefix: "ring") { ring in
      let lock = try await ring.lock("key")
      let work = Task {
        try await lock.perform { try await Task.sleep(for: .seconds(3_600)) }
      }
      #expect(try await lock.perform { 7 } == 7)
      let waiting = Task { await lock.waitUntilLost() }
      ring.unlock("key")
      await #expect(throws: CancellationError.self) { try await work.value }
      await waiting.value
      await #expect(throws: CancellationError.self) { try await lock.perform { 8 } }
    }
  }

  @Test func `What hears that a lock is lost does not hold up the store that says so`()
    async throws
  {
    let node = try makeNode("a", quick)
    let store = FickleStore()
    let gate = Gate()
    try await node.withLocks(prefix: "ring", sharder: KeyNumberRing(keys: []), store: store) {
      ring in
      let lock = try await ring.lock("key")
      let isAtWork = Locked(false)
      let work = Task {
        try await lock.perform {
          try await withTaskCancellationHandler {
            isAtWork.withLock { $0 = true }
            try await Task.sleep(for: .seconds(3_600))
          } onCancel: {
            gate.pass()
          }
        }
      }
      try await eventually("it is at work") { isAtWork.withLock { $0 } }
      let isHeld = Locked<Bool?>(nil)
      try NativeThread.start(name: "store") {
        store.lose("key")
        isHeld.withLock { $0 = lock.isHeld }
      }
      try await eventually("it hears of it") { gate.hasVisitor }
      try await eventually("the store goes on", within: .seconds(10)) {
        isHeld.withLock { $0 } == false
      }
      gate.open()
      await #expect(throws: CancellationError.self) { try await work.value }
    }
  }

  @Test func `Three workers share nine keys, and take over from one that is killed`() async throws {
    let nodes = try await makeCluster("0", "100", "200", adjust: quick)
    let workers = nodes.map { Worker(node: $0, keys: (0..<3).flatMap { keys($0) }) }
    for worker in workers { worker.start() }
    try await eventually("three each") { workers.allSatisfy { $0.heldKeys.count == 3 } }
    for (index, worker) in workers.enumerated() { #expect(worker.heldKeys == Set(keys(index))) }
    nodes[1].close()
    #expect(workers[1].heldKeys.isEmpty)
    try await eventually("the others hold all") {
      workers[0].heldKeys.union(workers[2].heldKeys).count == 9
    }
    #expect(workers[0].heldKeys.isDisjoint(with: workers[2].heldKeys))
    for worker in workers { await worker.stop() }
  }

  @Test func `A worker that is added gets its share`() async throws {
    let nodes = try await makeCluster("0", "100", adjust: quick)
    let all = (0..<3).flatMap { keys($0) }
    var workers = nodes.map { Worker(node: $0, keys: all) }
    for worker in workers { worker.start() }
    try await eventually("two hold all") {
      workers[0].heldKeys.union(workers[1].heldKeys).count == 9
    }
    let third = try makeNode("200", quick)
    try await third.join([nodes[0].address.description])
    workers.append(Worker(node: third, keys: all))
    workers[2].start()
    try await eventually("three each") { workers.allSatisfy { $0.heldKeys.count == 3 } }
    for (index, worker) in workers.enumerated() { #expect(worker.heldKeys == Set(keys(index))) }
    for worker in workers { await worker.stop() }
  }

  @Test func `Many that lock a key at once get one lock, and it is really held`() async throws {
    let nodes = try await makeCluster("a", "b", adjust: quick)
    try await nodes[0].withLocks(prefix: "ring") { ring in
      for _ in 0..<50 {
        let locks = try await withThrowingTaskGroup { group in
          for _ in 0..<8 { group.addTask { try await ring.lock("key") } }
          // One of them does not want it any more.
          group.addTask {
            let task = Task { try await ring.lock("key") }
            task.cancel()
            return try await ring.lock("key")
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        let first = try #require(locks.first)
        #expect(locks.allSatisfy { $0 === first } && first.isHeld)
        let epoch = nodes[0].runtime.inspectEngine { engine, _ in
          engine.lockEpoch(of: LockID(prefix: "ring", key: "key"))
        }
        #expect(epoch == first.epoch)
        ring.unlock("key")
      }
    }
  }

  @Test(arguments: [true, false])
  func `Who leaves or is closed waits for nothing any more, and holds nothing`(
    leaves: Bool
  ) async throws {
    let nodes = try await makeCluster("0", "100", adjust: quick)
    let sharder = KeyNumberRing(keys: ["50", "150"])
    try await nodes[1].withLocks(prefix: "ring", sharder: sharder) { other in
      try await eventually("it knows itself") { other.owns("150") }
      try await nodes[0].withLocks(prefix: "ring", sharder: sharder) { ring in
        try await eventually("both know both") { ring.memberIDs.count == 2 }
        let held = try await ring.lock("50")
        let foreign = Task { try await ring.lock("150") }
        if leaves { try await nodes[0].leave() } else { nodes[0].close() }
        let error = await #expect(throws: NodeError.self) { try await foreign.value }
        #expect(error?.code == (leaves ? .left : .closed))
        await held.waitUntilLost()
        let late = await #expect(throws: NodeError.self) { try await ring.lock("50") }
        #expect(late?.code == (leaves ? .left : .closed) && ring.heldKeys.isEmpty)
      }
      #expect(try await other.lock("50").isHeld)
    }
  }

  @Test func `Who is about to leave hands its keys over`() async throws {
    let nodes = try await makeCluster("0", "100", adjust: quick)
    let sharder = KeyNumberRing(keys: ["50"])
    try await nodes[0].withLocks(prefix: "ring", sharder: sharder) { ring in
      let lock = try await ring.lock("50")
      try await nodes[1].withLocks(prefix: "ring", sharder: sharder) { other in
        let next = Task { try await other.lock("50") }
        try await eventually("both know both") { ring.memberIDs.count == 2 }
        #expect(lock.isHeld)
        try nodes[0].announceLeaving()
        await lock.waitUntilLost()
        let taken = try await next.value
        #expect(taken.isHeld && taken.epoch > lock.epoch)
      }
    }
  }

  @Test func `Rings have limits, and a node is a member of each once`() async throws {
    let node = try makeNode("a", quick)
    try await nest(node, 0)
    node.close()
    let error = await #expect(throws: NodeError.self) {
      try await node.withLocks(prefix: "ring") { _ in }
    }
    #expect(error?.code == .closed)
  }

  private func nest(_ node: Node, _ depth: Int) async throws {
    guard depth < Node.lockRingLimit else {
      let error = await #expect(throws: NodeError.self) {
        try await node.withLocks(prefix: "one too many") { _ in }
      }
      #expect(error?.code == .invalidChange)
      return
    }
    try await node.withLocks(prefix: "ring-\(depth)") { _ in
      let error = await #expect(throws: NodeError.self) {
        try await node.withLocks(prefix: "ring-\(depth)") { _ in }
      }
      #expect(error?.code == .invalidChange)
      try await nest(node, depth + 1)
    }
  }

  @Test func `Waiting for what another owns ends with the scope, the task, or the node`()
    async throws
  {
    let nodes = try await makeCluster("0", "100", adjust: quick)
    let sharder = KeyNumberRing(keys: ["150"])
    try await nodes[1].withLocks(prefix: "ring", sharder: sharder) { other in
      let foreign = try await other.lock("150")
      let waiting = Locked<Task<OwnershipLock, any Error>?>(nil)
      try await nodes[0].withLocks(prefix: "ring", sharder: sharder) { ring in
        try await eventually("both know both") { ring.memberIDs.count == 2 }
        let cancelled = Task { try await ring.lock("150") }
        cancelled.cancel()
        let error = await #expect(throws: NodeError.self) { try await cancelled.value }
        #expect(error?.code == .cancelled)
        let task = Task { try await ring.lock("150") }
        waiting.withLock { $0 = task }
        try await Task.sleep(for: .milliseconds(1))
      }
      let error = await #expect(throws: NodeError.self) {
        try await waiting.withLock { $0 }?.value
      }
      #expect(error?.code == .closed && foreign.isHeld)
    }
  }
}

/// A store that gives every key, and loses it when a test says so.
private final class FickleStore: LockStore {
  private let losses = Locked<[String: @Sendable () -> Void]>([:])

  func acquire(_ key: String, onLoss: @escaping @Sendable () -> Void) async throws -> UInt64 {
    losses.withLock { $0[key] = onLoss }
    return 1
  }

  func release(_ key: String, epoch: UInt64) {}

  func lose(_ key: String) {
    let tell = losses.withLock { $0.removeValue(forKey: key) }
    tell?()
  }
}

/// One of several that want the same keys, each for itself.
private final class Worker: Sendable {
  private let node: Node
  private let keys: [String]
  private let task = Locked<Task<Void, any Error>?>(nil)
  private let ring = Locked<LockRing?>(nil)

  init(node: Node, keys: [String]) {
    self.node = node
    self.keys = keys
  }

  var heldKeys: Set<String> { Set(ring.withLock { $0 }?.heldKeys ?? []) }

  func start() {
    let sharder = KeyNumberRing(keys: keys)
    let work = Task { [node, keys, ring] in
      try await node.withLocks(prefix: "ring", sharder: sharder) { opened in
        ring.withLock { $0 = opened }
        await withTaskGroup { group in
          for key in keys {
            group.addTask {
              // Held until it is another's, and wanted again from then on.
              while let lock = try? await opened.lock(key) { await lock.waitUntilLost() }
            }
          }
        }
      }
    }
    task.withLock { $0 = work }
  }

  func stop() async {
    let work = task.withLock { $0 }
    work?.cancel()
    _ = try? await work?.value
  }
}

/// A ring on which a key and a member lie where the number of their names says.
private struct KeyNumberRing: Sharder {
  private let numbers: [ShardKey: Int]
  private(set) var peers: [Peer] = []

  init(keys: [String]) {
    var numbers: [ShardKey: Int] = [:]
    for key in keys { numbers[ShardKey("ring/" + key)] = Int(key) }
    self.numbers = numbers
  }

  mutating func replacePeers(with peers: some Sequence<Peer>) {
    self.peers = peers.filter { $0.state == .participant }
      .sorted { (Int($0.name) ?? 0) < (Int($1.name) ?? 0) }
  }

  func owner(of key: ShardKey, for operation: ShardOperation) throws(ShardingError) -> Peer {
    guard let last = peers.last else { throw .notEnoughNodes(needed: 1, available: 0) }
    // The last member whose number is not above the key's.
    let number = numbers[key] ?? 0
    return peers.last { (Int($0.name) ?? 0) <= number } ?? last
  }

  func owners(
    of key: ShardKey,
    count: Int,
    for operation: ShardOperation
  ) throws(ShardingError) -> [Peer] {
    [try owner(of: key, for: operation)]
  }

  func forEachOwner(of key: ShardKey, for operation: ShardOperation, _ body: (Peer) -> Bool) {
    if let owner = try? owner(of: key, for: operation) { _ = body(owner) }
  }

  func eligibleCount(for operation: ShardOperation) -> Int { peers.count }
  var fingerprint: UInt64 { 0 }
  var memorySize: Int { 0 }
}

/// A moment that one task waits for.
private final class Promise: Sendable {
  private struct State {
    var isOver = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Locked(State())

  func fulfil() {
    let waiter = state.withLock { state in
      state.isOver = true
      return state.waiter
    }
    waiter?.resume()
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        state.waiter = continuation
        return state.isOver
      }
      if isOver { continuation.resume() }
    }
  }
}
