import Grapevine
import Pacing
import Testing

@Suite(.inTurn, .nodesStay) struct StateTests {
  @Test func `What was set is read back at once`() throws {
    let node = try makeNode("alone")
    #expect(try node.set("text", "värde") == 1)
    #expect(try node.set("bytes", [0, 255]) == 2)
    #expect(node.text(of: "text", member: "alone") == "värde")
    #expect(node.value(of: "bytes", member: "alone") == [0, 255])
    #expect(node.entry(of: "bytes", member: "alone")?.version == 2)
    #expect(node.localMember["bytes"] == [0, 255])
    #expect(node.localMember.isSelf)
    #expect(node.localMember == node.member(named: "alone"))
    #expect(node.members == [node.localMember])
    #expect(node.memberSummaries.map(\.name) == ["alone"])
    #expect(node.memberSummaries.allSatisfy { $0.entries.isEmpty })
    #expect(node.version(of: "alone") == 2)
  }

  @Test func `Setting the same value again changes nothing`() throws {
    let node = try makeNode()
    #expect(try node.set("key", "value") == 1)
    #expect(try node.set("key", "value") == 1)
    #expect(try node.set("key", "other") == 2)
  }

  @Test func `A deleted key is gone and can be set to nothing`() throws {
    let node = try makeNode("alone")
    try node.set("key", "value")
    #expect(try node.delete("key") == 2)
    #expect(node.value(of: "key", member: "alone") == nil)
    #expect(node.localMember.allEntries.map(\.isDeleted) == [true])
    #expect(node.localMember.entries.isEmpty)
    #expect(try node.delete("key") == 2)
    #expect(try node.delete("unknown") == 2)
    #expect(try node.set("key", "") == 3)
    #expect(node.value(of: "key", member: "alone") == [])
  }

  @Test func `A batch is made whole or not at all`() throws {
    let node = try makeNode("alone")
    #expect(try node.update([.set("a", to: "1"), .set("b", to: "2"), .delete(key: "a")]) == 3)
    #expect(node.localMember.entries.map(\.key) == ["b"])
    #expect(throws: NodeError.self) { try node.update([.set("c", to: "3"), .set("", to: "4")]) }
    #expect(node.value(of: "c", member: "alone") == nil)
    #expect(node.version(of: "alone") == 3)
    #expect(try node.update([]) == 3)
  }

  @Test func `A key goes when its time to live is over`() async throws {
    let nodes = try await makeCluster("a", "b")
    let recorder = Recorder()
    nodes[1].watch(recorder)
    try nodes[0].set("key", "value", timeToLive: .seconds(1))
    #expect(nodes[0].text(of: "key", member: "a") == "value")
    try await eventually("a deletes it") { nodes[0].value(of: "key", member: "a") == nil }
    let id = nodes[0].id
    try await eventually("b hears of both") {
      recorder.events == [
        .keySet(id, Entry(key: "key", value: Array("value".utf8), version: 1)),
        .keyDeleted(id, key: "key", version: 2),
      ]
    }
    #expect(nodes[1].value(of: "key", member: "a") == nil)
  }

  @Test func `A key has 1 byte to 1,024`() throws {
    let node = try makeNode()
    let longest = String(repeating: "k", count: 1_024)
    try node.set(longest, "value")
    try expectRefusal(of: longest + "k", by: node) {
      $0 == .keyTooLong(key: longest + "k", size: 1_025, limit: 1_024)
    }
    try expectRefusal(of: "", by: node) { $0 == .emptyKey }
  }

  @Test func `Keys of the reserved space can't be written`() throws {
    let node = try makeNode()
    let key = ReservedKeys.prefix + "state"
    try expectRefusal(of: key, by: node) { $0 == .reservedKey(key: key) }
    #expect(throws: NodeError.self) { try node.delete(key) }
  }

  @Test func `A value has at most 1 MiB`() throws {
    let node = try makeNode("alone")
    let largest = [UInt8](repeating: 7, count: 1 << 20)
    try node.set("key", largest)
    let error = #expect(throws: NodeError.self) { try node.set("key", largest + [7]) }
    #expect(error?.code == .invalidChange)
    #expect(error?.value == "key")
    #expect(
      error?.cause as? StateError
        == .valueTooLarge(key: "key", size: 1 << 20 + 1, limit: 1 << 20)
    )
    #expect(node.value(of: "key", member: "alone")?.count == 1 << 20)
  }

  @Test func `Entries have a limit that counts deleted ones`() throws {
    let node = try makeNode { $0.gossip.entryLimit = 2 }
    try node.set("a", "1")
    try node.set("b", "2")
    try node.delete("b")
    let error = #expect(throws: NodeError.self) { try node.set("c", "3") }
    #expect(error?.cause as? StateError == .tooManyEntries(limit: 2))
    try node.set("b", "3")
  }

  @Test(arguments: [Duration.zero, .seconds(-1)])
  func `A time to live is positive`(_ timeToLive: Duration) throws {
    let node = try makeNode()
    let error = #expect(throws: NodeError.self) {
      try node.set("key", "value", timeToLive: timeToLive)
    }
    #expect(error?.code == .invalidChange)
    #expect(error?.value == "key")
  }

  @Test func `Names and keys are their bytes`() throws {
    let node = try makeNode("caf\u{e9}")
    try node.set("\u{e9}", "one")
    try node.set("e\u{301}", "two")
    #expect(node.text(of: "\u{e9}", member: "caf\u{e9}") == "one")
    #expect(node.text(of: "e\u{301}", member: "caf\u{e9}") == "two")
    #expect(node.member(named: "cafe\u{301}") == nil)
  }

  @Test func `What is unknown is nil`() throws {
    let node = try makeNode("alone")
    #expect(node.member(named: "nobody") == nil)
    #expect(node.value(of: "key", member: "nobody") == nil)
    #expect(node.text(of: "key", member: "alone") == nil)
    #expect(node.version(of: "nobody") == nil)
  }

  private func expectRefusal(
    of key: String,
    by node: Node,
    _ isRight: (StateError) -> Bool
  ) throws {
    let error = try #require(
      #expect(throws: NodeError.self) { try node.set(key, "value") }
    )
    #expect(error.code == .invalidChange)
    #expect(error.value == key)
    #expect(isRight(try #require(error.cause as? StateError)))
    try node.set("still", "working")
  }
}
