import GrapevineCore

/// What an owner did to its keys, as plain lists: the model that replicas are held against.
struct OwnerModel {
  struct Operation: Equatable {
    var version: Version
    /// Nil where the key was deleted.
    var value: [UInt8]?

    var isDeletion: Bool { value == nil }
  }

  /// Where a key is found by its second byte, so that looking one up costs nothing.
  static let keys = ["k0", "k1", "k2", "k3", "k4", "k5 of some length", "k6", "k7"]

  private(set) var version: Version = 0
  private(set) var compacted: Version = 0
  /// Per key, in ascending version order.
  private(set) var operations = [[Operation]](repeating: [], count: keys.count)

  static func index(of entry: StoredEntry) -> Int { Int(Array(entry.key.utf8)[1]) - 48 }
}

extension OwnerModel {
  mutating func set(_ key: Int, _ value: [UInt8]) {
    guard operations[key].last?.value != value else { return }
    version += 1
    operations[key].append(Operation(version: version, value: value))
  }

  mutating func delete(_ key: Int) {
    guard let last = operations[key].last, !last.isDeletion else { return }
    version += 1
    operations[key].append(Operation(version: version, value: nil))
  }

  mutating func compact(upTo bound: Version) {
    compacted = max(compacted, bound)
  }

  /// The versions of the tombstones that the owner still holds.
  var tombstones: [Version] {
    operations.compactMap(\.last).filter { $0.isDeletion && $0.version > compacted }.map(\.version)
  }
}

extension OwnerModel {
  /// The last operation on `key` up to `version`.
  func last(_ key: Int, through version: Version) -> Operation? {
    operations[key].last { $0.version <= version }
  }

  func operation(_ key: Int, at version: Version) -> Operation? {
    operations[key].last { $0.version == version }
  }

  /// The first deletion of `key` above `lower` and up to `upper`.
  func deletion(of key: Int, after lower: Version, through upper: Version) -> Version? {
    operations[key].first {
      $0.isDeletion && $0.version > lower && $0.version <= upper
    }?.version
  }

  /// What a state holds that has seen all operations up to `version`, and has compacted up to
  /// `compacted`.
  func content(at version: Version, compacted: Version) -> [Operation?] {
    operations.indices.map { key in
      guard let last = last(key, through: version) else { return nil }
      return last.isDeletion && last.version <= compacted ? nil : last
    }
  }
}
