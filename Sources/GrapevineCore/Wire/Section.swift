/// What one member's section of a delta says; names and entries stay in the bytes that it was read
/// from.
package struct Section: Sendable {
  package var key: MemberKey
  package var identity: Identity?
  package var standing: Claim?
  package var retained: Range<Int>?
  package var state: State?

  package struct Identity: Sendable {
    package var name: Range<Int>
    package var generation: UInt64
  }

  /// A standing, its age, and the address that goes with its incarnation.
  package struct Claim: Sendable, Hashable {
    package var standing: Standing
    /// Milliseconds since the verdict, zero while alive.
    package var age: UInt64
    package var endpoint: Endpoint

    package init(standing: Standing, age: UInt64, endpoint: Endpoint) {
      self.standing = standing
      self.age = age
      self.endpoint = endpoint
    }
  }

  package struct State: Sendable, Hashable {
    package var isComplete: Bool
    package var isSnapshot: Bool
    /// A further piece of a snapshot, which means nothing without those before it.
    package var isContinued: Bool
    package var compacted: Version
    package var base: Version
    package var end: Version
    /// The owner's version at which this was cut: `end`, unless the sender lacks something itself.
    package var horizon: Version
    package var entries: Range<Int>
  }

  package enum Tag {
    package static let identity: UInt8 = 1
    package static let standing: UInt8 = 2
    package static let state: UInt8 = 3
    package static let retained: UInt8 = 4
  }

  package static let completeFlag: UInt8 = 1
  package static let snapshotFlag: UInt8 = 2
  package static let continuedFlag: UInt8 = 4
  package static let nameSizeLimit = 255
  package static let keySizeLimit = 65_535

  /// Whether anyone has looked at the names, runs and entries in a section's fields before.
  private enum Contents {
    case unchecked
    case checked
  }

  /// Reads a section and checks everything in it; fields of an unknown tag are passed over.
  package static func read(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> Section {
    try read(bytes, &reader, .unchecked)
  }

  /// Reads a section that was checked as a whole before, and does not look at its entries again.
  package static func reread(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> Section {
    try read(bytes, &reader, .checked)
  }

  @inline(__always)
  private static func read(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader,
    _ contents: Contents
  ) throws(MalformedDatagram) -> Section {
    var section = Section(key: MemberKey(rawValue: try reader.fixed(bytes, size: 8)))
    var fields = WireReader(try reader.skip(Int(try reader.fixed(bytes, size: 3))))
    while !fields.isAtEnd {
      let tag = try fields.byte(bytes)
      var field = WireReader(try fields.skip(Int(try fields.fixed(bytes, size: 3))))
      switch tag {
      case Tag.identity:
        guard section.identity == nil else { throw .malformed }
        section.identity = try readIdentity(bytes, &field, contents)
      case Tag.standing:
        guard section.standing == nil else { throw .malformed }
        section.standing = try readClaim(bytes, &field)
      case Tag.state:
        guard section.state == nil else { throw .malformed }
        section.state = try readState(bytes, &field, contents)
      case Tag.retained:
        guard section.retained == nil else { throw .malformed }
        section.retained = field.offset..<field.end
        guard contents == .unchecked else { break }
        var last: Version = 0
        while !field.isAtEnd { last = try readRun(bytes, &field, after: last).upperBound }
      default:
        break
      }
    }
    return section
  }

  private init(key: MemberKey) {
    self.key = key
  }

  private static func readIdentity(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader,
    _ contents: Contents
  ) throws(MalformedDatagram) -> Identity {
    let name = try reader.skip(Int(try reader.byte(bytes)))
    guard !name.isEmpty else { throw .malformed }
    guard contents == .checked || isUTF8(bytes, name) else { throw .notUTF8 }
    let generation = try reader.varint(bytes)
    guard reader.isAtEnd else { throw .malformed }
    return Identity(name: name, generation: generation)
  }

  private static func readClaim(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> Claim {
    let incarnation = try reader.varint(bytes)
    guard let verdict = Verdict(rawValue: try reader.byte(bytes)) else { throw .malformed }
    let age = try reader.varint(bytes)
    let endpoint = try readEndpoint(bytes, &reader)
    let count = Int(try reader.byte(bytes))
    guard count <= Standing.accuserLimit else { throw .malformed }
    var standing = Standing(incarnation: incarnation, verdict: verdict)
    for _ in 0..<count {
      standing.accuse(MemberKey(rawValue: try reader.fixed(bytes, size: 8)))
    }
    guard reader.isAtEnd else { throw .malformed }
    return Claim(standing: standing, age: age, endpoint: endpoint)
  }

  /// An endpoint: 4 or 6, the address's bytes in network order, and the port.
  package static func readEndpoint(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> Endpoint {
    switch try reader.byte(bytes) {
    case 4:
      let address = UInt32(truncatingIfNeeded: try reader.fixed(bytes, size: 4))
      let port = UInt16(truncatingIfNeeded: try reader.fixed(bytes, size: 2))
      return Endpoint(ipv4: address.byteSwapped, port: port)
    case 6:
      let high = try reader.fixed(bytes, size: 8).byteSwapped
      let low = try reader.fixed(bytes, size: 8).byteSwapped
      let port = UInt16(truncatingIfNeeded: try reader.fixed(bytes, size: 2))
      return Endpoint(ipv6: high, low, port: port)
    default: throw .malformed
    }
  }

  private static func readState(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader,
    _ contents: Contents
  ) throws(MalformedDatagram) -> State {
    let flags = try reader.byte(bytes)
    guard flags & ~(completeFlag | snapshotFlag | continuedFlag) == 0,
      flags & continuedFlag == 0 || flags & snapshotFlag != 0
    else { throw .malformed }
    let compacted = try reader.varint(bytes)
    let base = try reader.varint(bytes)
    let end = try reader.varint(bytes)
    let (horizon, overflow) = end.addingReportingOverflow(try reader.varint(bytes))
    guard base <= end, !overflow else { throw .malformed }
    guard flags & snapshotFlag == 0 || horizon == end else { throw .malformed }
    let entries = reader.offset..<reader.end
    if contents == .unchecked {
      var last = base
      while !reader.isAtEnd {
        last = try EntryHeader.read(bytes, &reader, after: last).version
      }
      guard last <= end else { throw .malformed }
    }
    return State(
      isComplete: flags & completeFlag != 0,
      isSnapshot: flags & snapshotFlag != 0,
      isContinued: flags & continuedFlag != 0,
      compacted: compacted,
      base: base,
      end: end,
      horizon: horizon,
      entries: entries
    )
  }

  /// A run of versions that a snapshot's receiver keeps: the gap to it, and its length.
  package static func readRun(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader,
    after last: Version
  ) throws(MalformedDatagram) -> ClosedRange<Version> {
    let gap = try reader.varint(bytes)
    let length = try reader.varint(bytes)
    let (first, overflow) = last.addingReportingOverflow(gap)
    guard gap > 0, length > 0, !overflow else { throw .malformed }
    let (end, carry) = first.addingReportingOverflow(length - 1)
    guard !carry else { throw .malformed }
    return first...end
  }
}

/// An entry in a section: its version, and where its key and value lie.
package struct EntryHeader: Hashable, Sendable {
  package var version: Version
  package var isDeleted: Bool
  package var key: Range<Int>
  package var value: Range<Int>

  package static let deletedFlag: UInt8 = 1

  /// Reads the entry that follows the one at `last`, and checks its key.
  package static func read(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader,
    after last: Version
  ) throws(MalformedDatagram) -> EntryHeader {
    let (version, overflow) = last.addingReportingOverflow(try reader.varint(bytes))
    guard !overflow, version > last else { throw .malformed }
    let flags = try reader.byte(bytes)
    guard flags & ~deletedFlag == 0 else { throw .malformed }
    let keySize = try reader.count(bytes, limit: Section.keySizeLimit)
    let key = try reader.skip(keySize)
    guard keySize > 0 else { throw .malformed }
    guard isUTF8(bytes, key) else { throw .notUTF8 }
    let value = try reader.skip(try reader.count(bytes, limit: reader.remaining))
    let isDeleted = flags & deletedFlag != 0
    guard !isDeleted || value.isEmpty else { throw .malformed }
    return EntryHeader(version: version, isDeleted: isDeleted, key: key, value: value)
  }
}
