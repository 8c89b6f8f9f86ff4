import GrapevineHashing

/// What a packet is; the numbers are those on the wire.
package enum PacketKind: UInt8, Sendable, CaseIterable {
  case heartbeat = 1
  case digest = 2
  case delta = 3
  case push = 4
  case ping = 5
  case pingRequest = 6
  case ack = 7
  case request = 8
  case reply = 9
}

/// The first 16 bytes of each packet.
package struct PacketHeader: Hashable, Sendable {
  package static let size = 16
  package static let magic: UInt8 = 0x67
  /// What a packet begins with that is sealed; to open it is not the engine's business.
  package static let sealedMagic: UInt8 = 0x53
  package static let version: UInt8 = 1
  package static let sealedFlag: UInt8 = 1

  package var kind: PacketKind
  package var label: UInt32
  package var sender: MemberKey

  package init(kind: PacketKind, label: UInt32, sender: MemberKey) {
    self.kind = kind
    self.label = label
    self.sender = sender
  }

  /// The number by which a cluster's label travels; zero stands for none.
  package static func hash(label: String?) -> UInt32 {
    guard let label else { return 0 }
    return max(1, UInt32(truncatingIfNeeded: XXH64.hash(label.utf8)))
  }

  package func write(to bytes: inout [UInt8]) {
    bytes.append(Self.magic)
    bytes.append(Self.version)
    bytes.append(0)
    bytes.append(kind.rawValue)
    bytes.appendFixed(UInt64(label), size: 4)
    bytes.appendFixed(sender.rawValue, size: 8)
  }

  /// The sender that a packet claims; nil if it is too short to say.
  package static func sender(of bytes: Span<UInt8>) -> MemberKey? {
    guard bytes.count >= size else { return nil }
    var reader = WireReader(8..<size)
    return (try? reader.fixed(bytes, size: 8)).map { MemberKey(rawValue: $0) }
  }

  /// Reads a header and checks that it is of this protocol and of the cluster `label`.
  package static func read(
    _ bytes: Span<UInt8>,
    label: UInt32
  ) throws(MalformedDatagram) -> PacketHeader {
    guard bytes.count >= size else { throw .tooShort }
    guard bytes[0] == magic else {
      throw bytes[0] == sealedMagic ? .sealed : .wrongMagic
    }
    guard bytes[1] == version else { throw .wrongVersion }
    guard bytes[2] & sealedFlag == 0 else { throw .sealed }
    guard bytes[2] == 0 else { throw .malformed }
    var reader = WireReader(4..<size)
    guard try reader.fixed(bytes, size: 4) == UInt64(label) else { throw .wrongLabel }
    let sender = MemberKey(rawValue: try reader.fixed(bytes, size: 8))
    guard let kind = PacketKind(rawValue: bytes[3]) else { throw .unknownKind }
    return PacketHeader(kind: kind, label: label, sender: sender)
  }
}

/// The body of a heartbeat: what the sender holds, in a number.
package struct Heartbeat: Hashable, Sendable {
  package static let scheduledFlag: UInt8 = 1

  package var fingerprint: UInt64
  package var memberCount: Int
  /// Says that it is one of those that come once an interval: the sender's rhythm.
  package var isScheduled: Bool

  package init(fingerprint: UInt64, memberCount: Int, isScheduled: Bool) {
    self.fingerprint = fingerprint
    self.memberCount = memberCount
    self.isScheduled = isScheduled
  }

  package func write(to bytes: inout [UInt8]) {
    bytes.append(isScheduled ? Self.scheduledFlag : 0)
    bytes.appendFixed(fingerprint, size: 8)
    bytes.appendVarint(UInt64(memberCount))
  }

  package static func read(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> Heartbeat {
    let flags = try reader.byte(bytes)
    guard flags & ~scheduledFlag == 0 else { throw .malformed }
    let fingerprint = try reader.fixed(bytes, size: 8)
    let count = try reader.count(bytes, limit: Int(UInt32.max))
    guard reader.isAtEnd else { throw .malformed }
    return Heartbeat(
      fingerprint: fingerprint,
      memberCount: count,
      isScheduled: flags & scheduledFlag != 0
    )
  }
}
