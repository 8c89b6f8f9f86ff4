extension Section {
  /// Key, section length, and the tag and length of one field.
  package static let overhead = 8 + 3 + 4
  /// The most that a state field takes before its entries.
  package static let stateOverhead = 4 + 1 + 4 * 10

  /// The least that a member takes who is not known: the heads of a section and of two fields, a
  /// name of one byte, a generation, and a claim with an address and no accuser.
  static let wholeSizeMinimum = overhead + 3 + 4 + 11

  /// Begins a section; returns the mark that ``end(_:in:)`` takes.
  package static func begin(_ key: MemberKey, in bytes: inout [UInt8]) -> Int {
    bytes.appendFixed(key.rawValue, size: 8)
    bytes.appendFixed(0, size: 3)
    return bytes.count
  }

  /// Begins a field; returns the mark that ``end(_:in:)`` takes.
  package static func begin(tag: UInt8, in bytes: inout [UInt8]) -> Int {
    bytes.append(tag)
    bytes.appendFixed(0, size: 3)
    return bytes.count
  }

  /// Writes the length of the section or field that began at `mark`.
  package static func end(_ mark: Int, in bytes: inout [UInt8]) {
    bytes.overwrite(at: mark - 3, bytes.count - mark, size: 3)
  }

  package static func write(identity id: MemberID, to bytes: inout [UInt8]) {
    let field = begin(tag: Tag.identity, in: &bytes)
    bytes.append(UInt8(id.name.utf8.count))
    bytes.append(contentsOf: id.name.utf8)
    bytes.appendVarint(id.generation)
    end(field, in: &bytes)
  }

  package static func write(_ claim: Claim, to bytes: inout [UInt8]) {
    let field = begin(tag: Tag.standing, in: &bytes)
    bytes.appendVarint(claim.standing.incarnation)
    bytes.append(claim.standing.verdict.rawValue)
    bytes.appendVarint(claim.age)
    write(claim.endpoint, to: &bytes)
    bytes.append(UInt8(claim.standing.accusers.count))
    for accuser in claim.standing.accusers { bytes.appendFixed(accuser.rawValue, size: 8) }
    end(field, in: &bytes)
  }

  package static func write(_ endpoint: Endpoint, to bytes: inout [UInt8]) {
    if endpoint.isIPv6 {
      bytes.append(6)
      bytes.appendFixed(endpoint.high.byteSwapped, size: 8)
      bytes.appendFixed(endpoint.low.byteSwapped, size: 8)
    } else {
      bytes.append(4)
      bytes.appendFixed(UInt64(UInt32(truncatingIfNeeded: endpoint.low).byteSwapped), size: 4)
    }
    bytes.appendFixed(UInt64(endpoint.port), size: 2)
  }

  /// Begins a state field, not complete as yet; returns the mark for ``end(_:in:)``.
  package static func beginState(
    isSnapshot: Bool,
    isContinued: Bool = false,
    compacted: Version,
    base: Version,
    end: Version,
    horizon: Version,
    in bytes: inout [UInt8]
  ) -> Int {
    let mark = begin(tag: Tag.state, in: &bytes)
    bytes.append((isSnapshot ? snapshotFlag : 0) | (isContinued ? continuedFlag : 0))
    bytes.appendVarint(compacted)
    bytes.appendVarint(base)
    bytes.appendVarint(end)
    bytes.appendVarint(horizon - end)
    return mark
  }

  /// Says of the state field that began at `mark` that it reaches its end.
  package static func markComplete(_ mark: Int, in bytes: inout [UInt8]) {
    bytes[mark] |= completeFlag
  }
}

extension EntryHeader {
  /// Where all of the entry lies but its version, which is told as the distance to the one before.
  var content: Range<Int> {
    key.lowerBound - varintSize(UInt64(key.count)) - 1..<value.upperBound
  }

  /// The bytes that the entry takes in a section, after one at `last`.
  func size(after last: Version) -> Int { varintSize(version - last) + content.count }
}

extension StoredEntry {
  /// The bytes of all but the version.
  var content: ArraySlice<UInt8> { bytes[header.content] }

  /// The bytes that the entry takes in a section, after one at `last`.
  package func size(after last: Version) -> Int { header.size(after: last) }

  /// Appends the entry, after one at `last`.
  package func write(after last: Version, to output: inout [UInt8]) {
    output.appendVarint(version - last)
    output.append(contentsOf: content)
  }
}
