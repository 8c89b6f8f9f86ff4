import Foundation
import Grapevine
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct CodableTests {
  @Test func `Members and metrics survive a round trip`() async throws {
    let nodes = try await makeCluster("a", "b")
    try nodes[1].update([.set("key", to: "värde"), .set("gone", to: "x"), .delete(key: "gone")])
    try await eventually("a has the keys") { nodes[0].version(of: "b") == 3 }
    try await nodes[1].leave()
    try await eventually("a knows") { nodes[0].member(named: "b")?.hasLeft == true }
    try expectRoundTrip(nodes[0].members)
    try expectRoundTrip(nodes[0].metrics)
    try expectRoundTrip(nodes[0].id)
    try expectRoundTrip(nodes[0].address)
  }

  @Test func `Notices and reports survive a round trip`() throws {
    let id = MemberID(name: "b", generation: .max)
    let address = Endpoint(ipv6: 1, 2, port: 3)
    let events: [Event] = [
      .joined(id), .left(id), .down(id), .up(id), .expired(id),
      .keySet(id, Entry(key: "é", value: [0, 255], version: 1)),
      .keyDeleted(id, key: "é", version: 2), .replaced(id, by: id),
      .nameConflict(own: id, rival: id, address: address),
    ]
    try expectRoundTrip(events)
    try expectRoundTrip(events.map(Notice.event))
    try expectRoundTrip(Notice.missed(count: 7, members: []))
    try expectRoundTrip(LeaveReport(asked: [id, id], acknowledged: [id]))
    try expectRoundTrip(LogLevel.allCases)
  }

  @Test func `Public values print themselves`() {
    let id = MemberID(name: "b", generation: 7)
    #expect(Notice.event(.left(id)).description == "b#7 left")
    #expect(Notice.missed(count: 3, members: []).description == "3 events missed; 0 members known")
    #expect(LeaveReport(asked: [], acknowledged: []).description == "there was nobody to tell")
    #expect(
      LeaveReport(asked: [id, id], acknowledged: [id]).description == "1 of 2 acknowledged: b#7"
    )
    #expect(NodeError.Code.addressInUse.description == "addressInUse")
    #expect(LogLevel.warning.description == "warning")
  }

  private func expectRoundTrip<Value: Codable & Equatable>(_ value: Value) throws {
    let data = try JSONEncoder().encode(value)
    #expect(try JSONDecoder().decode(Value.self, from: data) == value)
  }
}
