import Grapevine
import GrapevineTransport
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct PlacementTests {
  private func ring(_ node: Node) throws -> PeerSharder<HashRing<Peer>> {
    node.attach(try HashRing<Peer>(tokensPerNode: 128))
  }

  @Test func `A node that participates alone owns every key`() async throws {
    let node = try makeNode("first-node")
    defer { node.close() }
    let ring = try ring(node)
    let error = #expect(throws: ShardingError.self) {
      try ring.owners(of: ShardKey("some-key"), count: 1, for: .readWrite)
    }
    #expect(error?.description == "not enough nodes: need at least 1, have 0")
    try await node.changeState(to: .participant)
    let owners = try ring.owners(of: ShardKey("some-key"), count: 1, for: .readWrite)
    #expect(owners.map(\.name) == ["first-node"] && ring.isOwnedBySelf(ShardKey("k"), for: .read))
  }

  @Test func `States follow one another, and no other way`() async throws {
    let node = try makeNode("node")
    defer { node.close() }
    for (states, next) in [
      ([PeerState.viewer, .terminating], PeerState.participant),
      ([.viewer, .participant], .terminating), ([.viewer, .participant, .terminating], nil),
    ] as [([PeerState], PeerState?)] {
      let state = node.state
      for wrong in states {
        let error = await #expect(throws: NodeError.self) {
          try await node.changeState(to: wrong)
        }
        #expect(error?.code == .invalidTransition)
        #expect(error?.reason == "invalid transition from \(state) to \(wrong)")
        #expect(error?.cause is StateTransitionError && node.state == state)
      }
      guard let next else { break }
      try await node.changeState(to: next)
      #expect(node.state == next)
    }
  }

  @Test func `A weight is in its limits`() async throws {
    for (weight, isTaken) in [(0, false), (1, true), (10_000, true), (10_001, false)] {
      let node = try makeNode("node")
      defer { node.close() }
      do {
        try await node.changeState(to: .participant, weight: weight)
        #expect(isTaken && node.peers.map(\.weight) == [weight])
      } catch {
        #expect(!isTaken && error.code == .invalidChange && error.value == "\(weight)")
        #expect(node.state == .viewer)
      }
    }
  }

  @Test func `All come to the same placement, and a change of state waits for them`() async throws {
    let nodes = try await makeCluster("a", "b", "c")
    let rings = try nodes.map(ring)
    for node in nodes { try await node.changeState(to: .participant) }
    // Each of them waited until the others knew.
    for ring in rings { #expect(ring.peers.map(\.name) == ["a", "b", "c"]) }
    #expect(Set(rings.map(\.fingerprint)).count == 1)
    try await nodes[1].changeState(to: .terminating)
    for (ring, node) in zip(rings, nodes) {
      #expect(node.peers.map(\.state) == [.participant, .terminating, .participant])
      #expect(ring.current.eligibleCount(for: .read) == 3)
      #expect(ring.current.eligibleCount(for: .readWrite) == 2)
      #expect(node.member(named: "b")?.isLeaving == true)
    }
    try await nodes[1].leave()
    try await eventually("b owns nothing") {
      [0, 2].allSatisfy { rings[$0].peers.map(\.name) == ["a", "c"] }
    }
  }

  @Test func `Who is told of a change finds the sharder up to date`() async throws {
    let nodes = try await makeCluster("a", "b")
    let ring = try ring(nodes[0])
    let seen = Locked<[(told: [String], owners: [String])]>([])
    nodes[0].observePeers { peers in
      let told = peers.filter { $0.state != .viewer }.map(\.name)
      seen.withLock { $0.append((told, ring.peers.map(\.name))) }
      return true
    }
    nodes[0].watch(.left) { id in
      seen.withLock { $0.append(([], ring.peers.map(\.name).filter { $0 == id.name })) }
    }
    try await nodes[1].changeState(to: .participant)
    try await nodes[0].changeState(to: .participant)
    try await eventually("both are told") { seen.withLock { $0.last?.told == ["a", "b"] } }
    try await nodes[1].leave()
    try await eventually("it left") { seen.withLock { $0.last?.owners == [] || $0.count > 4 } }
    for (told, owners) in seen.withLock({ $0 }) where !told.isEmpty {
      // The sharder may be newer, never older.
      #expect(told == owners || owners == ["a"])
    }
    #expect(seen.withLock { $0 }.contains { $0.told.isEmpty && $0.owners.isEmpty })
  }

  @Test func `A restart begins as a viewer`() async throws {
    let seed = try makeNode("seed")
    defer { seed.close() }
    let first = try makeNode("node")
    try await first.join([seed.address.description])
    try await first.changeState(to: .participant)
    try await first.changeState(to: .terminating)
    first.close()
    let second = try makeNode("node")
    defer { second.close() }
    try await second.join([seed.address.description])
    #expect(second.state == .viewer)
    try await eventually("the seed knows") {
      seed.peers.first { $0.name == "node" }.map { $0.id == second.id && $0.state == .viewer }
        ?? false
    }
  }
}
