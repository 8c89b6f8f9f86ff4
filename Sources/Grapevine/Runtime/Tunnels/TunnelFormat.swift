package import GrapevineCore

/// The words of a tunnel; see docs/wire-format.md.
package enum TunnelFormat {
  /// Neither a plain stream nor a sealed one begins with it.
  package static let magic: UInt8 = 0x54
  package static let version: UInt8 = 1
  /// What the receiver says, once it has understood the preamble.
  package static let acceptance: [UInt8] = [0x74, version]
  /// The bytes of the length before each packet.
  package static let lengthSize = 2
  /// The largest packet: what UDP over IPv4 takes.
  package static let packetLimit = 65_507

  /// What a sender says first: what this is, and where it can be reached.
  package static func preamble(of sender: Endpoint) -> [UInt8] {
    var bytes = [magic, version]
    Section.write(sender, to: &bytes)
    return bytes
  }

  /// A packet as it goes over a tunnel.
  package static func frame(_ packet: Span<UInt8>) -> [UInt8] {
    precondition(1...packetLimit ~= packet.count, "a packet of \(packet.count) bytes")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(lengthSize + packet.count)
    bytes.appendFixed(UInt64(packet.count), size: lengthSize)
    packet.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    return bytes
  }
}
