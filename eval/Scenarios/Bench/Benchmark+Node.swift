internal import Grapevine
internal import GrapevineCore

// A real node, with its sockets and threads.
extension Benchmark {
  static let ofNode = [
    set(threadCount: 1), set(threadCount: 8), snapshot,
  ]

  /// Keys are changed that each thread has for itself; the node is alone.
  private static func set(threadCount: Int) -> Benchmark {
    Benchmark(
      "node.set.threads-\(threadCount)",
      operationCount: 32_768,
      output: Output(1, "changes"),
      repeatability: .timedOnly
    ) {
      let node = try lonelyNode()
      let keys = (0..<threadCount).map { thread in (0..<8).map { "key-\(thread)-\($0)" } }
      let values = (0..<16).map { Array("value-\($0)".utf8) }
      return { count in
        try onThreads(threadCount) { thread in
          for index in 0..<(count + threadCount - 1 - thread) / threadCount {
            // Each time another value than before. What could fail is tried below.
            _ = try? node.set(keys[thread][index % 8], values[index % 16])
          }
        }
        keep(try node.set("count", "\(count)"))
      }
    }
  }

  /// A reader looks at 1,000 members with an entry each.
  private static let snapshot = Benchmark(
    "node.members-1000",
    operationCount: 16,
    output: Output(1_000, "members"),
    repeatability: .timedOnly
  ) {
    let node = try lonelyNode()
    let packet = Sample.introduction(1..<1_000, version: 1)
    node.runtime.withEngine { engine, now in
      engine.receive(packet.span, from: Sample.endpoint(1), now: now)
    }
    guard node.memberCount == 1_000 else {
      throw EvaluationError("a node knows \(node.memberCount) of 1000 members")
    }
    return { count in
      var sum = 0
      for _ in 0..<count { sum += node.members.count }
      keep(sum)
    }
  }

  /// A node that has nothing to do of itself.
  private static func lonelyNode() throws -> Node {
    var configuration = Node.Configuration()
    configuration.bind = "127.0.0.1:0"
    configuration.gossip.interval = .seconds(3_600)
    return try Node(configuration)
  }

  /// Does something on threads, whose allocations count, and waits for them.
  private static func onThreads(
    _ count: Int,
    _ body: @escaping @Sendable (_ thread: Int) -> Void
  ) throws {
    guard count > 0 else { return }
    let thread = try WorkerThread { AllocationCount.credit { body(count - 1) } }
    try onThreads(count - 1, body)
    thread.join()
  }
}
