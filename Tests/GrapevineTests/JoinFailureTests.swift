import Grapevine
import GrapevineTransport
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct JoinFailureTests {
  @Test func `A closed port refuses`() async throws {
    let peer = StrangePeer(.closed)
    let node = try makeNode()
    let failure = try await onlyFailure(of: node, joining: peer.address)
    #expect(failure.address == peer.address)
    #expect(failure.endpoint?.description == peer.address)
    #expect(failure.reason == .notJoined(.refused))
  }

  @Test func `A port that says nothing costs the stream's time`() async throws {
    let peer = StrangePeer(.silent)
    let node = try makeNode { $0.gossip.streamTimeout = .milliseconds(300) }
    let start = ContinuousClock.now
    let failure = try await onlyFailure(of: node, joining: peer.address)
    #expect(failure.reason == .notJoined(.timedOut))
    #expect(start.duration(to: .now) < .seconds(55))
  }

  @Test(arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "\0\0\0\0\0\0\0\0", "\u{ff}\u{7f}garbage"])
  func `A port that answers garbage is told apart`(_ answer: String) async throws {
    let peer = StrangePeer(.silent)
    let gate = Gate()
    defer { gate.open() }
    try NativeThread.start(name: "strange") {
      peer.answer(with: Array(answer.utf8), keepingOpenUntil: gate)
    }
    let node = try makeNode { $0.gossip.streamTimeout = .seconds(1) }
    let failure = try await onlyFailure(of: node, joining: peer.address)
    #expect(failure.reason == .notJoined(.notGrapevine))
  }

  @Test func `A name that does not resolve is named`() async throws {
    let failure = try await onlyFailure(of: try makeNode(), joining: "no-such-host.invalid")
    #expect(failure.address == "no-such-host.invalid")
    #expect(failure.endpoint == nil)
    guard case .unresolved = failure.reason else {
      Issue.record("\(failure)")
      return
    }
  }

  @Test func `An address that does not parse is named`() async throws {
    let failure = try await onlyFailure(of: try makeNode(), joining: "not an address")
    #expect(failure.address == "not an address")
    #expect(failure.endpoint == nil)
    #expect(failure.reason == .malformed(rule: PeerAddress.rule))
    #expect(failure.description.contains("not an address"))
  }

  @Test func `One that fails does not discard one that succeeds`() async throws {
    let peer = StrangePeer(.closed)
    let a = try makeNode("a")
    let b = try makeNode("b")
    let addresses = [peer.address, "no address", a.address.description, "no-such-host.invalid"]
    #expect(try await b.join(addresses) == ["a"])
  }

  @Test func `Where none succeeds each has its reason`() async throws {
    let peer = StrangePeer(.closed)
    let node = try makeNode()
    let addresses = ["no address", peer.address, "no-such-host.invalid"]
    let error = await #expect(throws: NodeError.self) { try await node.join(addresses) }
    #expect(error?.code == .joinFailed)
    #expect(error?.failures.map(\.address) == addresses)
    for address in addresses { #expect(error?.description.contains(address) == true) }
  }

  @Test func `A deadline ends the wait and keeps what was joined`() async throws {
    let peer = StrangePeer(.silent)
    let a = try makeNode("a")
    let b = try makeNode("b") { $0.gossip.streamTimeout = .seconds(60) }
    let error = await #expect(throws: NodeError.self) {
      try await b.join([peer.address], timeout: .milliseconds(200))
    }
    #expect(error?.code == .joinFailed)
    #expect(error?.failures.map(\.reason) == [.deadlinePassed])
    let addresses = [peer.address, a.address.description]
    #expect(try await b.join(addresses, timeout: .seconds(2)) == ["a"])
  }

  @Test func `Cancelling the task ends the wait`() async throws {
    let peer = StrangePeer(.silent)
    let node = try makeNode { $0.gossip.streamTimeout = .seconds(60) }
    let task = Task { try await node.join([peer.address]) }
    try await eventually("the stream is opened") { node.metrics.streamsOut > 0 }
    task.cancel()
    let error = await #expect(throws: NodeError.self) { try await task.value }
    #expect(error?.code == .cancelled)
    try node.set("still", "working")
  }

  @Test func `Closing the node ends the wait`() async throws {
    let peer = StrangePeer(.silent)
    let node = try makeNode { $0.gossip.streamTimeout = .seconds(60) }
    let task = Task { try await node.join([peer.address]) }
    try await eventually("the stream is opened") { node.metrics.streamsOut > 0 }
    node.close()
    let error = await #expect(throws: NodeError.self) { try await task.value }
    #expect(error?.code == .closed)
  }

  private func onlyFailure(of node: Node, joining address: String) async throws -> AddressFailure {
    let error = await #expect(throws: NodeError.self) { try await node.join([address]) }
    #expect(error?.code == .joinFailed)
    #expect(error?.value == address)
    #expect(error?.failures.count == 1)
    try node.set("still", "working")
    return try #require(error?.failures.first)
  }
}
