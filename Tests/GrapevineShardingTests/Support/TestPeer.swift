import GrapevineHashing
import GrapevineSharding

/// A peer as tests need it.
struct TestPeer: ShardPeer, Equatable {
  var name: String
  var state = PeerState.participant
  var weight = 100

  init(_ name: String, _ state: PeerState = .participant, weight: Int = 100) {
    self.name = name
    self.state = state
    self.weight = weight
  }

  /// Peers of the usual weight that own keys, `node-0` and so on.
  static func numbered(_ count: Int) -> [TestPeer] {
    (0..<count).map { TestPeer("node-\($0)") }
  }
}

/// The algorithms, each with what a test needs to make one.
enum Algorithm: String, CaseIterable, Sendable {
  case ring256
  case ring512
  case rendezvous
  case multiprobe

  func sharder(_ peers: [TestPeer] = []) throws -> any Sharder<TestPeer> {
    var sharder: any Sharder<TestPeer> =
      switch self {
      case .ring256: try HashRing<TestPeer>(tokensPerNode: 256)
      case .ring512: try HashRing<TestPeer>(tokensPerNode: 512)
      case .rendezvous: Rendezvous<TestPeer>()
      case .multiprobe: Multiprobe<TestPeer>()
      }
    sharder.replacePeers(with: peers)
    return sharder
  }
}

extension Sharder<TestPeer> {
  /// The names of a key's owners.
  func names(
    _ key: ShardKey,
    _ count: Int,
    for operation: ShardOperation = .readWrite
  ) throws -> [String] {
    try owners(of: key, count: count, for: operation).map(\.name)
  }

  /// The name of a key's owner.
  func name(_ key: ShardKey, for operation: ShardOperation = .readWrite) throws -> String {
    try owner(of: key, for: operation).name
  }
}

/// The keys `key-0` and so on.
func numberedKeys(_ count: Int) -> [ShardKey] {
  (0..<count).map { ShardKey("key-\($0)") }
}

/// Numbers that a seed gives, the same on every machine.
struct TestRandom {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return mix64(state)
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

  mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    var elements = elements
    for index in elements.indices.reversed() { elements.swapAt(index, below(index + 1)) }
    return elements
  }
}
