import Grapevine
import GrapevineTransport
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct PeerObserverTests {
  @Test func `Observers are called in order, with lists that differ, until they end`()
    async throws
  {
    let nodes = try await makeCluster("a", "b")
    let calls = Locked<[String]>([])
    nodes[0].observePeers { peers in
      calls.withLock { $0.append("first \(peers.map(\.state))") }
      return true
    }
    nodes[0].observePeers { _ in
      calls.withLock { $0.append("once") }
      return false
    }
    let token = nodes[0].observePeers { _ in
      calls.withLock { $0.append("last") }
      return true
    }
    try await nodes[1].changeState(to: .participant)
    try await eventually("all were called") { calls.withLock { $0.count } == 3 }
    // Keys are no change of the peers.
    try nodes[1].set("key", "value")
    try await nodes[1].spread()
    try await nodes[0].changeState(to: .participant)
    try await eventually("two were called") { calls.withLock { $0.count } == 5 }
    token.cancel()
    token.cancel()
    try await nodes[1].changeState(to: .terminating)
    try await eventually("one was called") { calls.withLock { $0.count } == 6 }
    #expect(
      calls.withLock { $0 } == [
        "first [viewer, participant]", "once", "last", "first [participant, participant]", "last",
        "first [participant, terminating]",
      ]
    )
  }

  @Test func `A slow observer gets the latest list and not those in between`() async throws {
    let nodes = try await makeCluster("a", "b")
    let gate = Locked(false)
    let lists = Locked<[[PeerState]]>([])
    nodes[0].observePeers { peers in
      lists.withLock { $0.append(peers.map(\.state)) }
      gate.wait { $0 ? () : nil }
      return true
    }
    try await nodes[1].changeState(to: .participant)
    try await eventually("it is held up") { lists.withLock { $0.count } == 1 }
    try await nodes[0].changeState(to: .participant)
    try await nodes[1].changeState(to: .terminating)
    gate.withLockNotifying { $0 = true }
    try await eventually("it goes on") { lists.withLock { $0.count } == 2 }
    #expect(
      lists.withLock { $0 } == [[.viewer, .participant], [.participant, .terminating]]
    )
  }

  @Test func `An observer may register another, change the state, and close the node`()
    async throws
  {
    let node = try makeNode("node")
    let calls = Locked<[String]>([])
    node.observePeers { [node] peers in
      calls.withLock { $0.append("outer") }
      node.observePeers { _ in
        calls.withLock { $0.append("inner") }
        node.close()
        return true
      }
      Task { try await node.changeState(to: .terminating) }
      return false
    }
    try await node.changeState(to: .participant)
    try await eventually("the inner one closed it") { calls.withLock { $0 } == ["outer", "inner"] }
    let error = await #expect(throws: NodeError.self) {
      try await node.changeState(to: .terminating)
    }
    #expect(error?.code == .closed)
  }

  /// Asks the node for its peers when it goes.
  private final class Farewell: Sendable {
    private let node: Node
    private let seen: Locked<[PeerState]>

    init(_ node: Node, _ seen: Locked<[PeerState]>) {
      self.node = node
      self.seen = seen
    }

    func hear() -> Bool { true }

    deinit {
      let states = node.peers.map(\.state)
      seen.withLock { $0 = states }
    }
  }

  @Test func `An observer that goes with the node may still ask it`() throws {
    let node = try makeNode("node")
    let seen = Locked<[PeerState]>([])
    do {
      let farewell = Farewell(node, seen)
      node.observePeers { _ in farewell.hear() }
    }
    node.close()
    #expect(seen.withLock { $0 } == [.viewer])
  }

  @Test func `A node that is let go of does not wait for an observer`() async throws {
    let gate = Gate()
    defer { gate.open() }
    let isTold = Locked(false)
    var node: Node? = try makeMortalNode("node")
    weak let gone = node
    node?.observePeers { _ in
      gate.pass()
      isTold.withLock { $0 = true }
      return true
    }
    try await node?.changeState(to: .participant)
    try await eventually("it is being told") { gate.hasVisitor }
    node = nil
    #expect(gone == nil && !isTold.withLock { $0 })
  }

  @Test func `After close none is called, also none that was about to be`() async throws {
    for _ in 0..<8 {
      let nodes = try await makeCluster("a", "b")
      let isClosed = Locked(false)
      let isLate = Locked(false)
      nodes[0].observePeers { _ in
        if isClosed.withLock({ $0 }) { isLate.withLock { $0 = true } }
        return true
      }
      async let change: Void? = try? nodes[1].changeState(to: .participant)
      nodes[0].close()
      isClosed.withLock { $0 = true }
      _ = await change
      #expect(!isLate.withLock { $0 })
    }
  }

  @Test func `Participants alone are passed on, and all peers with them`() async throws {
    let nodes = try await makeCluster("a", "b")
    let lists = Locked<[[PeerState]]>([])
    nodes[0].observe(
      ParticipantObserver { peers in
        lists.withLock { $0.append(peers.map(\.state)) }
        return lists.withLock { $0.count } < 2
      }
    )
    let third = try makeNode("c")
    try await third.join([nodes[0].address.description])
    try await nodes[1].changeState(to: .participant)
    try await eventually("b is passed on") { lists.withLock { $0.count } == 1 }
    try await third.leave()
    try await nodes[1].changeState(to: .terminating)
    try await eventually("b is no participant") { lists.withLock { $0.count } == 2 }
    try await nodes[0].changeState(to: .participant)
    third.close()
    #expect(lists.withLock { $0 }.first == [.viewer, .participant, .viewer])
    #expect(lists.withLock { $0 }.count == 2)
  }

  @Test func `Lists come as a sequence, the first one at once, the end with the node`()
    async throws
  {
    let node = try makeNode("node")
    var lists = node.peerLists.makeAsyncIterator()
    #expect(await lists.next()?.map(\.state) == [.viewer])
    try await node.changeState(to: .participant)
    #expect(await lists.next()?.map(\.state) == [.participant])
    node.close()
    #expect(await lists.next() == nil)
  }

  @Test func `A size is waited for`() async throws {
    let nodes = try await makeCluster("a", "b")
    #expect(try await nodes[0].waitForSize(2).map(\.name) == ["a", "b"])
    let waiting = Task { try await nodes[0].waitForSize(3) }
    let third = try makeNode("c")
    defer { third.close() }
    try await third.join([nodes[1].address.description])
    #expect(try await waiting.value.count == 3)
    let late = await #expect(throws: NodeError.self) {
      try await nodes[0].waitForSize(4, timeout: .milliseconds(20))
    }
    #expect(late?.code == .sizeNotReached && late?.value == "4")
    let cancelled = Task { try await nodes[0].waitForSize(4) }
    cancelled.cancel()
    let error = await #expect(throws: NodeError.self) { try await cancelled.value }
    #expect(error?.code == .cancelled)
  }
}
