import GrapevineSharding
import Testing

/// The number by which two nodes see that they place the same.
struct FingerprintTests {
  @Test(arguments: Algorithm.allCases)
  func `all that placement depends on changes it`(algorithm: Algorithm) throws {
    let peers = [TestPeer("a"), TestPeer("b"), TestPeer("c")]
    var others: [[TestPeer]] = [
      [], [peers[0]], [peers[0], peers[1]], peers + [TestPeer("d")],
      [TestPeer("a"), TestPeer("b"), TestPeer("c", .terminating)],
      [TestPeer("a"), TestPeer("b", .terminating), TestPeer("c")],
      [TestPeer("a"), TestPeer("bc"), TestPeer("")], [TestPeer("a"), TestPeer("b"), TestPeer("C")],
    ]
    if algorithm != .multiprobe {
      others.append([TestPeer("a"), TestPeer("b"), TestPeer("c", weight: 200)])
      others.append([TestPeer("a"), TestPeer("b", weight: 200), TestPeer("c")])
    }
    let fingerprints = try ([peers] + others).map { try algorithm.sharder($0).fingerprint }
    #expect(Set(fingerprints).count == fingerprints.count)
  }

  @Test(arguments: Algorithm.allCases)
  func `the order of peers and who is a viewer do not`(algorithm: Algorithm) throws {
    let peers = TestPeer.numbered(20)
    let expected = try algorithm.sharder(peers).fingerprint
    var random = TestRandom(seed: 11)
    let others = random.shuffled(peers + [TestPeer("viewing", .viewer)])
    #expect(try algorithm.sharder(others).fingerprint == expected)
  }

  @Test func `no two algorithms have the same, nor two numbers of tokens`() throws {
    for peers in [[], TestPeer.numbered(5)] {
      let fingerprints = try Algorithm.allCases.map { try $0.sharder(peers).fingerprint }
      #expect(Set(fingerprints).count == 4)
    }
  }

  @Test func `it is the same in every process and on every machine`() throws {
    let peers = [TestPeer("node-a"), TestPeer("node-b", weight: 50), TestPeer("node-c")]
    let fingerprints = try Algorithm.allCases.map { try $0.sharder(peers).fingerprint }
    #expect(
      fingerprints == [
        17_909_449_751_379_320_442, 14_462_068_585_983_929_435, 5_977_648_813_235_145_760,
        7_714_375_309_992_793_022,
      ]
    )
  }
}
