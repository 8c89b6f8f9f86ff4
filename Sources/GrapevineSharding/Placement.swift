import GrapevineHashing

/// What an algorithm makes of peers: who owns what, by the peers' indices.
protocol PlacementTable: Sendable {
  associatedtype Settings: Sendable

  /// Places peers, which are sorted by the bytes of their names.
  init(names: [String.UTF8View], weights: [Int], _ settings: Settings)

  /// The owner of a key; there is a peer.
  func owner(of key: UInt64) -> Int

  /// Calls `body` with each owner of a key, the best first, until it returns false.
  func forEachOwner(of key: UInt64, _ body: (Int) -> Bool)
}

/// Peers and their tables, one for those who read and one for those who also write.
///
/// Without terminating peers both are the same one.
struct Placement<Peer: ShardPeer, Table: PlacementTable>: Sendable {
  private(set) var readers: [Peer] = []
  private(set) var writers: [Peer] = []
  private(set) var readTable: Table
  private(set) var writeTable: Table
  let settings: Table.Settings

  init(_ settings: Table.Settings) {
    self.settings = settings
    readTable = Table(names: [], weights: [], settings)
    writeTable = readTable
  }

  mutating func replacePeers(with peers: some Sequence<Peer>) {
    readers = Self.sorted(peers.filter { $0.state != .viewer })
    writers = readers.filter { $0.state == .participant }
    readTable = table(readers)
    writeTable = writers.count == readers.count ? readTable : table(writers)
  }

  private func table(_ peers: [Peer]) -> Table {
    Table(
      names: peers.map(\.name.utf8),
      weights: peers.map { min(max($0.weight, 1), 10_000) },
      settings
    )
  }

  private static func sorted(_ peers: [Peer]) -> [Peer] {
    let sorted = peers.enumerated().sorted { first, second in
      let (name, other) = (first.element.name.utf8, second.element.name.utf8)
      return name.lexicographicallyPrecedes(other)
        || (first.offset < second.offset && name.elementsEqual(other))
    }
    var unique: [Peer] = []
    unique.reserveCapacity(sorted.count)
    for (_, peer) in sorted where unique.last?.name.utf8.elementsEqual(peer.name.utf8) != true {
      unique.append(peer)
    }
    return unique
  }

  func peers(for operation: ShardOperation) -> [Peer] {
    switch operation {
    case .read: readers
    case .readWrite: writers
    }
  }

  func owner(of key: ShardKey, for operation: ShardOperation) throws(ShardingError) -> Peer {
    switch operation {
    case .read:
      guard !readers.isEmpty else { throw .notEnoughNodes(needed: 1, available: 0) }
      return readers[readTable.owner(of: key.rawValue)]
    case .readWrite:
      guard !writers.isEmpty else { throw .notEnoughNodes(needed: 1, available: 0) }
      return writers[writeTable.owner(of: key.rawValue)]
    }
  }

  func owners(
    of key: ShardKey,
    count: Int,
    for operation: ShardOperation
  ) throws(ShardingError) -> [Peer] {
    guard count >= 0 else { throw .negativeCount(count) }
    let available = peers(for: operation).count
    guard count <= available else {
      throw .notEnoughNodes(needed: count, available: available)
    }
    guard count != 0 else { return [] }
    guard count > 1 else { return [try owner(of: key, for: operation)] }
    var owners: [Peer] = []
    owners.reserveCapacity(count)
    forEachOwner(of: key, for: operation) { owner in
      owners.append(owner)
      return owners.count < count
    }
    return owners
  }

  func forEachOwner(
    of key: ShardKey,
    for operation: ShardOperation,
    _ body: (Peer) -> Bool
  ) {
    switch operation {
    case .read:
      guard !readers.isEmpty else { return }
      readTable.forEachOwner(of: key.rawValue) { body(readers[$0]) }
    case .readWrite:
      guard !writers.isEmpty else { return }
      writeTable.forEachOwner(of: key.rawValue) { body(writers[$0]) }
    }
  }

  /// The algorithm's number, and all that placement depends on of each peer.
  func fingerprint(algorithm: UInt64) -> UInt64 {
    var stream = XXH64.Stream(seed: algorithm)
    for peer in readers {
      let name = peer.name.utf8
      stream.append(fixed: UInt64(name.count))
      stream.append(contentsOf: name)
      stream.append(peer.state.rawValue)
      stream.append(fixed: UInt64(min(max(peer.weight, 1), 10_000)))
    }
    return stream.value
  }
}

extension XXH64.Stream {
  fileprivate mutating func append(fixed number: UInt64) {
    for shift in stride(from: 0, to: 64, by: 8) {
      append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
    }
  }
}
