import GrapevineHashing

/// What an algorithm makes of peers: who owns what, by the peers' indices.
@usableFromInline
protocol PlacementTable: Sendable {
  associatedtype Settings: Sendable

  /// Places peers, which are sorted by the bytes of their names.
  init(_ roster: Roster, _ settings: Settings)

  /// What placement makes of the peers' weights: only if that is other may it be.
  static func shares(ofWeights weights: [Int], _ settings: Settings) -> [Int]

  /// The bytes of the table's arrays.
  var memorySize: Int { get }

  /// The owner of a key; there is a peer.
  func owner(of key: UInt64) -> Int

  /// Calls `body` with each owner of a key, the best first, until it returns false.
  func forEachOwner(of key: UInt64, _ body: (Int) -> Bool)
}

/// Peers and their tables, one for those who read and one for those who also write.
///
/// Without terminating peers both are the same one. What depends on the type of the peers can be
/// inlined where that is known, so that they need not be handled as something unknown.
@usableFromInline
struct Placement<Peer: ShardPeer, Table: PlacementTable>: Sendable {
  /// One object, so that a copy is but one reference more.
  @usableFromInline var storage: PlacementStorage<Peer, Table>
  @usableFromInline let settings: Table.Settings

  init(_ settings: Table.Settings) {
    self.settings = settings
    let table = Table(Roster(capacity: 0), settings)
    storage = PlacementStorage(readers: [], writers: [], readTable: table, writeTable: table)
  }
}

/// What a placement consists of; it never changes.
@usableFromInline
final class PlacementStorage<Peer: ShardPeer, Table: PlacementTable>: Sendable {
  @usableFromInline let readers: [Peer]
  @usableFromInline let writers: [Peer]
  @usableFromInline let readTable: Table
  @usableFromInline let writeTable: Table

  @inlinable
  init(readers: [Peer], writers: [Peer], readTable: Table, writeTable: Table) {
    self.readers = readers
    self.writers = writers
    self.readTable = readTable
    self.writeTable = writeTable
  }
}

extension Placement {
  @inlinable var readers: [Peer] { storage.readers }
  @inlinable var writers: [Peer] { storage.writers }
  @inlinable var readTable: Table { storage.readTable }
  @inlinable var writeTable: Table { storage.writeTable }

  @inlinable
  mutating func replacePeers(with peers: some Sequence<Peer>) {
    let all = Array(peers)
    var roster = Roster(capacity: all.count)
    for peer in all { roster.add(peer.name, peer.state, peer.weight) }
    var readers = all
    if let order = roster.arrange() { readers = order.map { all[$0] } }
    let readTable = Table(roster, settings)
    var writers = readers
    var writeTable = readTable
    if let order = roster.keepWriters() {
      writers = order.map { readers[$0] }
      writeTable = Table(roster, settings)
    }
    storage = PlacementStorage(
      readers: readers,
      writers: writers,
      readTable: readTable,
      writeTable: writeTable
    )
  }

  @inlinable
  func peers(for operation: ShardOperation) -> [Peer] {
    switch operation {
    case .read: readers
    case .readWrite: writers
    }
  }

  func table(for operation: ShardOperation) -> Table {
    switch operation {
    case .read: readTable
    case .readWrite: writeTable
    }
  }

  @inlinable
  func owner(of key: ShardKey, for operation: ShardOperation) throws(ShardingError) -> Peer {
    switch operation {
    case .read:
      let count = storage.readers.count
      guard count > 0 else { throw .notEnoughNodes(needed: 1, available: 0) }
      return storage.readers[storage.readTable.owner(of: key.rawValue)]
    case .readWrite:
      let count = storage.writers.count
      guard count > 0 else { throw .notEnoughNodes(needed: 1, available: 0) }
      return storage.writers[storage.writeTable.owner(of: key.rawValue)]
    }
  }

  @inlinable
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

  @inlinable
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

  /// The bytes of the tables, without the peers themselves; what is shared counts once.
  var memorySize: Int {
    let isShared = readers.count == writers.count
    return readTable.memorySize + (isShared ? 0 : writeTable.memorySize)
  }

  /// The algorithm's number, and all that placement depends on of each peer.
  func fingerprint(algorithm: UInt64) -> UInt64 {
    let weights = readers.map { Roster.limited(weight: $0.weight) }
    var stream = XXH64.Stream(seed: algorithm)
    for (peer, share) in zip(readers, Table.shares(ofWeights: weights, settings)) {
      let name = peer.name.utf8
      stream.append(fixed: UInt64(name.count))
      stream.append(contentsOf: name)
      stream.append(peer.state.rawValue)
      stream.append(fixed: UInt64(share))
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
