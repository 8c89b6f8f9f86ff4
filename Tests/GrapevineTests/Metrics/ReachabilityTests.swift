import Grapevine
import Pacing
import Testing

/// Trying in every way to reach a member, on real sockets.
@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct ReachabilityTests {
  @Test func `a member that is well answers in every way`() async throws {
    let nodes = try await makeCluster("a", "b", "c", "d")
    try await eventually("a knows all") { nodes[0].liveMemberCount == 4 }
    let found = try await nodes[0].reachability(of: "b", timeout: .seconds(30))
    #expect(found.isFull && found.id == nodes[1].id)
    #expect(found.relays.count == 2 && Set(found.reachedBy) == Set(found.relays))
    #expect(found.packets.map { $0 > .zero && $0 < .seconds(30) } == true)
    #expect(nodes[0].metrics.peers[0].roundTrip != nil)
    #expect("\(found)".hasPrefix("\(nodes[1].id): packets "))
  }

  @Test func `a member whose packets are cut off is reached by way of the others`() async throws {
    let nodes = try await makeCluster("a", "b", "c")
    try await eventually("a knows all") { nodes[0].liveMemberCount == 3 }
    nodes[0].runtime.setUnreachable([nodes[1].address])
    let found = try await nodes[0].reachability(of: "b", timeout: .seconds(3))
    #expect(found.packets == nil && found.stream == nil)
    #expect(found.reachedBy == [nodes[2].id] && found.relays == [nodes[2].id])
    #expect(found.silence != nil)
  }

  @Test func `what can't be tried is said`() async throws {
    let nodes = try await makeCluster("a", "b")
    for name in ["a", "nobody", ""] {
      let error = await #expect(throws: NodeError.self) {
        try await nodes[0].reachability(of: name)
      }
      #expect(error?.code == .unknownMember && error?.value == name)
    }
    let task = Task {
      nodes[0].runtime.setUnreachable([nodes[1].address])
      return try await nodes[0].reachability(of: "b", timeout: .seconds(600))
    }
    task.cancel()
    let cancelled = await #expect(throws: NodeError.self) { try await task.value }
    #expect(cancelled?.code == .cancelled)
    let waiting = Task { try await nodes[0].reachability(of: "b", timeout: .seconds(600)) }
    await Task.yield()
    nodes[0].close()
    let closed = await #expect(throws: NodeError.self) { try await waiting.value }
    #expect(closed?.code == .closed)
  }
}
