/// The members' keys in ascending order, each with its record's slot and what it adds to the
/// fingerprint.
///
/// Keys lie in blocks of at most 64. Each block knows its place in the order, the sum of its
/// contributions, and which of its members live; so a member comes and goes, a range is summed up,
/// and the n-th live member is found without looking at the others. One level is enough: a hundred
/// thousand members make some two thousand blocks, whose places are moved on in half a microsecond.
struct MemberOrder: Sendable {
  /// Where a key lies; valid until a member comes or goes.
  struct Spot {
    var block: Int
    var index: Int
  }

  struct Place {
    var key: MemberKey
    var contribution: UInt64
    var slot: UInt32
  }

  fileprivate struct Block {
    /// The first key.
    var lower: MemberKey
    /// Members in the blocks before.
    var rank: Int
    /// Live members in the blocks before.
    var liveRank: Int
    var sum: UInt64
    /// A bit for each place, set while its member lives.
    var live: UInt64
    var places: ContiguousArray<Place>
  }

  static let blockLimit = 64
  /// Places by which a block's memory grows.
  private static let growth = 8

  private(set) var count = 0
  private(set) var liveCount = 0
  private var blocks: ContiguousArray<Block> = []
}

// MARK: Reading

extension MemberOrder {
  subscript(spot: Spot) -> Place { blocks[spot.block].places[spot.index] }

  /// - Complexity: O(log(`count`)), as all look-ups here.
  func find(_ key: MemberKey) -> Spot? {
    let spot = spot(atOrAbove: key)
    guard spot.block < blocks.count, self[spot].key == key else { return nil }
    return spot
  }

  /// Members with lower keys.
  func rank(atOrAbove key: MemberKey) -> Int {
    let spot = spot(atOrAbove: key)
    return spot.block < blocks.count ? blocks[spot.block].rank + spot.index : count
  }

  /// Live members with lower keys.
  func liveRank(atOrAbove key: MemberKey) -> Int {
    let spot = spot(atOrAbove: key)
    guard spot.block < blocks.count else { return liveCount }
    let before = blocks[spot.block].live & ((1 << UInt64(spot.index)) - 1)
    return blocks[spot.block].liveRank + before.nonzeroBitCount
  }

  /// The place with so many members before it.
  subscript(rank rank: Int) -> Place {
    precondition((0..<count).contains(rank), "rank \(rank) of \(count)")
    let block = lastBlock { $0.rank <= rank }
    return blocks[block].places[rank - blocks[block].rank]
  }

  /// The live member's place with so many live ones before it.
  subscript(liveRank rank: Int) -> Place {
    precondition((0..<liveCount).contains(rank), "live rank \(rank) of \(liveCount)")
    // Of several with the same rank the last has the member; those before have no live one.
    let block = lastBlock { $0.liveRank <= rank }
    var live = blocks[block].live
    for _ in 0..<rank - blocks[block].liveRank { live &= live - 1 }
    return blocks[block].places[live.trailingZeroBitCount]
  }

  /// The wrapping sum of the contributions in a range of ranks.
  ///
  /// - Complexity: O(blocks in the range), and at most two blocks' members.
  func sum(of ranks: Range<Int>) -> UInt64 {
    var sum: UInt64 = 0
    forEachBlock(in: ranks) { block, part in
      if part.count == block.places.count {
        sum &+= block.sum
      } else {
        for index in part { sum &+= block.places[index].contribution }
      }
      return true
    }
    return sum
  }

  /// Calls `body` with the places in a range of ranks, in order, until it returns false.
  func forEach(in ranks: Range<Int>, _ body: (Place) -> Bool) {
    forEachBlock(in: ranks) { block, part in part.allSatisfy { body(block.places[$0]) } }
  }

  private func forEachBlock(in ranks: Range<Int>, _ body: (Block, Range<Int>) -> Bool) {
    guard !ranks.isEmpty else { return }
    var number = lastBlock { $0.rank <= ranks.lowerBound }
    while number < blocks.count, blocks[number].rank < ranks.upperBound {
      let start = blocks[number].rank
      let part = (start..<start + blocks[number].places.count).clamped(to: ranks)
      guard body(blocks[number], part.lowerBound - start..<part.upperBound - start) else { return }
      number += 1
    }
  }

  /// The first place whose key is not lower; its block is `blocks.count` if there is none.
  private func spot(atOrAbove key: MemberKey) -> Spot {
    guard let last = blocks.indices.last else { return Spot(block: 0, index: 0) }
    let block = lastBlock { $0.lower <= key }
    let index = blocks[block].index(atOrAbove: key)
    guard index == blocks[block].places.count else { return Spot(block: block, index: index) }
    return block < last ? Spot(block: block + 1, index: 0) : Spot(block: blocks.count, index: 0)
  }

  /// The last block for which `isBefore` holds, which ends at some block; the first if for none.
  @inline(__always)
  private func lastBlock(where isBefore: (Block) -> Bool) -> Int {
    var lower = 0
    var upper = blocks.count
    while upper - lower > 1 {
      let middle = (lower + upper) / 2
      if isBefore(blocks[middle]) { lower = middle } else { upper = middle }
    }
    return lower
  }
}

extension MemberOrder.Block {
  fileprivate func index(atOrAbove key: MemberKey) -> Int {
    var lower = 0
    var upper = places.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if places[middle].key < key { lower = middle + 1 } else { upper = middle }
    }
    return lower
  }
}

// MARK: Changing

extension MemberOrder {
  /// Adds a key that is not there.
  ///
  /// - Complexity: O(blocks), as for a removal.
  mutating func insert(_ place: Place, isLive: Bool) {
    if blocks.isEmpty {
      blocks.append(Block(lower: place.key, rank: 0, liveRank: 0, sum: 0, live: 0, places: []))
    }
    var number = lastBlock { $0.lower <= place.key }
    if blocks[number].places.count == Self.blockLimit {
      split(number)
      if blocks[number + 1].lower <= place.key { number += 1 }
    }
    let index = blocks[number].index(atOrAbove: place.key)
    blocks[number].insert(place, at: index, isLive: isLive, growth: Self.growth)
    moveRanks(after: number, by: 1, live: isLive ? 1 : 0)
  }

  mutating func remove(_ spot: Spot) {
    let isLive = blocks[spot.block].remove(at: spot.index)
    moveRanks(after: spot.block, by: -1, live: isLive ? -1 : 0)
    if blocks[spot.block].places.isEmpty { blocks.remove(at: spot.block) }
  }

  /// Notes where a member's record lies now.
  mutating func setSlot(_ spot: Spot, _ slot: Int) {
    blocks[spot.block].places[spot.index].slot = UInt32(slot)
  }

  mutating func setContribution(_ spot: Spot, _ contribution: UInt64) {
    let before = blocks[spot.block].places[spot.index].contribution
    blocks[spot.block].places[spot.index].contribution = contribution
    blocks[spot.block].sum = blocks[spot.block].sum &- before &+ contribution
  }

  mutating func setLive(_ spot: Spot, _ isLive: Bool) {
    let bit: UInt64 = 1 << UInt64(spot.index)
    guard (blocks[spot.block].live & bit != 0) != isLive else { return }
    blocks[spot.block].live ^= bit
    moveRanks(after: spot.block, by: 0, live: isLive ? 1 : -1)
  }

  private mutating func moveRanks(after number: Int, by difference: Int, live: Int) {
    count += difference
    liveCount += live
    for later in number + 1..<max(blocks.count, number + 1) {
      blocks[later].rank += difference
      blocks[later].liveRank += live
    }
  }

  /// Gives the upper half of a block to one of its own.
  private mutating func split(_ number: Int) {
    let half = Self.blockLimit / 2
    let upper = blocks[number].places[half...]
    var block = Block(
      lower: upper[half].key,
      rank: blocks[number].rank + half,
      liveRank: 0,
      sum: upper.reduce(0) { $0 &+ $1.contribution },
      live: blocks[number].live >> UInt64(half),
      places: []
    )
    block.places.reserveCapacity(half + Self.growth)
    block.places.append(contentsOf: upper)
    var lower: ContiguousArray<Place> = []
    lower.reserveCapacity(half + Self.growth)
    lower.append(contentsOf: blocks[number].places[..<half])
    blocks[number].places = lower
    blocks[number].sum &-= block.sum
    blocks[number].live &= (1 << UInt64(half)) - 1
    block.liveRank = blocks[number].liveRank + blocks[number].live.nonzeroBitCount
    blocks.insert(block, at: number + 1)
  }
}

extension MemberOrder.Block {
  fileprivate mutating func insert(
    _ place: MemberOrder.Place,
    at index: Int,
    isLive: Bool,
    growth: Int
  ) {
    if places.count == places.capacity { places.reserveCapacity(places.count + growth) }
    places.insert(place, at: index)
    let below = live & ((1 << UInt64(index)) - 1)
    live = below | (live & ~below) << 1 | (isLive ? 1 << UInt64(index) : 0)
    sum &+= place.contribution
    lower = places[0].key
  }

  /// Returns whether the member lived.
  fileprivate mutating func remove(at index: Int) -> Bool {
    let bit: UInt64 = 1 << UInt64(index)
    let isLive = live & bit != 0
    let below = live & (bit - 1)
    live = below | (live & ~(bit | (bit - 1))) >> 1
    sum &-= places.remove(at: index).contribution
    if let first = places.first { lower = first.key }
    return isLive
  }
}

extension MemberOrder: SelfVerifying {
  /// Throws if the blocks' sums, ranks or order do not agree with their places.
  func verifyInvariants() throws(BrokenInvariant) {
    var rank = 0
    var liveRank = 0
    var last: MemberKey?
    for block in blocks {
      try require(!block.places.isEmpty, "a block is empty")
      try require(block.places.count <= Self.blockLimit, "a block of \(block.places.count)")
      try require(block.lower == block.places[0].key, "a block begins elsewhere")
      try require(block.rank == rank && block.liveRank == liveRank, "a block's rank is stale")
      try require(
        block.sum == block.places.reduce(0) { $0 &+ $1.contribution },
        "a block's sum is stale"
      )
      try require(
        block.live.leadingZeroBitCount >= UInt64.bitWidth - block.places.count,
        "a member lives that is not there"
      )
      for place in block.places {
        try require(last.map { $0 < place.key } ?? true, "keys are not in order")
        last = place.key
      }
      rank += block.places.count
      liveRank += block.live.nonzeroBitCount
    }
    try require(rank == count && liveRank == liveCount, "counts differ")
  }
}
