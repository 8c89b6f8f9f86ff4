import Grapevine
import Pacing
import Testing

/// Faults that evaluations make on purpose, since the loopback has none of its own.
@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct FaultTests {
  private func failure(of node: Node, joining other: Node) async -> AddressFailure? {
    do {
      try await node.join([other.address.description])
      return nil
    } catch {
      return error.failures.first
    }
  }

  @Test func `A silent node neither answers nor refuses, a closed one refuses`() async throws {
    let silent = try makeNode("silent")
    let other = try makeNode("other") { $0.gossip.streamTimeout = .milliseconds(300) }
    silent.fallSilent()
    #expect(await failure(of: other, joining: silent)?.reason == .notJoined(.timedOut))
    #expect(other.memberCount == 1)
    silent.close()
    // A process that another test is about to start has the socket until it is its own program.
    var reason = await failure(of: other, joining: silent)?.reason
    for _ in 0..<20 where reason != .notJoined(.refused) {
      reason = await failure(of: other, joining: silent)?.reason
    }
    #expect(reason == .notJoined(.refused))
  }

  @Test func `A silent node can be read, sends nothing, and gives its address back`() async throws {
    let nodes = try await makeCluster("a", "b")
    nodes[0].fallSilent()
    let sent = nodes[0].metrics.packetsOut
    try nodes[0].set("key", "unheard")
    #expect(nodes[0].liveMemberCount == 2)
    try await eventually("the other goes on") { nodes[1].metrics.packetsOut > 20 }
    #expect(nodes[0].metrics.packetsOut == sent)
    #expect(nodes[1].text(of: "key", member: "a") == nil)
    let address = nodes[0].address.description
    nodes[0].close()
    nodes[0].close()
    let next = try makeNode("next") { $0.bind = address }
    #expect(try await next.join([nodes[1].address.description]) == ["b"])
  }

  @Test func `What is out of reach gets no packet until it is in reach again`() async throws {
    let nodes = try await makeCluster("a", "b")
    nodes[0].setUnreachable([nodes[1].address])
    nodes[1].setUnreachable([nodes[0].address])
    try nodes[0].set("key", "value")
    let sent = nodes[0].metrics.packetsOut
    try await eventually("a sends in vain") { nodes[0].metrics.packetsOut > sent + 5 }
    #expect(nodes[1].text(of: "key", member: "a") == nil)
    for node in nodes { node.setUnreachable([]) }
    try await eventually("b hears of it") { nodes[1].text(of: "key", member: "a") == "value" }
  }

  @Test func `Connecting to what is out of reach takes the stream's time`() async throws {
    let target = try makeNode("target")
    let node = try makeNode("node") { $0.gossip.streamTimeout = .milliseconds(300) }
    node.setUnreachable([target.address])
    #expect(await failure(of: node, joining: target)?.reason == .notJoined(.timedOut))
    node.setUnreachable([])
    #expect(try await node.join([target.address.description]) == ["target"])
  }
}
