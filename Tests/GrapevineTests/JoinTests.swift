import Grapevine
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct JoinTests {
  @Test func `Two nodes see each other's keys`() async throws {
    let a = try makeNode("a")
    let b = try makeNode("b")
    try a.set("before", "1")
    try b.set("before", "2")
    #expect(try await b.join([a.address.description]) == ["a"])
    // Joining exchanges everything, so what was there before is there when it returns.
    #expect(b.text(of: "before", member: "a") == "1")
    try await eventually("a has b's key") { a.text(of: "before", member: "b") == "2" }
    try a.set("after", "3")
    try b.set("after", "4")
    try await eventually("the keys cross") {
      b.text(of: "after", member: "a") == "3" && a.text(of: "after", member: "b") == "4"
    }
    #expect(a.members.map(\.name) == ["a", "b"])
    #expect(a.members.map(\.isSelf) == [true, false])
    #expect(a.memberSummaries.map(\.name) == ["a", "b"])
    #expect(a.members.allSatisfy { $0.isLive })
    #expect(a.memberCount == 2)
    try await eventually("both hold the same") { a.fingerprint == b.fingerprint }
    try await eventually("packets flow") { a.metrics.packetsOut > 0 }
    #expect(b.metrics.streamsOut > 0)
  }

  @Test func `Three nodes find each other through one`() async throws {
    let nodes = try await makeCluster("a", "b", "c")
    for node in nodes { try node.set("name", node.id.name) }
    try await eventually("all have all keys") {
      nodes.allSatisfy { reader in
        ["a", "b", "c"].allSatisfy { reader.text(of: "name", member: $0) == $0 }
      }
    }
  }

  @Test func `A value larger than a packet arrives`() async throws {
    let nodes = try await makeCluster("a", "b")
    let value = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try nodes[0].set("large", value)
    try nodes[0].set("small", "too")
    try await eventually("b has the value") { nodes[1].value(of: "large", member: "a") == value }
    try await eventually("b has the other") { nodes[1].text(of: "small", member: "a") == "too" }
  }

  @Test func `Nodes on IPv6 find each other`() async throws {
    let nodes = try await makeCluster("a", "b") { $0.bind = "[::1]:0" }
    #expect(nodes[0].address.isIPv6)
    try nodes[0].set("key", "value")
    try await eventually("b has the key") { nodes[1].text(of: "key", member: "a") == "value" }
  }

  @Test func `A node on all addresses takes IPv4 and IPv6`() async throws {
    let all = try makeNode("all") { $0.bind = ":0" }
    let four = try makeNode("four")
    let six = try makeNode("six") { $0.bind = "[::1]:0" }
    #expect(try await four.join(["127.0.0.1:\(all.address.port)"]) == ["all"])
    #expect(try await six.join(["[::1]:\(all.address.port)"]) == ["all"])
  }

  @Test func `A host name is resolved`() async throws {
    let a = try makeNode("a")
    let b = try makeNode("b")
    #expect(try await b.join(["localhost:\(a.address.port)"]) == ["a"])
  }

  @Test func `Joining again and twice at once is fine`() async throws {
    let a = try makeNode("a")
    let b = try makeNode("b")
    let address = a.address.description
    #expect(try await b.join([address, address]) == ["a"])
    #expect(try await b.join([address]) == ["a"])
    async let first = b.join([address])
    async let second = b.join([address])
    #expect(try await [first, second] == [["a"], ["a"]])
  }

  @Test func `No address and one's own give an empty result`() async throws {
    let node = try makeNode { $0.bind = ":0" }
    let port = node.address.port
    #expect(try await node.join([]) == [])
    #expect(try await node.join([node.address.description]) == [])
    #expect(try await node.join(["127.0.0.1:\(port)", "127.0.0.1"]) == [])
    // Without a port it is the node's own.
    #expect(try await node.join(["localhost"]) == [])
    #expect(node.memberCount == 1)
  }

  @Test func `A later life of a name takes the place of the earlier`() async throws {
    let a = try makeNode("a")
    let recorder = Recorder()
    a.watch(recorder)
    let address: String
    do {
      let first = try makeNode("b") { $0.generation = 1 }
      address = first.address.description
      try first.set("key", "first")
      try await first.join([a.address.description])
      try await eventually("a has the key") { a.text(of: "key", member: "b") == "first" }
      first.close()
    }
    let second = try makeNode("b") {
      $0.generation = 2
      $0.bind = address
    }
    try await second.join([a.address.description])
    try await eventually("a knows the later life alone") { a.member(named: "b")?.generation == 2 }
    #expect(a.value(of: "key", member: "b") == nil)
    #expect(a.memberCount == 2)
    let lives = [1, 2].map { MemberID(name: "b", generation: $0) }
    try await eventually("the watcher is told") {
      recorder.events.contains(.replaced(lives[0], by: lives[1]))
    }
  }

  @Test func `A name that a live node has is not to be had`() async throws {
    let nodes = try await makeCluster("a", "b")
    let first = Recorder()
    nodes[1].watch(first)
    let second = Recorder()
    let twin = try makeNode("b") { $0.generation = 1 }
    let twinID = twin.id
    twin.watch(second)
    let error = await #expect(throws: NodeError.self) {
      try await twin.join([nodes[0].address.description])
    }
    #expect(error?.code == .joinFailed)
    let taken = JoinFailure.nameTaken(by: nodes[1].id, at: nodes[1].address)
    #expect(error?.failures.map(\.reason) == [.notJoined(taken)])
    try await eventually("both are told") {
      first.conflicts == [twinID] && second.conflicts == [nodes[1].id]
    }
    let refusal = #expect(throws: NodeError.self) { try twin.set("key", "value") }
    #expect(refusal?.code == .nameTaken)
    #expect(refusal?.value == nodes[1].id.description)
    for refused in [{ try twin.announceLeaving() }, { _ = try await twin.spread() }]
      as [@Sendable () async throws -> Void]
    {
      let error = await #expect(throws: NodeError.self) { try await refused() }
      #expect(error?.code == .nameTaken)
    }
    try nodes[1].set("still", "here")
    try await eventually("the first goes on") { nodes[0].text(of: "still", member: "b") == "here" }
    #expect(nodes[0].member(named: "b")?.generation == nodes[1].id.generation)
  }

  @Test(
    arguments: [("one", "two"), ("one", nil), (nil, "two")] as [(String?, String?)]
  )
  func `Nodes with different labels never merge`(_ first: String?, _ second: String?) async throws {
    let a = try makeNode("a") { $0.gossip.label = first }
    let b = try makeNode("b") { $0.gossip.label = second }
    for (node, other) in [(a, b), (b, a)] {
      let error = await #expect(throws: NodeError.self) {
        try await node.join([other.address.description])
      }
      #expect(error?.code == .joinFailed)
      #expect(error?.failures.map(\.address) == [other.address.description])
    }
    // The addresses are remembered as seeds, so packets go on to cross, and to be dropped.
    try await eventually("packets are dropped") {
      a.metrics.drops[.wrongLabel] > 0 && b.metrics.drops[.wrongLabel] > 0
    }
    #expect(a.memberCount == 1)
    #expect(b.memberCount == 1)
  }

  @Test func `Nodes with one label merge`() async throws {
    _ = try await makeCluster("a", "b") { $0.gossip.label = "one" }
  }
}
