package import GrapevineCore

/// The sizes and words of what is sealed; see docs/wire-format.md.
package enum Seal {
  package static let tagSize = 16
  /// By how much a sealed packet is larger than the packet in it.
  package static let packetOverhead = SealHead.size + tagSize
  /// The largest content of a stream's record.
  package static let recordLimit = 16_384
  /// The largest content of the first record in each direction: a greeting or a refusal.
  ///
  /// It bounds what is held for a peer that has not shown yet that it has a key.
  package static let firstRecordLimit = 1_024
  /// The size of a record that stands before it.
  package static let recordHeadSize = 2
  /// The packets after which a session begins anew.
  ///
  /// AES-GCM keeps a wide margin up to so many packets of the largest size under one key; a counter
  /// never comes near to its end.
  package static let sessionLimit: UInt64 = 1 << 23

  /// What a derived key is for; no two directions or kinds share one.
  package enum Use: UInt8 {
    case packets = 1
    /// The first record of who opens a stream.
    case opening = 2
    /// What else the opener says, and what it hears.
    case opener = 3
    case answerer = 4
  }

  /// The context of a key: its use, the cluster's label, and who uses it when.
  package static func context(_ use: Use, label: [UInt8], _ heads: [SealHead]) -> [UInt8] {
    var bytes = Array("grapevine sealed 1".utf8)
    bytes.append(use.rawValue)
    bytes.append(UInt8(label.count))
    bytes += label
    for head in heads {
      bytes.appendFixed(head.sender.rawValue, size: 8)
      bytes.appendFixed(head.session, size: 8)
      // The packets of a session share a key, each stream has its own.
      if use != .packets { bytes.appendFixed(head.number, size: 8) }
    }
    return bytes
  }
}

/// What stands in clear before a sealed packet, and at the beginning of each direction of a sealed
/// stream.
package struct SealHead: Hashable, Sendable {
  package static let size = 32
  /// No plain packet begins with it, nor does a plain stream.
  package static let magic = PacketHeader.sealedMagic
  package static let version: UInt8 = 1

  package enum Kind: UInt8 {
    case packet = 1
    case opening = 2
    case answer = 3
  }

  package var kind: Kind
  package var key: SealingKeyID
  package var sender: MemberKey
  package var session: UInt64
  package var number: UInt64

  package init(
    kind: Kind,
    key: SealingKeyID,
    sender: MemberKey,
    session: UInt64,
    number: UInt64
  ) {
    self.kind = kind
    self.key = key
    self.sender = sender
    self.session = session
    self.number = number
  }

  package func write(to bytes: inout [UInt8]) {
    bytes.append(Self.magic)
    bytes.append(Self.version)
    bytes.append(kind.rawValue)
    bytes.append(0)
    bytes.appendFixed(UInt64(key.rawValue), size: 4)
    bytes.appendFixed(sender.rawValue, size: 8)
    bytes.appendFixed(session, size: 8)
    bytes.appendFixed(number, size: 8)
  }

  /// Reads a head that must be of this kind.
  package static func read(_ bytes: Span<UInt8>, _ kind: Kind) throws(SealFault) -> SealHead {
    guard bytes.count >= size, bytes[0] == magic, bytes[1] == version, bytes[2] == kind.rawValue,
      bytes[3] == 0
    else { throw .malformed }
    return SealHead(
      kind: kind,
      key: SealingKeyID(rawValue: UInt32(truncatingIfNeeded: number(bytes, at: 4, size: 4))),
      sender: MemberKey(rawValue: number(bytes, at: 8, size: 8)),
      session: number(bytes, at: 16, size: 8),
      number: number(bytes, at: 24, size: 8)
    )
  }

  /// The little-endian number of `size` bytes at `offset`.
  static func number(_ bytes: Span<UInt8>, at offset: Int, size: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in (offset..<(offset + size)).reversed() { value = value << 8 | UInt64(bytes[index]) }
    return value
  }
}
