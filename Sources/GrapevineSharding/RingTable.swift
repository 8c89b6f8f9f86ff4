import GrapevineHashing

/// The ring of some peers.
@usableFromInline
struct RingTable: PlacementTable {
  let tokens: TokenTable
  private let peerCount: Int

  @usableFromInline
  init(_ roster: Roster, _ tokensPerNode: Int) {
    peerCount = roster.entries.count
    let counts = Self.shares(ofWeights: roster.weights, tokensPerNode)
    let total = counts.reduce(0, +)
    var unsorted: [UInt64] = []
    var owners: [UInt32] = []
    unsorted.reserveCapacity(total)
    owners.reserveCapacity(total)
    for (index, count) in counts.enumerated() {
      // Token t is the hash of the name and the bytes 0 to t, each without its high bits.
      var stream = XXH64.Stream()
      stream.append(contentsOf: roster.entries[index].name.utf8)
      stream.appendNumbers(count, into: &unsorted)
      for _ in 0..<count { owners.append(UInt32(truncatingIfNeeded: index)) }
    }
    tokens = TokenTable(unsorted: unsorted, owners: owners)
  }
}

extension RingTable {
  /// The most tokens on a ring.
  static let limit = 1 << 26

  @usableFromInline
  static func shares(ofWeights weights: [Int], _ tokensPerNode: Int) -> [Int] {
    tokenCounts(weights, tokensPerNode, limit: limit)
  }

  /// How many tokens each peer has: in proportion to its weight, and `limit` in all.
  static func tokenCounts(_ weights: [Int], _ tokensPerNode: Int, limit: Int) -> [Int] {
    var counts = weights.map { max(1, tokensPerNode * $0 / 100) }
    while counts.reduce(0, +) > max(limit, counts.count) {
      for index in counts.indices { counts[index] = max(1, counts[index] / 2) }
    }
    return counts
  }

  @usableFromInline
  var memorySize: Int { tokens.memorySize }

  @usableFromInline
  func owner(of key: UInt64) -> Int {
    let index = tokens.firstIndex(from: key)
    return Int(tokens.owners[index < tokens.count ? index : 0])
  }

  @usableFromInline
  func forEachOwner(of key: UInt64, _ body: (Int) -> Bool) {
    var index = tokens.firstIndex(from: key)
    var seen = SeenOwners(of: peerCount)
    while seen.count < peerCount {
      if index >= tokens.count { index = 0 }
      let owner = Int(tokens.owners[index])
      index += 1
      guard seen.insert(owner) else { continue }
      guard body(owner) else { return }
    }
  }
}

/// The owners on a walk around the ring: few are looked for among few, many are marked.
private struct SeenOwners {
  private(set) var count = 0
  private var first = InlineArray<16, Int>(repeating: -1)
  private var marks: [Bool] = []
  private let peerCount: Int

  init(of peerCount: Int) {
    self.peerCount = peerCount
  }

  /// Adds an owner; false if it was there.
  mutating func insert(_ owner: Int) -> Bool {
    if marks.isEmpty {
      for index in 0..<count where first[index] == owner { return false }
      guard count == first.count else {
        first[count] = owner
        count += 1
        return true
      }
      marks = [Bool](repeating: false, count: peerCount)
      for index in first.indices { marks[first[index]] = true }
    }
    guard !marks[owner] else { return false }
    marks[owner] = true
    count += 1
    return true
  }
}
