import Grapevine
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct SharedLoopTests {
  @Test func `Many nodes on one loop converge`() async throws {
    let loop = try Node.Loop()
    let nodes = try (0..<24).map { index in
      try makeNode("node-\(index)") {
        $0.loop = loop
        // They all join at once, on one thread.
        $0.gossip.streamTimeout = .seconds(20)
      }
    }
    let recorder = Recorder()
    nodes[0].watch(recorder)
    let seed = nodes[0].address.description
    try await withThrowingTaskGroup(of: [String].self) { group in
      for node in nodes.dropFirst() { group.addTask { try await node.join([seed]) } }
      for try await names in group { #expect(names == ["node-0"]) }
    }
    for node in nodes { try node.set("key", node.id.name) }
    try await eventually("all hold all") {
      nodes.allSatisfy { reader in
        nodes.allSatisfy { reader.text(of: "key", member: $0.id.name) == $0.id.name }
      }
    }
    try await eventually("all are the same") { Set(nodes.map(\.fingerprint)).count == 1 }
    #expect(recorder.events.filter { if case .joined = $0 { true } else { false } }.count == 23)
  }

  @Test func `A node that closes leaves the others of its loop alone`() async throws {
    let loop = try Node.Loop()
    let nodes = try await makeCluster("a", "b", "c") { $0.loop = loop }
    nodes[0].close()
    try nodes[1].set("key", "value")
    try await eventually("the others go on") { nodes[2].text(of: "key", member: "b") == "value" }
  }

  @Test func `A loop goes on for as long as a node needs it`() async throws {
    let nodes: [Node]
    do {
      let loop = try Node.Loop()
      nodes = try await makeCluster("a", "b") { $0.loop = loop }
    }
    let recorder = Recorder()
    nodes[0].watch(recorder)
    try nodes[1].set("key", "value")
    try await eventually("the watcher is told") { recorder.events.count == 1 }
  }
}
