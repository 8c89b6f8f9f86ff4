/// An entry as a state holds it: a view of the bytes that it lies in.
///
/// It stays as it is while the state changes, and keeps no more than a page in memory.
package struct StoredEntry: Sendable {
  let header: EntryHeader
  let bytes: [UInt8]

  /// The entry at `header` of `bytes`.
  package init(_ header: EntryHeader, in bytes: [UInt8]) {
    self.header = header
    self.bytes = bytes
  }

  /// An entry with bytes of its own; a tombstone has no value.
  package init(key: String, value: [UInt8], version: Version, isDeleted: Bool) {
    let keySize = key.utf8.count
    var bytes: [UInt8] = []
    bytes.reserveCapacity(1 + varintSize(UInt64(keySize)) + keySize + 5 + value.count)
    bytes.append(isDeleted ? EntryHeader.deletedFlag : 0)
    bytes.appendVarint(UInt64(keySize))
    bytes.append(contentsOf: key.utf8)
    let keyEnd = bytes.count
    bytes.appendVarint(UInt64(value.count))
    let valueStart = bytes.count
    bytes.append(contentsOf: value)
    let header = EntryHeader(
      version: version,
      isDeleted: isDeleted,
      key: keyEnd - keySize..<keyEnd,
      value: valueStart..<bytes.count
    )
    self.init(header, in: bytes)
  }

  package var version: Version { header.version }
  package var isDeleted: Bool { header.isDeleted }
  package var key: String { String(decoding: bytes[header.key], as: UTF8.self) }
  package var value: [UInt8] { Array(bytes[header.value]) }
  /// Bytes of key and value.
  package var size: Int { header.key.count + header.value.count }

  /// Says whether the key is one that the library keeps for itself.
  package var isReserved: Bool { bytes[header.key].starts(with: ReservedKeys.prefix.utf8) }

  /// What a reader sees of it.
  package var entry: Entry {
    Entry(key: key, value: value, version: version, isDeleted: isDeleted)
  }

  /// Says whether this is as live as `other`, and has the same value.
  func hasValue(of other: StoredEntry) -> Bool {
    isDeleted == other.isDeleted && bytes[header.value] == other.bytes[other.header.value]
  }
}
