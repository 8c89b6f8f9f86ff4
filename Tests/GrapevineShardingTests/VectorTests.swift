import GrapevineSharding
import Testing

@testable import struct GrapevineSharding.MultiprobeTable
@testable import func GrapevineSharding.xorShiftMultiply

/// Placement is that of ckit's `shard` package.
struct VectorTests {
  @Test func `keys are those of the generator`() throws {
    let vectors = try VectorFile()
    #expect(Set(vectors.keys.map(\.input.utf8.count)).isSuperset(of: 0...100))
    for vector in vectors.keys {
      #expect(ShardKey(vector.input).rawValue == vector.result, "\(vector.input)")
      var builder = ShardKey.Builder()
      builder.append(vector.input)
      #expect(builder.key.rawValue == vector.result, "\(vector.input)")
    }
  }

  @Test func `scores and second keys are those of the generator`() throws {
    let vectors = try VectorFile()
    #expect(vectors.scores.count >= 130)
    for vector in vectors.scores {
      #expect(xorShiftMultiply(vector.input) == vector.result, "\(vector.input)")
    }
    #expect(vectors.secondKeys.count >= 130)
    for vector in vectors.secondKeys {
      #expect(MultiprobeTable.secondKey(of: vector.input) == vector.result, "\(vector.input)")
    }
  }

  @Test(arguments: Algorithm.allCases)
  func `owners are those of the generator`(algorithm: Algorithm) throws {
    let places = try VectorFile().places.filter { $0.algorithm == algorithm }
    #expect(places.count >= 1_000)
    #expect(Set(places.map(\.nodes.count)).isSuperset(of: 1...60))
    var sharder = try algorithm.sharder()
    var nodes: [String] = []
    for place in places {
      if place.nodes != nodes {
        nodes = place.nodes
        sharder.replacePeers(with: nodes.map { TestPeer($0) })
      }
      let key = ShardKey(place.key)
      // By their bytes: some names differ in nothing else.
      let owners = try sharder.names(key, place.owners.count).map { name in
        nodes.firstIndex { $0.utf8.elementsEqual(name.utf8) }
      }
      try #require(owners == place.owners, "\(place.key) on \(nodes.count) nodes")
      let owner = try sharder.name(key)
      try #require(owner.utf8.elementsEqual(nodes[place.owners[0]].utf8), "\(place.key)")
    }
  }

  @Test(
    arguments: [
      (.ring256, ["cab", "cba", "cba", "cba"]), (.ring512, ["cab", "cba", "cab", "cba"]),
      (.rendezvous, ["cab", "cab", "bca", "bca"]), (.multiprobe, ["cba", "bac", "acb", "cba"]),
    ] as [(Algorithm, [String])]
  )
  func `owners among three nodes are those of ckit`(
    algorithm: Algorithm,
    expected: [String]
  ) throws {
    let sharder = try algorithm.sharder(["node-b", "node-c", "node-a"].map { TestPeer($0) })
    for (key, letters) in zip(["some-key", "example-key", "k1", "k2"], expected) {
      #expect(try sharder.names(ShardKey(key), 3) == letters.map { "node-\($0)" }, "\(key)")
    }
  }

  @Test func `the example of ckit's documentation holds`() throws {
    let ring = try Algorithm.ring256.sharder([TestPeer("node-a"), TestPeer("node-b")])
    #expect(try ring.name(ShardKey("example-key")) == "node-b")
  }

  @Test func `the steps of a score and of a second key are ckit's`() {
    #expect(xorShiftMultiply(1) == 0x47E4_CE4B_896C_DD1D)
    let key = ShardKey("some-key").rawValue
    #expect(MultiprobeTable.secondKey(of: key) == 0x4270_F324_02C9_70C4)
  }
}
