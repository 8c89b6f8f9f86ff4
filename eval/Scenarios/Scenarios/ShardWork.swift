internal import GrapevineCore
internal import GrapevineSharding

/// What was found of one algorithm.
struct ShardFigures {
  /// What changes hands with one node.
  struct Movement {
    let share: Double
    /// The share that this node has or had by its weight.
    let ideal: Double
    /// The share that moved between two others.
    let between: Double
  }

  let name: String
  /// The least and the largest share of a node beside the one that its weight asks for.
  let minimum: Double
  let maximum: Double
  let deviation: Double
  let added: Movement
  let removed: Movement
  /// In nanoseconds.
  let lookup: Double
  let lookupOfThree: Double
  /// In milliseconds.
  let replacement: Double
  let unsortedReplacement: Double
  let memorySize: Int

  var json: JSON {
    .object([
      ("share_min", .number(minimum)), ("share_max", .number(maximum)),
      ("share_deviation", .number(deviation)), ("added", json(added)),
      ("removed", json(removed)), ("lookup_ns", .number(lookup)),
      ("lookup_of_three_ns", .number(lookupOfThree)), ("replace_ms", .number(replacement)),
      ("replace_unsorted_ms", .number(unsortedReplacement)), ("memory_bytes", .integer(memorySize)),
    ])
  }

  private func json(_ movement: Movement) -> JSON {
    .object([
      ("moved", .number(movement.share)), ("ideal", .number(movement.ideal)),
      ("between", .number(movement.between)),
    ])
  }
}

/// The peers and keys by which algorithms are compared.
struct ShardWork {
  let peers: [Shard.Peer]
  let added: Shard.Peer
  let keys: [ShardKey]
  /// The peers in another order.
  let shuffled: [Shard.Peer]

  /// Gives the difference of two placements, exact or among the keys.
  typealias Difference<Placed> = (_ before: Placed, _ after: Placed) -> OwnershipDifference

  func figures<Placed: Sharder<Shard.Peer>>(
    _ name: String,
    _ empty: Placed,
    difference: Difference<Placed>? = nil
  ) throws(EvaluationError) -> ShardFigures {
    var placed = empty
    placed.replacePeers(with: peers)
    let difference = difference ?? { $0.difference(to: $1, for: .readWrite, among: keys) }
    let balance = try balance(placed)
    var other = placed
    other.replacePeers(with: peers + [added])
    let gained = movement(difference(placed, other), of: added, among: peers + [added])
    other.replacePeers(with: Array(peers.dropLast()))
    let lost = movement(difference(placed, other), of: peers[peers.count - 1], among: peers)
    return ShardFigures(
      name: name,
      minimum: balance.min() ?? 0,
      maximum: balance.max() ?? 0,
      deviation: deviation(balance),
      added: gained,
      removed: lost,
      lookup: try lookupTime(placed, count: 1),
      lookupOfThree: peers.count < 3 ? 0 : try lookupTime(placed, count: 3),
      replacement: replacementTime(empty, peers),
      unsortedReplacement: replacementTime(empty, shuffled),
      memorySize: placed.memorySize
    )
  }
}

extension ShardWork {
  /// Each peer's share of the keys beside the one that its weight asks for.
  private func balance(_ placed: some Sharder<Shard.Peer>) throws(EvaluationError) -> [Double] {
    var counts: [String: Int] = [:]
    for key in keys { counts[try owner(placed, key).name, default: 0] += 1 }
    return peers.map { peer in
      Double(counts[peer.name] ?? 0) / (Double(keys.count) * share(of: peer, among: peers))
    }
  }

  private func share(of peer: Shard.Peer, among peers: [Shard.Peer]) -> Double {
    Double(peer.weight) / Double(peers.reduce(0) { $0 + $1.weight })
  }

  private func deviation(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count)).squareRoot()
  }

  private func movement(
    _ difference: OwnershipDifference,
    of peer: Shard.Peer,
    among peers: [Shard.Peer]
  ) -> ShardFigures.Movement {
    let between = difference.moves.filter { $0.from != peer.name && $0.to != peer.name }
    return ShardFigures.Movement(
      share: difference.movedShare,
      ideal: share(of: peer, among: peers),
      between: between.reduce(0) { $0 + $1.share }
    )
  }

  private func owner<Placed: Sharder<Shard.Peer>>(
    _ placed: Placed,
    _ key: ShardKey
  ) throws(EvaluationError) -> Shard.Peer {
    do {
      return try placed.owner(of: key, for: .readWrite)
    } catch {
      throw EvaluationError("\(error)")
    }
  }
}

// How long it takes.
extension ShardWork {
  /// The nanoseconds that the owners of a key take, if that is asked over and over.
  private func lookupTime<Placed: Sharder<Shard.Peer>>(
    _ placed: Placed,
    count: Int
  ) throws(EvaluationError) -> Double {
    // As many keys as 20 ms are enough for: of the same few much would be remembered.
    let first = try lookupTime(placed, count, keys.prefix(1_000))
    let keyCount = Int(max(100, min(Double(keys.count), 2e7 / max(first, 0.1))))
    var times: [Double] = []
    for _ in 0..<9 { times.append(try lookupTime(placed, count, keys.prefix(keyCount))) }
    return median(times)
  }

  private func lookupTime<Placed: Sharder<Shard.Peer>>(
    _ placed: Placed,
    _ count: Int,
    _ keys: ArraySlice<ShardKey>
  ) throws(EvaluationError) -> Double {
    var length = 0
    let begin = MachineClock.now
    if count == 1 {
      for key in keys { length &+= try owner(placed, key).weight }
    } else {
      for key in keys {
        let owners = try? placed.owners(of: key, count: count, for: .readWrite)
        length &+= owners?.count ?? 0
      }
    }
    let time = Double(MachineClock.now.since(begin)) / Double(keys.count)
    guard length > 0 else { throw EvaluationError("nobody owned anything") }
    return time
  }

  /// The milliseconds that it takes to replace peers.
  private func replacementTime<Placed: Sharder<Shard.Peer>>(
    _ empty: Placed,
    _ peers: [Shard.Peer]
  ) -> Double {
    var placed = empty
    let times = (0..<25).map { _ in
      let begin = MachineClock.now
      placed.replacePeers(with: peers)
      return Double(MachineClock.now.since(begin)) / 1e6
    }
    return median(times)
  }

  private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
