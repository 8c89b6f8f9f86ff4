import GrapevineHashing
import GrapevineSharding
import Testing

@testable import func GrapevineSharding.negativeLog
@testable import func GrapevineSharding.xorShiftMultiply

/// Drawn peers and keys, placed by ours and by the algorithms written down plainly.
struct ModelTests {
  private static func precedes(_ first: TestPeer, _ second: TestPeer) -> Bool {
    first.name.utf8.lexicographicallyPrecedes(second.name.utf8)
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func `a ring places as its model`(seed: UInt64) throws {
    let drawn = Drawn(seed: seed)
    let tokensPerNode = [1, 7, 256, 300][Int(seed % 4)]
    var tokens: [(token: UInt64, peer: TestPeer)] = []
    for peer in drawn.eligible {
      var bytes = Array(peer.name.utf8)
      for number in 0..<max(1, tokensPerNode * peer.weight / 100) {
        bytes.append(UInt8(number % 256))
        tokens.append((XXH64.hash(bytes), peer))
      }
    }
    tokens.sort { $0.token < $1.token || ($0.token == $1.token && Self.precedes($0.peer, $1.peer)) }
    try drawn.check(HashRing<TestPeer>(tokensPerNode: tokensPerNode)) { key in
      var owners: [TestPeer] = []
      let first = tokens.firstIndex { $0.token >= key.rawValue } ?? 0
      for (_, peer) in tokens[first...] + tokens[..<first] where !owners.contains(peer) {
        owners.append(peer)
        if owners.count == drawn.eligible.count { break }
      }
      return owners
    }
  }

  @Test(arguments: 1...200 as ClosedRange<UInt64>)
  func `rendezvous places as its model`(seed: UInt64) throws {
    let drawn = Drawn(seed: seed)
    try drawn.check(Rendezvous<TestPeer>()) { key in
      let weights = Set(drawn.eligible.map(\.weight))
      let scores = drawn.eligible.sorted(by: Self.precedes).map { peer in
        let number = xorShiftMultiply(key.rawValue ^ XXH64.hash(peer.name))
        let score =
          weights.count == 1 ? 0 : negativeLog(ofComplement: number) / Double(peer.weight)
        return (score, weights.count == 1 ? number : 0, peer)
      }
      return scores.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
    }
  }

  @Test(arguments: 1...200 as ClosedRange<UInt64>)
  func `multiprobe places as its model`(seed: UInt64) throws {
    let drawn = Drawn(seed: seed)
    let tokens = drawn.eligible.map { (token: XXH64.hash($0.name), peer: $0) }
      .sorted { $0.token < $1.token }
    try drawn.check(Multiprobe<TestPeer>()) { key in
      guard !tokens.isEmpty else { return [] }
      let first = XXH64.hash(String(key.rawValue, radix: 16))
      let second = XXH64.hash(String(first, radix: 16))
      // Of all probes and the tokens on both sides of each.
      var best: (distance: UInt64, index: Int)?
      for number in 0..<21 as Range<UInt64> {
        let probe = first &+ number &* second
        let above = tokens.firstIndex { $0.token >= probe } ?? tokens.count
        let sides = [(above + tokens.count - 1) % tokens.count, above % tokens.count]
        for index in sides {
          let token = tokens[index].token
          let distance = max(token, probe) - min(token, probe)
          if distance < best?.distance ?? .max { best = (distance, index) }
        }
      }
      let start = best?.index ?? 0
      return (tokens[start...] + tokens[..<start]).map(\.peer)
    }
  }
}

/// Peers and keys that a seed draws.
private struct Drawn {
  private let operation: ShardOperation
  private let peers: [TestPeer]
  private let keys: [ShardKey]

  /// Peers of all states and weights, some with nearly the same name, in any order.
  init(seed: UInt64) {
    var random = TestRandom(seed: seed)
    let isWeighted = random.below(2) == 0
    let count = 1 + random.below(random.below(3) == 0 ? 60 : 8)
    let prefix = ["n", "", "a name of more than 32 bytes, as some have them ", "é"][random.below(4)]
    let peers = (0..<count).map { index in
      TestPeer(
        "\(prefix)\(index)",
        [.participant, .participant, .terminating, .viewer][random.below(4)],
        weight: isWeighted ? 1 + random.below(500) : 100
      )
    }
    self.peers = random.shuffled(peers)
    keys = (0..<20).map { _ in ShardKey(rawValue: random.next() >> UInt64(random.below(2) * 40)) }
    operation = random.below(2) == 0 ? .read : .readWrite
  }

  var eligible: [TestPeer] { peers.filter { $0.state.isEligible(for: operation) } }

  /// Compares all owners of each key with those of a model.
  func check(
    _ sharder: some Sharder<TestPeer>,
    _ model: (ShardKey) -> [TestPeer]
  ) throws {
    var sharder = sharder
    sharder.replacePeers(with: peers)
    #expect(sharder.eligibleCount(for: operation) == eligible.count)
    for key in keys {
      let expected = model(key)
      #expect(try sharder.owners(of: key, count: eligible.count, for: operation) == expected)
      guard let first = expected.first else { continue }
      #expect(try sharder.owner(of: key, for: operation) == first)
    }
  }
}
