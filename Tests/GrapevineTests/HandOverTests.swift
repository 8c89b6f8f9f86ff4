import Grapevine
import GrapevineTransport
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct HandOverTests {
  /// Longer than any test takes: only what ends it lets the test go on.
  private let endless = Duration.seconds(3_600)

  @Test func `Others see who is about to leave, and it goes on`() async throws {
    let nodes = try await makeCluster("a", "b", "c")
    #expect(nodes.allSatisfy { $0.member(named: "c")?.isLeaving == false })
    let recorder = Recorder()
    nodes[0].watch(recorder)
    try nodes[2].announceLeaving()
    try nodes[2].announceLeaving()
    #expect(nodes[2].localMember.isLeaving)
    try await eventually("the others see it") {
      nodes.allSatisfy { $0.member(named: "c")?.isLeaving == true }
    }
    try nodes[2].set("key", "handed over")
    try await eventually("writes arrive") {
      nodes.allSatisfy { $0.text(of: "key", member: "c") == "handed over" }
    }
    for node in nodes {
      let member = try #require(node.member(named: "c"))
      #expect(member.isLive && !member.hasLeft && member.expiry == nil)
      // The announcement is no entry of the user's.
      #expect(member.entries.map(\.key) == ["key"])
      #expect(node.liveMemberCount == 3)
    }
    let id = nodes[2].id
    try await eventually("the watcher is told") { recorder.events.count == 2 }
    #expect(recorder.events.first == .leaving(id))
    #expect(recorder.events.last?.description == "\(id) set key=handed over@2")
  }

  @Test func `During the hand-over writes are possible, after it they are not`() async throws {
    let nodes = try await makeCluster("a", "b")
    let leaving = Task { try await nodes[1].leave(handOver: .milliseconds(300)) }
    try await eventually("a sees it") { nodes[0].member(named: "b")?.isLeaving == true }
    #expect(nodes[0].member(named: "b")?.hasLeft == false)
    try nodes[1].set("key", "value")
    try await eventually("the write arrives") { nodes[0].text(of: "key", member: "b") == "value" }
    let report = try await leaving.value
    #expect(report.acknowledged == [nodes[0].id])
    try await eventually("a knows") { nodes[0].member(named: "b")?.hasLeft == true }
    #expect(nodes[0].member(named: "b")?.isLeaving == false)
    let error = #expect(throws: NodeError.self) { try nodes[1].set("key", "other") }
    #expect(error?.code == .left)
    let announcement = #expect(throws: NodeError.self) { try nodes[1].announceLeaving() }
    #expect(announcement?.code == .left)
  }

  @Test func `It lasts as long as it was asked to`() async throws {
    let nodes = try await makeCluster("a", "b")
    let start = ContinuousClock.now
    try await nodes[1].leave(handOver: .milliseconds(200))
    #expect(start.duration(to: .now) >= .milliseconds(200))
  }

  @Test func `Alone there is nobody to hand over to`() async throws {
    let node = try makeNode()
    #expect(try await node.leave(handOver: endless) == LeaveReport(asked: [], acknowledged: []))
    #expect(node.localMember.hasLeft)
  }

  @Test func `One that is cancelled has not left`() async throws {
    let nodes = try await makeCluster("a", "b")
    let leaving = Task { try await nodes[1].leave(handOver: endless) }
    try await eventually("a sees it") { nodes[0].member(named: "b")?.isLeaving == true }
    leaving.cancel()
    let error = await #expect(throws: NodeError.self) { try await leaving.value }
    #expect(error?.code == .cancelled)
    #expect(!nodes[1].localMember.hasLeft)
    #expect(nodes[1].localMember.isLeaving)
    try nodes[1].set("key", "value")
    #expect(try await nodes[1].leave().acknowledged == [nodes[0].id])
  }

  @Test func `A call that does not wait ends the wait of others`() async throws {
    let nodes = try await makeCluster("a", "b")
    let waiting = (0..<2).map { _ in Task { try await nodes[1].leave(handOver: endless) } }
    try await eventually("a sees it") { nodes[0].member(named: "b")?.isLeaving == true }
    let report = try await nodes[1].leave()
    #expect(report.acknowledged == [nodes[0].id])
    for task in waiting { #expect(try await task.value == report) }
  }

  @Test func `Closing ends it`() async throws {
    let nodes = try await makeCluster("a", "b")
    let leaving = Task { try await nodes[1].leave(handOver: endless) }
    try await eventually("a sees it") { nodes[0].member(named: "b")?.isLeaving == true }
    nodes[1].close()
    let error = await #expect(throws: NodeError.self) { try await leaving.value }
    #expect(error?.code == .closed)
    let announcement = #expect(throws: NodeError.self) { try nodes[1].announceLeaving() }
    #expect(announcement?.code == .closed)
  }
}
