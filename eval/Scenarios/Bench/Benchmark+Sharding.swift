internal import GrapevineCore
internal import GrapevineSharding

// Who owns a key among 1,000 nodes.
extension Benchmark {
  static let ofSharding =
    [shardKey]
    + sharder("ring-256", keyCount: 65_536, replacements: 1) {
      try HashRing<Shard.Peer>(tokensPerNode: 256)
    }
    + sharder("ring-512", keyCount: 65_536, replacements: 1) {
      try HashRing<Shard.Peer>(tokensPerNode: 512)
    }
    + sharder("rendezvous", keyCount: 1_024, replacements: 32) { Rendezvous<Shard.Peer>() }
    + sharder("multiprobe", keyCount: 8_192, replacements: 32) { Multiprobe<Shard.Peer>() }

  private static let nodeCount = 1_000

  private static let shardKey = Benchmark("shard.key", operationCount: 16_384) {
    let names = (0..<16_384).map { "tenant-\(100_000_000 + $0)" }
    return { count in
      var sum: UInt64 = 0
      for index in 0..<count { sum &+= ShardKey(names[index % names.count]).rawValue }
      keep(sum)
    }
  }

  /// The benchmarks of one algorithm.
  ///
  /// As many keys are looked up in turn as time allows: with few
  /// of them the processor would come to know the way to each.
  private static func sharder<Placed: Sharder<Shard.Peer>>(
    _ name: String,
    keyCount: Int,
    replacements: Int,
    make: @escaping @Sendable () throws -> Placed
  ) -> [Benchmark] {
    [
      Benchmark("shard.owner.\(name)", operationCount: keyCount) {
        let (placed, keys) = (try place(make), keys(keyCount))
        return { count in
          var sum = 0
          for index in 0..<count {
            sum &+= try placed.owner(of: keys[index % keys.count], for: .readWrite).weight
          }
          keep(sum)
        }
      },
      Benchmark("shard.three-owners.\(name)", operationCount: min(keyCount, 8_192)) {
        let (placed, keys) = (try place(make), keys(keyCount))
        return { count in
          var sum = 0
          for index in 0..<count {
            let key = keys[index % keys.count]
            sum &+= try placed.owners(of: key, count: 3, for: .readWrite).count
          }
          keep(sum)
        }
      },
      Benchmark("shard.replace.\(name)", operationCount: replacements) {
        var placed = try place(make)
        let peers = peers()
        return { count in
          for _ in 0..<count { placed.replacePeers(with: peers) }
          keep(placed.memorySize)
        }
      },
    ]
  }

  private static func place<Placed: Sharder<Shard.Peer>>(
    _ make: () throws -> Placed
  ) throws -> Placed {
    var placed = try make()
    placed.replacePeers(with: peers())
    return placed
  }

  private static func peers() -> [Shard.Peer] {
    (0..<nodeCount).map { Shard.Peer(name: Measurement.name($0, of: nodeCount), weight: 100) }
  }

  private static func keys(_ count: Int) -> [ShardKey] {
    var random = Xoshiro256(seed: 1)
    return (0..<count).map { _ in ShardKey(rawValue: random.next()) }
  }
}
