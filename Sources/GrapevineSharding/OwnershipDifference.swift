import GrapevineHashing

/// What changes hands between two placements.
public struct OwnershipDifference: Hashable, Sendable {
  /// The keys that change hands between two peers.
  public struct Move: Hashable, Sendable {
    /// The owner's name before; nil if nobody was.
    public let from: String?
    /// The owner's name after; nil if nobody is.
    public let to: String?
    /// The share of all keys, from 0 to 1.
    public let share: Double
  }

  /// A run of keys on a ring that changes hands.
  public struct Arc: Hashable, Sendable {
    /// The first key of it and the last; it does not go around the end.
    public let range: ClosedRange<ShardKey>
    /// The owner's name before; nil if nobody was.
    public let from: String?
    /// The owner's name after; nil if nobody is.
    public let to: String?
  }

  /// What changes hands, by the bytes of the two names.
  public let moves: [Move]
  /// Where it lies, in ascending order; empty but for rings.
  public let arcs: [Arc]

  /// The share of all keys that changes hands, from 0 to 1.
  public var movedShare: Double { moves.reduce(0) { $0 + $1.share } }

  /// What the peer `name` gains.
  public func gains(of name: String) -> [Move] {
    moves.filter { $0.to?.utf8.elementsEqual(name.utf8) == true }
  }

  /// What the peer `name` loses.
  public func losses(of name: String) -> [Move] {
    moves.filter { $0.from?.utf8.elementsEqual(name.utf8) == true }
  }
}

extension HashRing {
  /// What changes hands from this ring to `other`: exact, with the arcs.
  ///
  /// - Complexity: O(tokens of both).
  public func difference(
    to other: HashRing,
    for operation: ShardOperation
  ) -> OwnershipDifference {
    let names = (placement.peers(for: operation) + other.placement.peers(for: operation))
      .map(\.name)
    var tally = MoveTally(names: names)
    let comparison = RingComparison(
      before: placement.table(for: operation).tokens,
      ids: tally.ids(of: names.prefix(placement.peers(for: operation).count)),
      after: other.placement.table(for: operation).tokens,
      otherIDs: tally.ids(of: names.dropFirst(placement.peers(for: operation).count))
    )
    var runs: [RingComparison.Run] = []
    comparison.forEachRun { run in
      tally.add(run.from, run.to, count: UInt128(run.last - run.first) + 1)
      // What changes hands in one piece is one arc, however many tokens lie in it.
      if let last = runs.last, last.last &+ 1 == run.first, last.from == run.from,
        last.to == run.to
      {
        runs[runs.count - 1].last = run.last
      } else {
        runs.append(run)
      }
    }
    return OwnershipDifference(
      moves: tally.moves(of: 18_446_744_073_709_551_616),
      arcs: runs.map { run in
        OwnershipDifference.Arc(
          range: ShardKey(rawValue: run.first)...ShardKey(rawValue: run.last),
          from: tally.name(run.from),
          to: tally.name(run.to)
        )
      }
    )
  }
}

/// Two rings side by side, whose owners have ids in common.
private struct RingComparison {
  /// Keys whose owner is another than before.
  struct Run {
    let first: UInt64
    var last: UInt64
    let from: Int
    let to: Int
  }

  let before: TokenTable
  let ids: [Int]
  let after: TokenTable
  let otherIDs: [Int]

  func forEachRun(_ body: (Run) -> Void) {
    var first: UInt64 = 0
    var (index, otherIndex) = (0, 0)
    while true {
      // Up to the nearer of the two next tokens nothing changes.
      let last = min(Self.token(before, index), Self.token(after, otherIndex))
      let from = Self.owner(before, index, ids)
      let to = Self.owner(after, otherIndex, otherIDs)
      if from != to { body(Run(first: first, last: last, from: from, to: to)) }
      guard last < .max else { return }
      first = last + 1
      while index < before.count, before.tokens[index] <= last { index += 1 }
      while otherIndex < after.count, after.tokens[otherIndex] <= last { otherIndex += 1 }
    }
  }

  private static func token(_ tokens: TokenTable, _ index: Int) -> UInt64 {
    index < tokens.count ? tokens.tokens[index] : .max
  }

  /// The owner up to the token at `index`, which after the last one is the first one's.
  private static func owner(_ tokens: TokenTable, _ index: Int, _ ids: [Int]) -> Int {
    guard tokens.count > 0 else { return MoveTally.nobody }
    return ids[Int(tokens.owners[index < tokens.count ? index : 0])]
  }
}

extension Sharder {
  /// What changes hands from this placement to `other` among `keys`: for algorithms without arcs,
  /// an estimate if the keys are a sample.
  ///
  /// - Complexity: O(keys × the cost of an owner).
  public func difference(
    to other: Self,
    for operation: ShardOperation,
    among keys: some Collection<ShardKey>
  ) -> OwnershipDifference {
    var tally = MoveTally(names: (peers + other.peers).map(\.name))
    for key in keys {
      let from = tally.id(of: try? owner(of: key, for: operation).name)
      let to = tally.id(of: try? other.owner(of: key, for: operation).name)
      if from != to { tally.add(from, to, count: 1) }
    }
    return OwnershipDifference(moves: tally.moves(of: Double(max(1, keys.count))), arcs: [])
  }
}

/// Adds up what moves between the same two.
///
/// Names have ids in the order of their bytes, and nobody's is before them all.
private struct MoveTally {
  static let nobody = -1

  private struct Pair: Hashable {
    let from: Int
    let to: Int
  }

  private var names: [String] = []
  private var counts: [Pair: UInt128] = [:]

  init(names unsorted: [String]) {
    for name in unsorted.sorted(by: { compareBytes($0, $1) < 0 }) {
      if let last = names.last, compareBytes(last, name) == 0 { continue }
      names.append(name)
    }
  }

  func ids(of names: some Sequence<String>) -> [Int] { names.map { id(of: $0) } }

  /// The id of one of the names; whom it does not know it takes for nobody.
  func id(of name: String?) -> Int {
    guard let name else { return Self.nobody }
    var (lower, upper) = (0, names.count)
    while lower < upper {
      let middle = (lower + upper) / 2
      let comparison = compareBytes(names[middle], name)
      if comparison == 0 { return middle }
      if comparison < 0 { lower = middle + 1 } else { upper = middle }
    }
    return Self.nobody
  }

  func name(_ id: Int) -> String? { id == Self.nobody ? nil : names[id] }

  mutating func add(_ from: Int, _ to: Int, count: UInt128) {
    counts[Pair(from: from, to: to), default: 0] += count
  }

  func moves(of whole: Double) -> [OwnershipDifference.Move] {
    counts.sorted { ($0.key.from, $0.key.to) < ($1.key.from, $1.key.to) }.map { pair, count in
      OwnershipDifference.Move(
        from: name(pair.from),
        to: name(pair.to),
        share: Double(count) / whole
      )
    }
  }
}
