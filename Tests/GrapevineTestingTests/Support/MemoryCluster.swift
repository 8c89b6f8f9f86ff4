import Glibc
import Grapevine
import GrapevineTesting
import GrapevineTransport
import Testing

/// Real nodes on one memory network, with a quick round.
final class MemoryCluster: Sendable {
  let network: MemoryNetwork
  private let started = Locked<[Node]>([])

  /// Starts nodes that have joined the first, and waits until all know all.
  init(
    count: Int,
    on network: MemoryNetwork = MemoryNetwork(),
    _ adjust: (inout Node.Configuration) -> Void = { _ in }
  ) async throws {
    self.network = network
    for index in 0..<count {
      let node = try start("node-\(index)", adjust)
      if index > 0 { try await node.join([nodes[0].address.description]) }
    }
    try await eventually("all know all") { isWhole }
  }

  var nodes: [Node] { started.withLock { $0 } }

  /// Says whether every node sees every other live.
  var isWhole: Bool {
    let nodes = nodes
    return nodes.allSatisfy { $0.liveMemberCount == nodes.count }
  }

  /// Starts one more node at the network's next address, unless `adjust` says another.
  @discardableResult
  func start(
    _ name: String,
    _ adjust: (inout Node.Configuration) -> Void = { _ in }
  ) throws -> Node {
    let node = try makeNode(name, on: network, adjust)
    started.withLock { $0.append(node) }
    return node
  }

  /// Closes all nodes, which is to be called at the end, so that none ends before.
  func close() {
    for node in nodes { node.close() }
  }
}

/// Starts a node with a quick round.
func makeNode(
  _ name: String,
  on network: MemoryNetwork,
  _ adjust: (inout Node.Configuration) -> Void = { _ in }
) throws -> Node {
  var configuration = Node.Configuration()
  configuration.use(network)
  configuration.name = name
  configuration.gossip.interval = .milliseconds(30)
  configuration.gossip.streamTimeout = .seconds(2)
  adjust(&configuration)
  return try Node(configuration)
}

/// Waits until `condition` holds and fails the test if it takes longer than any machine needs.
func eventually(
  _ what: Comment,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + .seconds(60)
  while try !condition() {
    guard ContinuousClock.now < deadline else {
      Issue.record(what, sourceLocation: sourceLocation)
      throw TimeIsUp()
    }
    try await Task.sleep(for: .milliseconds(2))
  }
}

struct TimeIsUp: Error {}

/// The sockets that this process has open.
func socketCount() -> Int {
  guard let directory = opendir("/proc/self/fd") else { return 0 }
  defer { closedir(directory) }
  var count = 0
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    var target = [CChar](repeating: 0, count: 32)
    guard readlink("/proc/self/fd/" + name, &target, target.count - 1) > 0 else { continue }
    let text = String(
      decoding: target.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
      as: UTF8.self
    )
    if text.hasPrefix("socket:") { count += 1 }
  }
  return count
}
