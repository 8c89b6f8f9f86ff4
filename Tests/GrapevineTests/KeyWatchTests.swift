import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// Hearing of some keys only, and waiting for them.
@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct KeyWatchTests {
  @Test func `keys with a prefix are told, set and deleted, and no others`() async throws {
    let nodes = try await makeCluster("a", "b")
    let changes = Locked<[KeyChange]>([])
    nodes[0].watch(.keys(withPrefix: "web/")) { change in changes.withLock { $0.append(change) } }
    try nodes[1].update([
      .set("web/1", to: "x"), .set("we", to: "y"), .set("web/", to: "z"), .set("Web/2", to: "v"),
    ])
    try nodes[1].delete("web/1")
    try nodes[1].set("last", "1")
    try await eventually("all came") { nodes[0].text(of: "last", member: "b") == "1" }
    try nodes[1].set("web/end", "1")
    try await eventually("the end is told") {
      changes.withLock { $0.last?.key == "web/end" }
    }
    let told = changes.withLock { $0 }
    #expect(told.allSatisfy { $0.member == nodes[1].id })
    #expect(told.contains { $0.key == "web/" && $0.text == "z" })
    // The first value may have been overwritten before it was told.
    #expect(told.last { $0.key == "web/1" }.map { $0.value == nil } ?? true)
    #expect(Set(told.map(\.key)).isSubset(of: ["web/1", "web/", "web/end"]))
  }

  @Test func `a member is waited for until it is live and has the keys`() async throws {
    let a = try makeNode("a")
    async let ready = a.waitForKeys(["port", "role"], of: "b")
    let b = try makeNode("b")
    try b.set("port", "80")
    try await b.join([a.address.description])
    try await eventually("a has one") { a.text(of: "port", member: "b") == "80" }
    #expect(a.liveMembers(withKeys: ["port"]).map(\.name) == ["b"])
    #expect(a.liveMembers(withKeys: ["port", "role"]).isEmpty)
    #expect(a.liveMembers(withKeys: []).map(\.name) == ["a", "b"])
    try b.set("role", "web")
    let member = try await ready
    #expect(member.id == b.id && member["role"] == Array("web".utf8))
    // What is so already is not waited for, also of the node itself.
    #expect(try await b.waitForKeys(["role"], of: "b", timeout: .zero).isSelf)
  }

  @Test func `what is missing when the time is over is said`() async throws {
    let nodes = try await makeCluster("a", "b")
    func reason(_ keys: Set<String>, _ name: String) async -> String? {
      let error = await #expect(throws: NodeError.self) {
        try await nodes[0].waitForKeys(keys, of: name, timeout: .milliseconds(1))
      }
      #expect(error?.code == .keysMissing && error?.value == name)
      return error?.reason
    }
    #expect(await reason(["y", "x"], "b")?.hasSuffix("no value for: x, y") == true)
    #expect(await reason([], "c")?.hasSuffix("no member of that name is known") == true)
    let own = await #expect(throws: NodeError.self) {
      try await nodes[0].waitForKeys(["x"], of: "a", timeout: .seconds(Int64.max))
    }
    #expect(own?.reason.hasPrefix("of this node itself") == true)
    let longest = Task {
      try await nodes[0].waitForKeys(["x"], of: "b", timeout: .seconds(Int64.max))
    }
    longest.cancel()
    #expect(await #expect(throws: NodeError.self) { try await longest.value }?.code == .cancelled)
    try await nodes[1].leave()
    try await eventually("a knows") { nodes[0].member(named: "b")?.hasLeft == true }
    #expect(await reason([], "b")?.hasSuffix("it has left") == true)
    let task = Task { try await nodes[0].waitForKeys(["x"], of: "d") }
    task.cancel()
    #expect(await #expect(throws: NodeError.self) { try await task.value }?.code == .cancelled)
    let waiting = Task { try await nodes[0].waitForKeys(["x"], of: "d") }
    await Task.yield()
    nodes[0].close()
    #expect(await #expect(throws: NodeError.self) { try await waiting.value }?.code == .closed)
  }
}
