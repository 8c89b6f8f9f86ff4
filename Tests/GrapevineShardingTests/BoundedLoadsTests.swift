import GrapevineSharding
import Testing

/// Owners none of which has more than its fill.
struct BoundedLoadsTests {
  @Test(arguments: Algorithm.allCases, [100, 101, 110, 125, 200, 1_000])
  func `no peer has more keys than the bound`(algorithm: Algorithm, percent: Int) throws {
    for (peerCount, keyCount) in [(1, 10), (2, 1), (3, 100), (7, 7), (10, 999), (40, 2_000)] {
      let sharder = try algorithm.sharder(TestPeer.numbered(peerCount))
      let keys = numberedKeys(keyCount)
      let owners = try sharder.owners(ofAll: keys, for: .readWrite, percentOfAverage: percent)
      #expect(owners.count == keyCount)
      let exact = percent * keyCount
      let bound = exact / (100 * peerCount) + (exact % (100 * peerCount) > 0 ? 1 : 0)
      var counts: [String: Int] = [:]
      for owner in owners { counts[owner.name, default: 0] += 1 }
      #expect(counts.values.allSatisfy { $0 <= bound }, "\(peerCount) peers, \(keyCount) keys")
    }
  }

  @Test(arguments: Algorithm.allCases)
  func `a key is with its best owner that has room`(algorithm: Algorithm) throws {
    let sharder = try algorithm.sharder(TestPeer.numbered(8))
    let keys = numberedKeys(400)
    let owners = try sharder.owners(ofAll: keys, for: .read, percentOfAverage: 110)
    var loads: [String: Int] = [:]
    for (key, owner) in zip(keys, owners).sorted(by: { $0.0 < $1.0 }) {
      let expected = try #require(sharder.names(key, 8).first { loads[$0, default: 0] < 55 })
      #expect(owner.name == expected)
      loads[expected, default: 0] += 1
    }
    let unbounded = try sharder.owners(ofAll: keys, for: .read, percentOfAverage: .max)
    #expect(try unbounded.map(\.name) == keys.map { try sharder.name($0) })
  }

  @Test(arguments: Algorithm.allCases)
  func `the order of the keys does not matter`(algorithm: Algorithm) throws {
    let sharder = try algorithm.sharder(TestPeer.numbered(9))
    let keys = numberedKeys(500)
    let owners = try sharder.owners(ofAll: keys, for: .readWrite, percentOfAverage: 105)
    let known = Dictionary(uniqueKeysWithValues: zip(keys, owners.map(\.name)))
    var random = TestRandom(seed: 3)
    let shuffled = random.shuffled(keys)
    let others = try sharder.owners(ofAll: shuffled, for: .readWrite, percentOfAverage: 105)
    #expect(others.map(\.name) == shuffled.map { known[$0] })
  }

  @Test func `a key that is there often counts as often`() throws {
    let ring = try Algorithm.ring256.sharder(TestPeer.numbered(4))
    let keys = Array(repeating: ShardKey("hot"), count: 100)
    let owners = try ring.owners(ofAll: keys, for: .read, percentOfAverage: 120)
    let counts = Dictionary(grouping: owners, by: \.name).mapValues(\.count)
    let expected = try zip(ring.names(keys[0], 4), [30, 30, 30, 10])
    #expect(counts == Dictionary(uniqueKeysWithValues: expected.map { ($0, $1) }))
  }

  @Test(arguments: Algorithm.allCases)
  func `keys that come one by one find room below the bound`(algorithm: Algorithm) throws {
    let sharder = try algorithm.sharder(TestPeer.numbered(6))
    var loads: [String: Int] = [:]
    for (total, key) in numberedKeys(600).enumerated() {
      let owner = try sharder.owner(
        of: key,
        for: .readWrite,
        percentOfAverage: 125,
        totalLoad: total
      ) { loads[$0.name, default: 0] }
      let bound = (125 * (total + 1) + 599) / 600
      let expected = try sharder.names(key, 6).first { loads[$0, default: 0] < bound }
      #expect(owner.name == expected)
      loads[owner.name, default: 0] += 1
    }
    #expect(loads.values.max() ?? 0 <= 125)
  }

  @Test func `loads that do not fit the sum trap nobody`() throws {
    let sharder = try Algorithm.rendezvous.sharder(TestPeer.numbered(3))
    let key = ShardKey("some-key")
    for total in [.min, -1, 0, .max] {
      let owner = try sharder.owner(
        of: key,
        for: .read,
        percentOfAverage: 100,
        totalLoad: total
      ) { _ in 1_000 }
      #expect(try owner.name == sharder.name(key))
    }
  }

  @Test(arguments: Algorithm.allCases)
  func `a bound below the average, and nobody to own, are errors`(algorithm: Algorithm) throws {
    let sharder = try algorithm.sharder(TestPeer.numbered(3))
    let keys = numberedKeys(3)
    for percent in [.min, -1, 0, 99] {
      let error = #expect(throws: ShardingError.self) {
        try sharder.owners(ofAll: keys, for: .read, percentOfAverage: percent)
      }
      #expect(
        error?.description == "a load limit of \(percent) % of the average: must be 100 % or more"
      )
    }
    #expect(try sharder.owners(ofAll: [], for: .read, percentOfAverage: 100).isEmpty)
    let none = try algorithm.sharder([TestPeer("leaving", .terminating)])
    #expect(throws: ShardingError.notEnoughNodes(needed: 1, available: 0)) {
      try none.owners(ofAll: keys, for: .readWrite, percentOfAverage: 100)
    }
    #expect(throws: ShardingError.notEnoughNodes(needed: 1, available: 0)) {
      try none.owner(of: keys[0], for: .readWrite, percentOfAverage: 100, totalLoad: 0) { _ in 0 }
    }
  }
}
