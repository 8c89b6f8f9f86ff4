/// One member in a digest: how far the sender has got with it.
package struct DigestEntry: Hashable, Sendable {
  package var key: MemberKey
  package var progress: Progress
  package var standingHash: UInt32

  package init(key: MemberKey, progress: Progress, standingHash: UInt32) {
    self.key = key
    self.progress = progress
    self.standingHash = standingHash
  }

  /// The least that an entry takes on the wire.
  package static let sizeMinimum = 14
  /// The most that an entry takes on the wire.
  package static let sizeMaximum = 32

  package var size: Int {
    12 + varintSize(progress.version) + varintSize(progress.compacted)
  }

  package func write(to bytes: inout [UInt8]) {
    bytes.appendFixed(key.rawValue, size: 8)
    bytes.appendVarint(progress.version)
    bytes.appendVarint(progress.compacted)
    bytes.appendFixed(UInt64(standingHash), size: 4)
  }

  package static func read(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> DigestEntry {
    let key = MemberKey(rawValue: try reader.fixed(bytes, size: 8))
    let version = try reader.varint(bytes)
    let compacted = try reader.varint(bytes)
    let hash = UInt32(truncatingIfNeeded: try reader.fixed(bytes, size: 4))
    return DigestEntry(
      key: key,
      progress: Progress(version: version, compacted: compacted),
      standingHash: hash
    )
  }
}

/// A part of the key space in a digest, or a list of members that the sender lacks something of.
package struct DigestRange: Hashable, Sendable {
  package enum Body: Hashable, Sendable {
    /// The wrapping sum over the members in the range, and how many they are.
    case fingerprint(UInt64, memberCount: Int)
    /// Every member that the sender knows in the range.
    case entries(count: Int)
    /// Members that the sender asks for; others are not spoken of, and there are no bounds.
    case wanted(count: Int)
  }

  package var lower: MemberKey
  package var upper: MemberKey
  package var body: Body

  package init(lower: MemberKey, upper: MemberKey, body: Body) {
    self.lower = lower
    self.upper = upper
    self.body = body
  }

  /// Says whether the range speaks of every member between its bounds.
  var hasBounds: Bool {
    if case .wanted = body { false } else { true }
  }

  /// The most bytes that a range takes, without its entries.
  package static let sizeMaximum = 1 + 16 + 8 + 10

  /// Writes the range; its entries follow.
  package func write(to bytes: inout [UInt8]) {
    switch body {
    case .fingerprint(let sum, let count):
      bytes.append(0)
      writeBounds(to: &bytes)
      bytes.appendFixed(sum, size: 8)
      bytes.appendVarint(UInt64(count))
    case .entries(let count):
      bytes.append(1)
      writeBounds(to: &bytes)
      bytes.appendVarint(UInt64(count))
    case .wanted(let count):
      bytes.append(2)
      bytes.appendVarint(UInt64(count))
    }
  }

  private func writeBounds(to bytes: inout [UInt8]) {
    bytes.appendFixed(lower.rawValue, size: 8)
    bytes.appendFixed(upper.rawValue, size: 8)
  }

  /// Reads a range; the reader then stands at its entries.
  package static func read(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> DigestRange {
    let tag = try reader.byte(bytes)
    guard tag <= 2 else { throw .malformed }
    var lower = MemberKey.lowest
    var upper = MemberKey.highest
    if tag < 2 {
      lower = MemberKey(rawValue: try reader.fixed(bytes, size: 8))
      upper = MemberKey(rawValue: try reader.fixed(bytes, size: 8))
      guard lower <= upper else { throw .malformed }
    }
    if tag == 0 {
      let sum = try reader.fixed(bytes, size: 8)
      let count = try reader.count(bytes, limit: Int(UInt32.max))
      return DigestRange(
        lower: lower,
        upper: upper,
        body: .fingerprint(sum, memberCount: count)
      )
    }
    let count = try reader.count(bytes, limit: reader.remaining / DigestEntry.sizeMinimum)
    return DigestRange(
      lower: lower,
      upper: upper,
      body: tag == 1 ? .entries(count: count) : .wanted(count: count)
    )
  }

  /// Checks a whole digest, up to the reader's end, without keeping anything.
  ///
  /// The parts of the key space that it speaks of must ascend and not overlap: so what an answer
  /// costs grows with the members and with the bytes, never with the product of the two.
  package static func validate(
    _ bytes: Span<UInt8>,
    _ start: WireReader
  ) throws(MalformedDatagram) {
    var reader = start
    var covered: MemberKey?
    while !reader.isAtEnd {
      let range = try read(bytes, &reader)
      let count: Int
      switch range.body {
      case .fingerprint: count = 0
      case .entries(let entries): count = entries
      case .wanted(let entries): count = entries
      }
      if range.hasBounds {
        if let covered { guard covered < range.lower else { throw .malformed } }
        covered = range.upper
      }
      var previous: MemberKey?
      for _ in 0..<count {
        let entry = try DigestEntry.read(bytes, &reader)
        guard entry.key >= range.lower, entry.key <= range.upper else { throw .malformed }
        if let previous { guard previous < entry.key else { throw .malformed } }
        previous = entry.key
      }
    }
  }
}
