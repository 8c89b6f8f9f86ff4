import Grapevine
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct StatusTests {
  @Test func `A node takes part until it leaves or is closed`() async throws {
    let nodes = try await makeCluster("a", "b")
    #expect(nodes.map(\.status) == [.active, .active])
    try nodes[0].announceLeaving()
    #expect(nodes[0].status == .active)
    try await nodes[0].leave()
    #expect(nodes[0].status == .left && "\(nodes[0].status)" == "left")
    nodes[0].close()
    nodes[1].close()
    #expect(nodes.map(\.status) == [.closed, .closed])
  }

  @Test func `Who loses its name says who has it`() async throws {
    let old = try makeNode("name") { $0.generation = 1 }
    let new = try makeNode("name") { $0.generation = 2 }
    _ = try? await old.join([new.address.description])
    _ = try? await new.join([old.address.description])
    try await eventually("one has lost it") { [old, new].contains { $0.status != .active } }
    let (loser, winner) = old.status == .active ? (new, old) : (old, new)
    #expect(loser.status == .nameTaken(by: winner.id))
    #expect("\(loser.status)" == "name taken by \(winner.id)")
    #expect(winner.status == .active)
  }
}
