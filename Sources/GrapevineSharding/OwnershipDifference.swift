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
    let before = Side(self, operation)
    let after = Side(other, operation)
    var tally = MoveTally()
    var arcs: [OwnershipDifference.Arc] = []
    var first: UInt64 = 0
    var (index, otherIndex) = (0, 0)
    while true {
      // Up to the nearer of the two next tokens nothing changes.
      let token = before.token(at: index)
      let otherToken = after.token(at: otherIndex)
      let last = min(token ?? .max, otherToken ?? .max)
      let from = before.owner(at: index)
      let to = after.owner(at: otherIndex)
      if from.map(PeerName.init) != to.map(PeerName.init) {
        tally.add(from, to, weight: Double(last - first) + 1)
        append(first...last, from, to, &arcs)
      }
      guard last < .max else { break }
      first = last + 1
      while let token = before.token(at: index), token <= last { index += 1 }
      while let token = after.token(at: otherIndex), token <= last { otherIndex += 1 }
    }
    return OwnershipDifference(moves: tally.moves(of: 18_446_744_073_709_551_616), arcs: arcs)
  }

  private func append(
    _ keys: ClosedRange<UInt64>,
    _ from: String?,
    _ to: String?,
    _ arcs: inout [OwnershipDifference.Arc]
  ) {
    var first = ShardKey(rawValue: keys.lowerBound)
    if let last = arcs.last, last.range.upperBound.rawValue &+ 1 == keys.lowerBound,
      last.from.map(PeerName.init) == from.map(PeerName.init),
      last.to.map(PeerName.init) == to.map(PeerName.init)
    {
      first = last.range.lowerBound
      arcs.removeLast()
    }
    let arc = first...ShardKey(rawValue: keys.upperBound)
    arcs.append(OwnershipDifference.Arc(range: arc, from: from, to: to))
  }

  /// One of the two rings that are compared.
  private struct Side {
    private let peers: [Peer]
    private let tokens: TokenTable

    init(_ ring: HashRing, _ operation: ShardOperation) {
      peers = ring.placement.peers(for: operation)
      switch operation {
      case .read: tokens = ring.placement.readTable.tokens
      case .readWrite: tokens = ring.placement.writeTable.tokens
      }
    }

    func token(at index: Int) -> UInt64? { index < tokens.count ? tokens.tokens[index] : nil }

    /// The owner up to the token at `index`, which after the last one is the first one's.
    func owner(at index: Int) -> String? {
      guard tokens.count > 0 else { return nil }
      return peers[Int(tokens.owners[index < tokens.count ? index : 0])].name
    }
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
    var tally = MoveTally()
    for key in keys {
      let from = try? owner(of: key, for: operation).name
      let to = try? other.owner(of: key, for: operation).name
      if from.map(PeerName.init) != to.map(PeerName.init) { tally.add(from, to, weight: 1) }
    }
    return OwnershipDifference(moves: tally.moves(of: Double(max(1, keys.count))), arcs: [])
  }
}

/// Adds up what moves between the same two.
private struct MoveTally {
  private struct Pair: Hashable {
    var from: PeerName?
    var to: PeerName?
  }

  private var weights: [Pair: Double] = [:]

  mutating func add(_ from: String?, _ to: String?, weight: Double) {
    weights[Pair(from: from.map(PeerName.init), to: to.map(PeerName.init)), default: 0] += weight
  }

  func moves(of whole: Double) -> [OwnershipDifference.Move] {
    weights
      .sorted { first, second in
        (first.key.from?.bytes ?? []).lexicographicallyPrecedes(second.key.from?.bytes ?? [])
          || (first.key.from == second.key.from
            && (first.key.to?.bytes ?? []).lexicographicallyPrecedes(second.key.to?.bytes ?? []))
      }
      .map { pair, weight in
        OwnershipDifference.Move(
          from: pair.from?.text,
          to: pair.to?.text,
          share: weight / whole
        )
      }
  }
}
