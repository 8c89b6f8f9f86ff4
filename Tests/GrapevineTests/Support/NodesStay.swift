import Grapevine
import GrapevineTransport
import Testing

/// Keeps a test's nodes until the test ends, and closes them then.
///
/// A node stops when it is let go of, and the optimizer lets go of a local variable after its last
/// use: without this a node that only has to be there would be gone in a release build.
struct NodesStay: SuiteTrait, TestTrait, TestScoping {
  @TaskLocal private static var kept: Locked<[Node]>?

  var isRecursive: Bool { true }

  func provideScope(
    for test: Test,
    testCase: Test.Case?,
    performing body: @concurrent @Sendable () async throws -> Void
  ) async throws {
    let nodes = Locked<[Node]>([])
    defer { for node in nodes.withLock({ $0 }) { node.close() } }
    try await Self.$kept.withValue(nodes) { try await body() }
  }

  static func keep(_ node: Node) {
    guard let kept else {
      Issue.record("a suite whose tests make nodes needs the trait .nodesStay")
      return
    }
    kept.withLock { $0.append(node) }
  }
}

extension Trait where Self == NodesStay {
  static var nodesStay: NodesStay { NodesStay() }
}
