import GrapevineSharding
import Testing

/// What changes hands when peers come and go.
struct DifferenceTests {
  private func ring(_ tokens: Int, _ peers: [TestPeer]) throws -> HashRing<TestPeer> {
    var ring = try HashRing<TestPeer>(tokensPerNode: tokens)
    ring.replacePeers(with: peers)
    return ring
  }

  /// The arc with a key, by looking at all.
  private func arc(
    _ difference: OwnershipDifference,
    _ key: ShardKey
  ) -> OwnershipDifference.Arc? {
    difference.arcs.first { $0.range.contains(key) }
  }

  private func check(_ before: HashRing<TestPeer>, _ after: HashRing<TestPeer>) throws {
    let difference = before.difference(to: after, for: .readWrite)
    var random = TestRandom(seed: UInt64(before.peers.count))
    var keys = (0..<500).map { _ in ShardKey(rawValue: random.next()) }
    keys += [ShardKey(rawValue: 0), ShardKey(rawValue: .max)]
    for arc in difference.arcs.prefix(200) {
      for end in [arc.range.lowerBound.rawValue, arc.range.upperBound.rawValue] {
        keys += [end &- 1, end, end &+ 1].map { ShardKey(rawValue: $0) }
      }
    }
    for key in keys {
      let from = try? before.name(key)
      let to = try? after.name(key)
      let arc = arc(difference, key)
      #expect((arc != nil) == (from != to), "\(key)")
      guard let arc else { continue }
      #expect(arc.from == from && arc.to == to, "\(key)")
    }
    for (arc, next) in zip(difference.arcs, difference.arcs.dropFirst()) {
      #expect(arc.range.upperBound < next.range.lowerBound)
      let isApart = next.range.lowerBound.rawValue - arc.range.upperBound.rawValue > 1
      #expect(isApart || arc.from != next.from || arc.to != next.to)
    }
    let total = difference.arcs.reduce(0.0) { sum, arc in
      sum + Double(arc.range.upperBound.rawValue - arc.range.lowerBound.rawValue)
    }
    #expect((difference.movedShare - total / 0x1p64).magnitude < 1e-12)
  }

  @Test func `a ring's difference is that of its owners, key by key`() throws {
    let peers = TestPeer.numbered(12)
    try check(ring(16, peers), ring(16, Array(peers.dropLast())))
    try check(ring(16, Array(peers.dropFirst(3))), ring(16, Array(peers.dropLast(3))))
    try check(ring(1, peers), ring(64, peers))
    try check(ring(16, [TestPeer("a")]), ring(16, [TestPeer("b")]))
    try check(ring(16, peers), ring(16, []))
    try check(ring(16, []), ring(16, peers))
    try check(ring(16, []), ring(16, []))
    try check(ring(16, peers), ring(16, peers))
    let leaving = peers.map { TestPeer($0.name, $0.name == "node-3" ? .terminating : .participant) }
    try check(ring(16, peers), ring(16, leaving))
  }

  @Test func `all changes hands where all peers are others, and nothing where none is`() throws {
    let (first, second) = (try ring(256, [TestPeer("a")]), try ring(256, [TestPeer("b")]))
    let all = first.difference(to: second, for: .read)
    #expect(all.movedShare == 1)
    #expect(all.moves.map(\.share) == [1])
    let whole = ShardKey(rawValue: 0)...ShardKey(rawValue: .max)
    #expect(all.arcs.map(\.range) == [whole])
    #expect(first.difference(to: first, for: .read).moves.isEmpty)
    let empty = try ring(256, [])
    let gained = empty.difference(to: first, for: .read)
    #expect(gained.moves.map(\.from) == [nil] && gained.moves.map(\.to) == ["a"])
    #expect(gained.gains(of: "a").map(\.share) == [1] && gained.losses(of: "a").isEmpty)
    let lost = first.difference(to: empty, for: .read)
    #expect(lost.losses(of: "a").map(\.share) == [1] && lost.gains(of: "a").isEmpty)
  }

  /// The share of all keys that the 101st node is to get.
  private static let ideal = 1.0 / 101

  @Test(arguments: [256, 512])
  func `a node added to a hundred takes its share of a ring, and from each`(tokens: Int) throws {
    let peers = TestPeer.numbered(100)
    let (before, after) = (try ring(tokens, peers), try ring(tokens, peers + [TestPeer("new")]))
    let difference = before.difference(to: after, for: .readWrite)
    #expect((0.75...1.25).contains(difference.movedShare / Self.ideal))
    #expect(difference.moves.allSatisfy { $0.to == "new" })
    #expect(difference.moves.count >= 90)
    let back = after.difference(to: before, for: .readWrite)
    #expect(back.moves.allSatisfy { $0.from == "new" })
    #expect((back.movedShare - difference.movedShare).magnitude < 1e-12)
    #expect(
      zip(back.arcs, difference.arcs).allSatisfy { $0.range == $1.range && $0.to == $1.from }
    )
  }

  @Test func `a node added to a hundred takes its share by rendezvous`() throws {
    var before = Rendezvous<TestPeer>()
    before.replacePeers(with: TestPeer.numbered(100))
    var after = before
    after.replacePeers(with: TestPeer.numbered(100) + [TestPeer("new")])
    let keys = numberedKeys(20_000)
    let difference = before.difference(to: after, for: .read, among: keys)
    #expect((0.9...1.1).contains(difference.movedShare / Self.ideal))
    #expect(difference.moves.allSatisfy { $0.to == "new" })
    #expect(difference.arcs.isEmpty)
    // The same by counting.
    let moved = try keys.count { try before.name($0) != after.name($0) }
    #expect((difference.movedShare * 20_000 - Double(moved)).magnitude < 1e-6)
  }

  /// A new token is nearer to some probes, and no other's distance is another.
  @Test func `by probes no key moves between two that stay`() throws {
    for count in [1, 2, 10, 100] {
      var before = Multiprobe<TestPeer>()
      before.replacePeers(with: TestPeer.numbered(count))
      var after = before
      after.replacePeers(with: TestPeer.numbered(count) + [TestPeer("new")])
      let keys = numberedKeys(10_000)
      let gained = before.difference(to: after, for: .read, among: keys)
      #expect(!gained.moves.isEmpty && gained.moves.allSatisfy { $0.to == "new" })
      let lost = after.difference(to: before, for: .read, among: keys)
      #expect(!lost.moves.isEmpty && lost.moves.allSatisfy { $0.from == "new" })
    }
  }

  @Test func `names count by their bytes, and nobody is no empty name`() throws {
    let (composed, decomposed) = (TestPeer("\u{E9}"), TestPeer("e\u{301}"))
    let difference = try ring(8, [composed]).difference(to: ring(8, [decomposed]), for: .read)
    #expect(difference.movedShare == 1)
    #expect(difference.gains(of: decomposed.name).count == 1)
    #expect(difference.gains(of: composed.name).isEmpty)
    let empty = try ring(8, []).difference(to: ring(8, [TestPeer("")]), for: .read)
    #expect(empty.moves.map(\.from) == [nil] && empty.moves.map(\.to) == [""])
    var sharder = Multiprobe<TestPeer>()
    sharder.replacePeers(with: [TestPeer("")])
    let lost = sharder.difference(to: Multiprobe(), for: .read, among: numberedKeys(10))
    #expect(lost.moves.map(\.from) == [""] && lost.moves.map(\.to) == [nil])
    #expect(lost.movedShare == 1)
    #expect(sharder.difference(to: Multiprobe(), for: .read, among: []).moves.isEmpty)
  }
}
