import Grapevine
import GrapevineTransport
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct SpreadTests {
  /// Longer than any test takes: only what ends it lets the test go on.
  private let endless = Duration.seconds(3_600)

  @Test func `Alone it returns at once`() async throws {
    let node = try makeNode()
    let version = try node.set("key", "value")
    #expect(try await node.spread(timeout: endless) == version)
  }

  @Test func `It returns when all hold the version`() async throws {
    let nodes = try await makeCluster("a", "b", "c", "d")
    for index in 0..<20 {
      let version = try nodes[3].set("key", "\(index)")
      #expect(try await nodes[3].spread(upTo: version, timeout: endless) == version)
      for node in nodes { #expect(try #require(node.version(of: "d")) >= version) }
    }
  }

  @Test func `Without a version it is all that was set before`() async throws {
    let nodes = try await makeCluster("a", "b")
    // More than packets carry: what is waited for comes by stream.
    let value = [UInt8](repeating: 7, count: 400_000)
    let version = try nodes[1].set("large", value)
    #expect(try await nodes[1].spread(timeout: endless) == version)
    #expect(nodes[0].value(of: "large", member: "b") == value)
  }

  @Test func `Waits side by side each have their own end`() async throws {
    let nodes = try await makeCluster("a", "b", "c")
    let versions = try (0..<8).map { try nodes[2].set("key", "\($0)") }
    try await withThrowingTaskGroup(of: Version.self) { group in
      for version in versions {
        group.addTask { try await nodes[2].spread(upTo: version, timeout: .seconds(30)) }
      }
      var done: [Version] = []
      for try await version in group { done.append(version) }
      #expect(done.sorted() == versions)
    }
  }

  @Test func `Lost packets delay it and no more`() async throws {
    let nodes = try await makeCluster("a", "b", "c", "d") {
      $0.sendLoss = SendLoss(rate: 0.25, seed: 1)
    }
    for index in 0..<5 {
      let version = try nodes[0].set("key", "\(index)")
      try await nodes[0].spread(timeout: .seconds(30))
      for node in nodes { #expect(try #require(node.version(of: "a")) >= version) }
    }
  }

  @Test func `One that does not answer is named when the time is over`() async throws {
    let nodes = try await makeCluster("a", "b", "c") { $0.gossip.interval = .seconds(30) }
    let silent = nodes[0].id
    nodes[0].close()
    let version = try nodes[2].set("key", "value")
    let error = await #expect(throws: NodeError.self) {
      try await nodes[2].spread(timeout: .milliseconds(300))
    }
    #expect(error?.code == .spreadIncomplete)
    #expect(error?.members == [silent])
    #expect(error?.value == "\(version)")
    #expect(error?.reason.contains("a#") == true)
  }

  @Test func `One that goes down is not waited for`() async throws {
    let nodes = try await makeCluster("a", "b", "c")
    nodes[0].close()
    let version = try nodes[2].set("key", "value")
    #expect(try await nodes[2].spread(timeout: .seconds(30)) == version)
    #expect(nodes[1].version(of: "c") == version)
  }

  @Test func `One more than may wait is refused as busy`() async throws {
    let nodes = try await makeCluster("a", "b") {
      $0.gossip.interval = .seconds(30)
      $0.gossip.spreadLimit = 2
    }
    nodes[0].close()
    try nodes[1].set("key", "value")
    let waiting = (0..<2).map { _ in Task { try await nodes[1].spread(timeout: .seconds(3_600)) } }
    try await eventually("both wait") {
      nodes[1].runtime.inspectEngine { engine, _ in engine.spreadCount } == 2
    }
    let error = await #expect(throws: NodeError.self) { try await nodes[1].spread() }
    #expect(error?.code == .busy && error?.value == "1")
    #expect(error?.reason.contains("gossip.spreadLimit") == true)
    waiting[0].cancel()
    _ = try? await waiting[0].value
    let late = await #expect(throws: NodeError.self) {
      try await nodes[1].spread(timeout: .milliseconds(10))
    }
    #expect(late?.code == .spreadIncomplete)
    waiting[1].cancel()
  }

  @Test func `A version that does not exist yet is refused`() async throws {
    let nodes = try await makeCluster("a", "b")
    let version = try nodes[1].set("key", "value")
    let error = await #expect(throws: NodeError.self) {
      try await nodes[1].spread(upTo: version + 1)
    }
    #expect(error?.code == .invalidChange)
    #expect(error?.value == "\(version + 1)")
  }

  @Test func `Cancelling its task ends it`() async throws {
    let nodes = try await makeCluster("a", "b") { $0.gossip.interval = .seconds(30) }
    nodes[0].close()
    try nodes[1].set("key", "value")
    let waiting = Task { try await nodes[1].spread(timeout: endless) }
    waiting.cancel()
    let error = await #expect(throws: NodeError.self) { try await waiting.value }
    #expect(error?.code == .cancelled)
  }

  @Test func `Closing the node ends it, and after leaving it is refused`() async throws {
    let nodes = try await makeCluster("a", "b", "c") { $0.gossip.interval = .seconds(30) }
    nodes[0].close()
    try nodes[1].set("key", "value")
    let waiting = Task { try await nodes[1].spread(timeout: endless) }
    try await eventually("it asks") { nodes[1].metrics.requestsOut > 0 }
    nodes[1].close()
    let error = await #expect(throws: NodeError.self) { try await waiting.value }
    #expect(error?.code == .closed)
    // Nobody is left to take note of it.
    _ = try? await nodes[2].leave()
    let refusal = await #expect(throws: NodeError.self) { try await nodes[2].spread() }
    #expect(refusal?.code == .left)
  }
}
