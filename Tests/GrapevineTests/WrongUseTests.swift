import Grapevine
import Pacing
import Testing

/// Every call that can fail, made of a node that can't do it, or with a value that can't be used:
/// each answer says which value it is about, and in a sentence what is wrong or would be right.
@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct WrongUseTests {
  /// A call of a node.
  struct Call: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: NodeError.Code?
    let body: @Sendable (Node) async throws -> Void

    init(
      _ name: String,
      _ code: NodeError.Code? = nil,
      _ body: @escaping @Sendable (Node) async throws -> Void
    ) {
      testDescription = name
      self.code = code
      self.body = body
    }
  }

  /// The calls that take part in the cluster.
  private static let all = [
    Call("set") { try $0.set("key", "value") },
    Call("set bytes with a time to live") { try $0.set("key", [1], timeToLive: .seconds(1)) },
    Call("delete") { try $0.delete("key") },
    Call("update") { try $0.update([.set("key", to: "value")]) },
    Call("join") { try await $0.join(["127.0.0.1:9"]) },
    Call("join nobody") { try await $0.join([]) },
    Call("spread") { try await $0.spread() },
    Call("changeState") { try await $0.changeState(to: .participant) },
    Call("reachability") { _ = try await $0.reachability(of: "other") },
    Call("waitForKeys") { try await $0.waitForKeys(["key"], of: "other") },
    Call("announceLeaving") { try $0.announceLeaving() },
    Call("withLocks") { try await $0.withLocks(prefix: "p") { _ in } },
  ]

  /// Those that make sense once a node has left.
  private static let onceClosed =
    all + [
      Call("leave") { try await $0.leave() },
      Call("leave with a hand-over") { try await $0.leave(handOver: .seconds(60)) },
      Call("waitForSize") { try await $0.waitForSize(2) },
    ]

  /// Values that can't be used, of a node that is alone and well.
  private static let wrongValues = [
    Call("an empty key", .invalidChange) { try $0.set("", "value") },
    Call("a long key", .invalidChange) { try $0.set(String(repeating: "k", count: 1025), "v") },
    Call("a reserved key", .invalidChange) { try $0.delete("grapevine:x") },
    Call("a large value", .invalidChange) { node in
      try node.set("k", [UInt8](repeating: 0, count: 1 << 20 + 1))
    },
    Call("no time to live", .invalidChange) { try $0.set("k", "v", timeToLive: .zero) },
    Call("no address", .joinFailed) { try await $0.join([""]) },
    Call("a port that is none", .joinFailed) { try await $0.join(["127.0.0.1:70000"]) },
    Call("an address of two ports", .joinFailed) { try await $0.join(["1.2.3.4:1:2"]) },
    Call("a version to come", .invalidChange) { try await $0.spread(upTo: 1_000) },
    Call("no weight", .invalidChange) { try await $0.changeState(to: .participant, weight: 0) },
    Call("a skipped state", .invalidTransition) { try await $0.changeState(to: .terminating) },
    Call("a stranger's reachability", .unknownMember) { _ = try await $0.reachability(of: "x") },
    Call("its own reachability", .unknownMember) { _ = try await $0.reachability(of: "n") },
    Call("keys of a stranger", .keysMissing) {
      try await $0.waitForKeys(["key"], of: "x", timeout: .milliseconds(1))
    },
    Call("a size that is not reached", .sizeNotReached) {
      try await $0.waitForSize(2, timeout: .milliseconds(1))
    },
    Call("sealing without a sealer", .invalidConfiguration) { try $0.setSealingMode(.accept) },
  ]

  private func error(of call: Call, _ node: Node) async throws -> NodeError {
    let thrown = await #expect(throws: (any Error).self) { try await call.body(node) }
    let error = try #require(thrown as? NodeError, "\(call.testDescription): \(thrown as Any)")
    #expect(error.description.hasPrefix("“\(error.value)”: "))
    #expect(error.reason.split(separator: " ").count >= 4, "“\(error.reason)” is no sentence")
    return error
  }

  @Test(arguments: Self.onceClosed) func `After close`(_ call: Call) async throws {
    let node = try makeNode("n")
    node.close()
    let error = try await error(of: call, node)
    #expect(error.code == .closed && error.value == "n")
  }

  @Test(arguments: Self.all) func `After leave`(_ call: Call) async throws {
    let node = try makeNode("n")
    try await node.leave()
    let error = try await error(of: call, node)
    #expect(error.code == .left && error.value == "n")
  }

  @Test(arguments: Self.wrongValues) func `With a wrong value`(_ call: Call) async throws {
    let node = try makeNode("n")
    let before = node.fingerprint
    let error = try await error(of: call, node)
    #expect(error.code == call.code)
    #expect(node.fingerprint == before)
  }
}
