import Grapevine
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct LeaveTests {
  @Test func `Alone a node leaves at once`() async throws {
    let node = try makeNode()
    #expect(try await node.leave() == LeaveReport(asked: [], acknowledged: []))
    #expect(node.localMember.hasLeft)
  }

  @Test func `The report says who was asked and who acknowledged`() async throws {
    let nodes = try await makeCluster("a", "b", "c")
    let report = try await nodes[2].leave()
    #expect(report.asked.sorted() == [nodes[0].id, nodes[1].id])
    #expect(!report.acknowledged.isEmpty)
    #expect(Set(report.acknowledged).isSubset(of: report.asked))
    try await eventually("the others know") {
      nodes[0...1].allSatisfy { $0.member(named: "c")?.hasLeft == true }
    }
    #expect(nodes[0].member(named: "c")?.isLive == false)
    #expect(nodes[0].member(named: "c")?.expiry != nil)
    #expect(nodes[0].liveMemberCount == 2)
  }

  @Test func `Of many members at most three are asked`() async throws {
    let nodes = try await makeCluster("a", "b", "c", "d", "e")
    let report = try await nodes[4].leave()
    #expect(report.asked.count == 3)
    try await eventually("all know") {
      nodes[0...3].allSatisfy { $0.member(named: "e")?.hasLeft == true }
    }
  }

  @Test func `A second call gives the same report`() async throws {
    let nodes = try await makeCluster("a", "b")
    async let first = nodes[1].leave()
    async let second = nodes[1].leave()
    let reports = try await [first, second]
    #expect(reports[0] == reports[1])
    #expect(try await nodes[1].leave() == reports[0])
  }

  @Test func `After it the state can't change and nobody is joined`() async throws {
    let nodes = try await makeCluster("a", "b")
    try await nodes[1].leave()
    for change in [Change.set("key", to: "value"), .delete(key: "key")] {
      let error = #expect(throws: NodeError.self) { try nodes[1].update([change]) }
      #expect(error?.code == .left)
      #expect(error?.value == "b")
    }
    let error = await #expect(throws: NodeError.self) {
      try await nodes[1].join([nodes[0].address.description])
    }
    #expect(error?.code == .left)
    #expect(nodes[1].memberCount == 2)
  }

  @Test func `It throws if nobody acknowledges`() async throws {
    let nodes = try await makeCluster("a", "b")
    nodes[0].close()
    let error = await #expect(throws: NodeError.self) { try await nodes[1].leave() }
    #expect(error?.code == .leaveFailed)
    #expect(error?.value.contains("a#") == true)
    #expect(nodes[1].localMember.hasLeft)
  }

  @Test func `One who left is forgotten after its time`() async throws {
    let nodes = try await makeCluster("a", "b") { $0.gossip.memberExpiry = .milliseconds(300) }
    let recorder = Recorder()
    nodes[0].watch(recorder)
    try await nodes[1].leave()
    try await eventually("b is forgotten") { nodes[0].memberCount == 1 }
    let id = nodes[1].id
    try await eventually("the watcher is told") { recorder.events == [.left(id), .expired(id)] }
  }
}

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct CloseTests {
  @Test func `Closing twice is harmless`() throws {
    let node = try makeNode()
    node.close()
    node.close()
  }

  @Test func `After it writes throw and reads give what was known`() async throws {
    let nodes = try await makeCluster("a", "b")
    try nodes[1].set("key", "value")
    nodes[1].close()
    for change in [Change.set("key", to: "value"), .delete(key: "key")] {
      let error = #expect(throws: NodeError.self) { try nodes[1].update([change]) }
      #expect(error?.code == .closed)
      #expect(error?.value == "b")
    }
    let joinError = await #expect(throws: NodeError.self) { try await nodes[1].join(["127.0.0.1"]) }
    #expect(joinError?.code == .closed)
    let leaveError = await #expect(throws: NodeError.self) { try await nodes[1].leave() }
    #expect(leaveError?.code == .closed)
    #expect(nodes[1].text(of: "key", member: "b") == "value")
    #expect(nodes[1].members.map(\.name) == ["a", "b"])
    #expect(nodes[1].metrics.streamsOut > 0)
    let recorder = Recorder()
    #expect(nodes[1].watch(recorder).members.count == 2)
    var iterator = nodes[1].events().makeAsyncIterator()
    #expect(await iterator.next() == nil)
  }

  @Test func `A node that is let go of stops by itself`() async throws {
    var node: Node? = try makeMortalNode()
    let address = try #require(node?.address.description)
    weak let watched = node
    node?.watch(Recorder())
    let stream = node?.events()
    #expect(throws: NodeError.self) { try makeNode { $0.bind = address } }
    node = nil
    #expect(watched == nil)
    // The port is free again, though somebody still holds the stream.
    _ = try makeNode { $0.bind = address }
    var iterator = try #require(stream).makeAsyncIterator()
    #expect(await iterator.next() == nil)
  }
}
