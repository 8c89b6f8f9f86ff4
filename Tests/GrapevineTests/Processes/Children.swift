import Glibc
import Grapevine
import Testing

/// What a test run is told from outside.
enum Environment {
  /// Says whether tests run at the lengths that the defaults are made for, by `FULL=1`.
  static var isFull: Bool { getenv("FULL") != nil }

  static func value(of name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// Starts processes named `a`, `b`, … and waits until all know all.
func makeChildren(
  _ count: Int,
  bind: String = "127.0.0.1:0",
  interval: Duration,
  expiry: Duration = .seconds(60)
) async throws -> [ChildNode] {
  let nodes = try "abcdefgh".prefix(count).map { letter in
    try ChildNode(String(letter), bind: bind, interval: interval, expiry: expiry)
  }
  try await gather(nodes, interval: interval)
  return nodes
}

/// Has all join the first, and waits until all know all.
func gather(_ nodes: [ChildNode], interval: Duration) async throws {
  let first = try await nodes[0].address()
  for node in nodes.dropFirst() {
    try await node.ask("join \(first)", answer: "joined \(nodes[0].name)")
  }
  for node in nodes {
    for other in nodes where other !== node {
      try await eventually("\(node.name) knows \(other.name)") {
        node.first("event joined \(other.name)#", after: .zero) != nil
      }
    }
  }
  // A detector that has heard nobody yet is patient: its speed and its faults show later.
  try await Task.sleep(for: interval * 10)
}

/// Waits until all hold the same, of as many live members as there are nodes.
func agree(_ nodes: [ChildNode], within limit: Duration = .seconds(20)) async throws {
  let clock = ContinuousClock()
  let deadline = clock.now + limit
  while true {
    var states: Set<String> = []
    for node in nodes { states.insert(try await node.ask("state", answer: "state").text) }
    let isWhole = states.first?.hasSuffix("live \(nodes.count) known \(nodes.count)") == true
    if states.count == 1, isWhole { return }
    guard clock.now < deadline else {
      Issue.record("the nodes do not agree: \(states)\n\(transcripts(nodes))")
      throw TimeIsUp()
    }
    try await Task.sleep(for: .milliseconds(20))
  }
}

func transcripts(_ nodes: [ChildNode]) -> String {
  nodes.map(\.transcript).joined(separator: "\n")
}
