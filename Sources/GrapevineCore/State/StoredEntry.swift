/// An entry as a state stores it: key and value in one allocation.
package struct StoredEntry: Sendable {
  /// The key's bytes, then the value's.
  package let bytes: [UInt8]
  package let version: Version
  private let keySizeAndKind: UInt32

  /// An entry whose key is the first `keySize` of `bytes`; a tombstone has no value.
  package init(bytes: [UInt8], keySize: Int, version: Version, isDeleted: Bool) {
    precondition(keySize <= bytes.count, "a key of \(keySize) in \(bytes.count) bytes")
    self.bytes = bytes
    self.version = version
    keySizeAndKind = UInt32(keySize) << 2 | (isDeleted ? Self.deletedBit : 0)
  }

  /// The place of an entry that a later one took the place of.
  init(vacantSince version: Version) {
    bytes = []
    self.version = version
    keySizeAndKind = Self.vacantBit
  }

  private static let deletedBit: UInt32 = 1
  private static let vacantBit: UInt32 = 2

  package var keySize: Int { Int(keySizeAndKind >> 2) }
  package var valueSize: Int { bytes.count - keySize }
  package var isDeleted: Bool { keySizeAndKind & Self.deletedBit != 0 }
  package var isVacant: Bool { keySizeAndKind & Self.vacantBit != 0 }

  package var key: String { String(decoding: bytes[..<keySize], as: UTF8.self) }
  package var value: [UInt8] { Array(bytes[keySize...]) }

  /// Says whether the key is one that the library keeps for itself.
  package var isReserved: Bool { bytes.starts(with: ReservedKeys.prefix.utf8) }

  /// What a reader sees of it.
  package var entry: Entry {
    Entry(key: key, value: value, version: version, isDeleted: isDeleted)
  }

  /// Bytes of memory that the entry is taken to cost: its content, and an array's and a place's
  /// overhead.
  package var footprint: Int { bytes.count + 64 }

  /// Says whether the key is the `range` of `other`.
  func hasKey(_ other: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard keySize == range.count else { return false }
    var index = 0
    while index < range.count {
      guard bytes[index] == other[range.lowerBound + index] else { return false }
      index += 1
    }
    return true
  }
}
