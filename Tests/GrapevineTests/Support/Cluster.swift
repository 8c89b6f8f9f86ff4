import Glibc
import Grapevine
import GrapevineTransport
import Testing

/// Starts a node on a free loopback port with a quick round; it stays until the test ends.
func makeNode(
  _ name: String? = nil,
  _ adjust: (inout Node.Configuration) -> Void = { _ in }
) throws(NodeError) -> Node {
  let node = try makeMortalNode(name, adjust)
  NodesStay.keep(node)
  return node
}

/// Starts a node that stops when the caller lets go of it.
func makeMortalNode(
  _ name: String? = nil,
  _ adjust: (inout Node.Configuration) -> Void = { _ in }
) throws(NodeError) -> Node {
  var configuration = Node.Configuration()
  configuration.bind = "127.0.0.1:0"
  configuration.name = name
  configuration.gossip.interval = .milliseconds(30)
  configuration.gossip.streamTimeout = .seconds(2)
  adjust(&configuration)
  return try Node(configuration)
}

/// Binds a port that was free a moment ago, and tries again while it seems to be taken.
///
/// A process that another test starts holds a copy of every descriptor until it runs its own
/// program: so a port that was closed stays bound for that long.
func bindingAgain<Result>(_ body: () throws -> Result) throws -> Result {
  for _ in 0..<2_000 {
    do {
      return try body()
    } catch let error as NodeError where error.code == .addressInUse {
      usleep(1_000)
    } catch let error as SystemError where error.code == EADDRINUSE {
      usleep(1_000)
    }
  }
  return try body()
}

/// Starts nodes of these names and has all of them join the first.
func makeCluster(
  _ names: String...,
  adjust: (inout Node.Configuration) -> Void = { _ in }
) async throws -> [Node] {
  var nodes: [Node] = []
  for name in names {
    let node = try makeNode(name, adjust)
    if let first = nodes.first { try await node.join([first.address.description]) }
    nodes.append(node)
  }
  try await eventually("all know all") {
    nodes.allSatisfy { $0.liveMemberCount == nodes.count }
  }
  return nodes
}

/// Waits until `condition` holds and fails the test if it takes longer than any machine needs.
func eventually(
  _ what: Comment,
  within limit: Duration = .seconds(50),
  sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () throws -> Bool
) async throws {
  let clock = ContinuousClock()
  let deadline = clock.now + limit
  while try !condition() {
    guard clock.now < deadline else {
      Issue.record(what, sourceLocation: sourceLocation)
      throw TimeIsUp()
    }
    try await Task.sleep(for: .milliseconds(2))
  }
}

struct TimeIsUp: Error {}

/// A gate that holds up a thread, and says that one has come to it.
final class Gate: Sendable {
  private let state = Locked((arrived: false, open: false))

  var hasVisitor: Bool { state.withLock { $0.arrived } }

  /// Waits until the gate is open, at most as long as a test may take.
  func pass() {
    state.withLock { $0.arrived = true }
    _ = state.wait(atMost: .seconds(30)) { $0.open ? () : nil }
  }

  func open() {
    state.withLockNotifying { $0.open = true }
  }
}
