import Grapevine
import GrapevineTesting
import GrapevineTransport
import Pacing
import Testing

/// Real nodes on a network in memory.
@Suite(.inTurn, .serialized) struct MemoryNodeTests {
  @Test func `eight nodes come together, and a change reaches all`() async throws {
    let cluster = try await MemoryCluster(count: 8)
    defer { cluster.close() }
    let nodes = cluster.nodes
    #expect(nodes.map(\.address.description) == (1...8).map { "10.0.0.\($0):7000" })
    try nodes[0].set("role", "web")
    try await eventually("all know the role") {
      nodes.allSatisfy { $0.text(of: "role", member: "node-0") == "web" }
    }
    #expect(cluster.network.counters.delivered > 0)
    #expect(cluster.network.counters.cutOff == 0)
  }

  @Test func `a node that is closed goes down, and its address refuses`() async throws {
    let cluster = try await MemoryCluster(count: 8)
    defer { cluster.close() }
    let (first, last) = (cluster.nodes[0], cluster.nodes[7])
    let address = last.address.description
    last.close()
    try await eventually("all call it down") {
      cluster.nodes.dropLast().allSatisfy { $0.member(named: "node-7")?.isDown == true }
    }
    let error = await #expect(throws: MemoryNetworkError.self) {
      _ = try await cluster.network.dial(address)
    }
    #expect(error?.code == .refused)
    let failure = await #expect(throws: NodeError.self) { try await first.join([address]) }
    #expect(failure?.failures.map(\.reason) == [.notJoined(.refused)])
    // Datagrams are still sent there for a while, and nobody takes them.
    #expect(cluster.network.counters.unclaimed > 0)
    let next = try cluster.start("node-7") { $0.bind = address }
    #expect(next.address == last.address)
    try await next.join([first.address.description])
    try await eventually("the next process is known") {
      cluster.nodes[3].member(named: "node-7")?.id == next.id
    }
  }

  @Test func `a node that leaves is seen to have left`() async throws {
    let cluster = try await MemoryCluster(count: 4)
    defer { cluster.close() }
    _ = try await cluster.nodes[3].leave(handOver: .zero)
    try await eventually("all see that it has left") {
      cluster.nodes.dropLast().allSatisfy { $0.member(named: "node-3")?.hasLeft == true }
    }
  }

  @Test func `a split is noticed on both sides, and heals`() async throws {
    let cluster = try await MemoryCluster(count: 8)
    defer { cluster.close() }
    let nodes = cluster.nodes
    let cut = try cluster.network.cut(nodes[..<4].map(\.address.description))
    try await eventually("each side sees itself alone") {
      nodes.allSatisfy { $0.liveMemberCount == 4 }
    }
    #expect(cluster.network.counters.cutOff > 0)
    try nodes[0].set("side", "left")
    try await eventually("its own side knows") {
      nodes[3].text(of: "side", member: "node-0") == "left"
    }
    #expect(nodes[7].text(of: "side", member: "node-0") == nil)
    cluster.network.heal(cut)
    try await eventually("all know all again") {
      cluster.isWhole && nodes[7].text(of: "side", member: "node-0") == "left"
    }
  }

  @Test func `a cut can be of one pair, and one way`() async throws {
    let cluster = try await MemoryCluster(count: 3)
    defer { cluster.close() }
    let (first, second) = (cluster.nodes[0], cluster.nodes[1])
    let addresses = (first.address.description, second.address.description)
    try cluster.network.cut([addresses.0], from: [addresses.1], .oneWay)
    let cutOff = cluster.network.counters.cutOff
    try await eventually("something is lost") { cluster.network.counters.cutOff > cutOff + 10 }
    // What one can't say, the third one passes on, and so nobody stays down.
    try first.set("said", "around")
    try await eventually("it gets there") {
      second.text(of: "said", member: "node-0") == "around" && cluster.isWhole
    }
    cluster.network.healAll()
  }

  @Test func `a value that no datagram holds goes by a stream`() async throws {
    let cluster = try await MemoryCluster(count: 3) { $0.gossip.valueSizeLimit = 1 << 20 }
    defer { cluster.close() }
    let value = [UInt8]((0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
    try cluster.nodes[0].set("large", value)
    try await eventually("all hold it") {
      cluster.nodes.allSatisfy { $0.value(of: "large", member: "node-0") == value }
    }
  }

  @Test func `nodes without UDP come together by streams alone`() async throws {
    let cluster = try await MemoryCluster(count: 4) { $0.transport = .streams }
    defer { cluster.close() }
    let cut = try cluster.network.cut([cluster.nodes[3].address.description])
    try await eventually("one is cut off") { cluster.nodes[0].liveMemberCount == 3 }
    cluster.network.heal(cut)
    try await eventually("all know all again") { cluster.isWhole }
    let counters = cluster.network.counters
    #expect(counters.delivered + counters.cutOff + counters.unclaimed == 0)
  }

  @Test func `two networks with the same addresses don't meet`() async throws {
    let first = try await MemoryCluster(count: 3)
    defer { first.close() }
    let second = try await MemoryCluster(count: 2)
    defer { second.close() }
    #expect(first.nodes[1].address == second.nodes[1].address)
    try first.nodes[0].set("network", "first")
    try second.nodes[0].set("network", "second")
    try await eventually("each knows its own") {
      first.nodes.allSatisfy { $0.text(of: "network", member: "node-0") == "first" }
        && second.nodes.allSatisfy { $0.text(of: "network", member: "node-0") == "second" }
        && first.isWhole && second.isWhole
    }
  }

  @Test func `64 nodes on one loop come together`() async throws {
    let loop = try Node.Loop()
    let cluster = try await MemoryCluster(count: 64) {
      $0.loop = loop
      $0.gossip.interval = .milliseconds(200)
    }
    cluster.close()
  }

  @Test func `a node has no socket of the machine`() throws {
    let network = MemoryNetwork()
    let before = socketCount()
    let nodes = try (0..<8).map { try makeNode("node-\($0)", on: network) }
    let after = socketCount()
    for node in nodes { node.close() }
    // Other tests may open some meanwhile, but these would be 16 more.
    #expect(after < before + 16)
  }

  @Test func `addresses are given out, kept apart, and refused in words`() throws {
    let network = MemoryNetwork()
    func start(_ bind: String) throws -> Node {
      try makeNode("node", on: network) { $0.bind = bind }
    }
    let first = try start("10.0.0.2:7000")
    defer { first.close() }
    #expect(first.address.description == "10.0.0.2:7000")
    #expect(throws: NodeError.self) { try start("10.0.0.2:7000") }
    do {
      _ = try start("10.0.0.2:7000")
    } catch let error as NodeError {
      #expect(error.code == .addressInUse)
      #expect(error.description.contains("bind 10.0.0.2:7000"))
    }
    let chosen = try [start("10.0.0.2:0"), start("10.0.0.2:0"), start("[fd00::1]:0")]
    #expect(Set(chosen.map(\.address)).count == 3)
    #expect(chosen.allSatisfy { $0.address.port >= 49_152 })
    let hosts = try [start(":7000"), start("0.0.0.0:7000"), start("[::]:0")]
    // 10.0.0.2 is somebody's already.
    let expected = ["10.0.0.1", "10.0.0.3", "10.0.0.4"]
    #expect(
      hosts.map { "\($0.address)".split(separator: ":").first.map(String.init) } == expected
    )
    var configuration = Node.Configuration()
    configuration.use(network)
    configuration.sockets = BoundSockets(datagrams: -1, listener: -1)
    let error = #expect(throws: NodeError.self) { try Node(configuration) }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.reason.contains("memory network") == true)
    for node in chosen + hosts { node.close() }
  }
}
