import Allocations
import GrapevineSharding
import Testing

/// What holds for each of the algorithms.
struct OwnersTests {
  @Test(arguments: [Algorithm.ring256, .ring512, .rendezvous])
  func `the second owner is promoted when the first one goes`(algorithm: Algorithm) throws {
    let peers = TestPeer.numbered(12)
    let all = try algorithm.sharder(peers)
    for key in numberedKeys(200) {
      let owners = try all.names(key, 3)
      let without = try algorithm.sharder(peers.filter { $0.name != owners[0] })
      #expect(try without.name(key) == owners[1])
    }
  }

  /// The nearest token of the keys' other probes may be anyone's.
  @Test func `by probes the second owner is promoted, or another peer`() throws {
    let peers = TestPeer.numbered(3)
    let all = try Algorithm.multiprobe.sharder(peers)
    var promotions = 0
    for key in numberedKeys(500) {
      let owners = try all.names(key, 3)
      let without = try Algorithm.multiprobe.sharder(peers.filter { $0.name != owners[0] })
      if try without.name(key) == owners[1] { promotions += 1 }
    }
    #expect(promotions > 0 && promotions < 500, "\(promotions)")
  }

  @Test(arguments: Algorithm.allCases)
  func `the third owner becomes second when the second one goes`(algorithm: Algorithm) throws {
    let peers = TestPeer.numbered(12)
    let all = try algorithm.sharder(peers)
    for key in numberedKeys(200) {
      let owners = try all.names(key, 3)
      let without = try algorithm.sharder(peers.filter { $0.name != owners[1] })
      #expect(try without.names(key, 2) == [owners[0], owners[2]])
    }
  }

  @Test(arguments: Algorithm.allCases, [1, 2, 15, 16, 17, 18, 40])
  func `all peers own a key if as many are asked for, and fewer are the first of them`(
    algorithm: Algorithm,
    count: Int
  ) throws {
    let peers = TestPeer.numbered(count)
    let sharder = try algorithm.sharder(peers)
    for key in numberedKeys(20) {
      let all = try sharder.names(key, count)
      #expect(all.sorted() == peers.map(\.name).sorted())
      for fewer in 0...count { #expect(try sharder.names(key, fewer) == Array(all[..<fewer])) }
      var visited: [String] = []
      sharder.forEachOwner(of: key, for: .read) { peer in
        visited.append(peer.name)
        return true
      }
      #expect(visited == all)
    }
  }

  @Test(arguments: Algorithm.allCases)
  func `ten nodes have even shares of 100,000 keys, within a quarter`(
    algorithm: Algorithm
  ) throws {
    let sharder = try algorithm.sharder(TestPeer.numbered(10))
    var counts: [String: Int] = [:]
    for key in numberedKeys(100_000) { counts[try sharder.name(key), default: 0] += 1 }
    #expect(counts.count == 10)
    for (name, count) in counts { #expect(7_500...12_500 ~= count, "\(name) has \(count)") }
  }

  @Test(arguments: Algorithm.allCases)
  func `viewers own nothing, and who terminates owns for reads alone`(
    algorithm: Algorithm
  ) throws {
    let states: [PeerState] = [.participant, .viewer, .terminating]
    let peers = TestPeer.numbered(30).enumerated().map { index, peer in
      TestPeer(peer.name, states[index % 3])
    }
    let sharder = try algorithm.sharder(peers)
    #expect(sharder.peers.count == 20)
    #expect(sharder.eligibleCount(for: .read) == 20)
    #expect(sharder.eligibleCount(for: .readWrite) == 10)
    let readers = try algorithm.sharder(
      peers.filter { $0.state != .viewer }.map { TestPeer($0.name) }
    )
    let writers = try algorithm.sharder(peers.filter { $0.state == .participant })
    for key in numberedKeys(100) {
      #expect(try sharder.names(key, 20, for: .read) == readers.names(key, 20))
      #expect(try sharder.names(key, 10, for: .readWrite) == writers.names(key, 10))
      #expect(try sharder.name(key, for: .read) == readers.name(key))
      #expect(try sharder.name(key, for: .readWrite) == writers.name(key))
    }
  }

  @Test(arguments: Algorithm.allCases)
  func `too few peers, and a number below zero, are errors that say so`(
    algorithm: Algorithm
  ) throws {
    let key = ShardKey("some-key")
    let none = try algorithm.sharder()
    #expect(try none.names(key, 0) == [])
    #expect(throws: ShardingError.notEnoughNodes(needed: 1, available: 0)) {
      try none.name(key)
    }
    let error = #expect(throws: ShardingError.self) { try none.names(key, 1) }
    #expect(error?.description == "not enough nodes: need at least 1, have 0")
    none.forEachOwner(of: key, for: .read) { _ in
      Issue.record("nobody owns it")
      return true
    }
    let some = try algorithm.sharder(
      TestPeer.numbered(3) + [TestPeer("leaving", .terminating), TestPeer("viewing", .viewer)]
    )
    #expect(try some.names(key, 3).count == 3)
    #expect(throws: ShardingError.notEnoughNodes(needed: 4, available: 3)) {
      try some.names(key, 4)
    }
    #expect(try some.names(key, 4, for: .read).count == 4)
    let tooMany = #expect(throws: ShardingError.self) { try some.names(key, .max, for: .read) }
    #expect(tooMany == .notEnoughNodes(needed: .max, available: 4))
    let negative = #expect(throws: ShardingError.self) { try some.names(key, -1) }
    #expect(negative == .negativeCount(-1))
    #expect(negative?.description == "-1 owners were asked for: the number can't be negative")
    #expect(throws: ShardingError.negativeCount(.min)) { try none.names(key, .min) }
  }

  @Test func `a ring takes 1 token a node up to its limit`() throws {
    let limit = HashRing<TestPeer>.tokenLimit
    for count in [1, 2, limit] {
      var ring = try HashRing<TestPeer>(tokensPerNode: count)
      #expect(ring.tokensPerNode == count)
      ring.replacePeers(with: TestPeer.numbered(2))
      #expect(try ring.owners(of: ShardKey(""), count: 2, for: .read).count == 2)
    }
    for count in [.min, -1, 0, limit + 1, .max] {
      let error = #expect(throws: ShardingError.self) {
        try HashRing<TestPeer>(tokensPerNode: count)
      }
      #expect(error?.description == "\(count) tokens per node: must be 1 to 65536")
    }
  }

  @Test(arguments: Algorithm.allCases)
  func `the order in which peers are given does not matter`(algorithm: Algorithm) throws {
    let peers = TestPeer.numbered(40).enumerated().map { index, peer in
      TestPeer(peer.name, index % 7 == 0 ? .terminating : .participant, weight: 50 + index)
    }
    let first = try algorithm.sharder(peers)
    for seed in 1...5 as ClosedRange<UInt64> {
      var random = TestRandom(seed: seed)
      let other = try algorithm.sharder(random.shuffled(peers))
      #expect(other.peers == first.peers)
      #expect(other.fingerprint == first.fingerprint)
      for key in numberedKeys(50) {
        #expect(try other.names(key, 20) == first.names(key, 20))
      }
    }
    #expect(first.peers.map(\.name) == peers.map(\.name).sorted())
  }

  @Test(arguments: Algorithm.allCases)
  func `of several peers with one name the first counts`(algorithm: Algorithm) throws {
    let peers = TestPeer.numbered(5)
    let more = peers + [TestPeer("node-3", .terminating), TestPeer("node-1", weight: 900)]
    let sharder = try algorithm.sharder(more)
    #expect(sharder.peers == peers)
    #expect(try sharder.fingerprint == algorithm.sharder(peers).fingerprint)
    // Be it one that owns nothing.
    let hidden = try algorithm.sharder([TestPeer("node-3", .viewer)] + peers)
    #expect(hidden.peers.map(\.name) == ["node-0", "node-1", "node-2", "node-4"])
  }

  @Test(arguments: Algorithm.allCases)
  func `names that are canonically the same but have other bytes are two`(
    algorithm: Algorithm
  ) throws {
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    #expect(composed == decomposed)
    let sharder = try algorithm.sharder([TestPeer(composed), TestPeer(decomposed)])
    #expect(sharder.peers.map { Array($0.name.utf8) } == [[0x65, 0xCC, 0x81], [0xC3, 0xA9]])
    let owners = try numberedKeys(100).map { Array(try sharder.name($0).utf8) }
    #expect(Set(owners).count == 2)
  }

  @Test(arguments: Algorithm.allCases)
  func `a copy goes on as it was`(algorithm: Algorithm) throws {
    var sharder = try algorithm.sharder(TestPeer.numbered(10))
    let copy = sharder
    let before = try numberedKeys(50).map { try copy.name($0) }
    sharder.replacePeers(with: [TestPeer("another")])
    #expect(try numberedKeys(50).map { try copy.name($0) } == before)
    #expect(try sharder.names(ShardKey(""), 1) == ["another"])
    sharder.replacePeers(with: [])
    #expect(sharder.peers.isEmpty)
  }

  @Test func `a lookup of one owner allocates nothing`() throws {
    let peers = TestPeer.numbered(1_000)
    var ring = try HashRing<TestPeer>(tokensPerNode: 256)
    var rendezvous = Rendezvous<TestPeer>()
    var weighted = Rendezvous<TestPeer>()
    var multiprobe = Multiprobe<TestPeer>()
    ring.replacePeers(with: peers)
    rendezvous.replacePeers(with: peers)
    weighted.replacePeers(with: peers + [TestPeer("heavy", weight: 300)])
    multiprobe.replacePeers(with: peers)
    try expectNoAllocation(ring)
    try expectNoAllocation(rendezvous)
    try expectNoAllocation(weighted)
    try expectNoAllocation(multiprobe)
  }

  private func expectNoAllocation(_ sharder: some Sharder<TestPeer>) throws {
    for operation in ShardOperation.allCases {
      // What the first call of all makes once is none of the lookup's.
      var key = ShardKey("")
      _ = try sharder.owner(of: key, for: operation)
      let (_, size) = try Allocations.count {
        // In a debug build another loop allocates.
        while key.rawValue >> 60 != 0 {
          _ = try sharder.owner(of: key, for: operation)
          key = ShardKey(rawValue: key.rawValue &* 0x9E37_79B9_7F4A_7C15)
        }
      }
      #expect(size == 0, "\(type(of: sharder))")
    }
  }
}
