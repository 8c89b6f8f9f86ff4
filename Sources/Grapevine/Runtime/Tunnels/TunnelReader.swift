package import GrapevineCore
package import GrapevineTransport

/// Takes the bytes of a tunnel apart: the preamble, and then packets.
///
/// It holds at most one packet that has come in part, and no more of it than has come.
package struct TunnelReader {
  /// Where the sender says that it can be reached; nil until the preamble is there.
  package private(set) var sender: Endpoint?
  private var held: [UInt8] = []

  package init() {}
}

/// A tunnel said what none says.
package struct MalformedTunnel: Error {}

extension TunnelReader {
  /// Bytes of a preamble or a packet that has come in part.
  package var heldByteCount: Int { held.count }

  /// Takes `bytes` from `offset` on, and puts packets into the inbox until that is full.
  ///
  /// What came before an error is there, too.
  package mutating func read(
    _ bytes: Span<UInt8>,
    _ offset: inout Int,
    into inbox: DatagramInbox
  ) throws(MalformedTunnel) {
    while offset < bytes.count, inbox.count < DatagramInbox.capacity {
      guard let sender else {
        try readPreamble(bytes, &offset)
        continue
      }
      if held.isEmpty, let size = try packetSize(bytes.extracting(offset...)),
        bytes.count - offset >= TunnelFormat.lengthSize + size
      {
        let start = offset + TunnelFormat.lengthSize
        inbox.append(bytes.extracting(start..<(start + size)), from: sender)
        offset = start + size
        continue
      }
      guard fill(to: TunnelFormat.lengthSize, bytes, &offset),
        let size = try packetSize(held.span),
        fill(to: TunnelFormat.lengthSize + size, bytes, &offset)
      else { return }
      inbox.append(held.span.extracting(TunnelFormat.lengthSize...), from: sender)
      held = []
    }
  }

  /// The size of the packet that begins here; nil if not even that is there.
  private func packetSize(_ bytes: Span<UInt8>) throws(MalformedTunnel) -> Int? {
    guard bytes.count >= TunnelFormat.lengthSize else { return nil }
    let size = Int(bytes[0]) | Int(bytes[1]) << 8
    guard 1...TunnelFormat.packetLimit ~= size else { throw MalformedTunnel() }
    return size
  }

  private mutating func readPreamble(
    _ bytes: Span<UInt8>,
    _ offset: inout Int
  ) throws(MalformedTunnel) {
    // The magic, the version, and the family of the address.
    let headSize = 3
    guard fill(to: headSize, bytes, &offset) else {
      try checkHead()
      return
    }
    try checkHead()
    let size = headSize + (held[2] == 4 ? 4 : 16) + 2
    guard fill(to: size, bytes, &offset) else { return }
    var reader = WireReader(2..<size)
    do throws(MalformedDatagram) {
      let endpoint = try Section.readEndpoint(held.span, &reader)
      guard endpoint.port != 0, !endpoint.isUnspecified else { throw .malformed }
      sender = endpoint
    } catch {
      throw MalformedTunnel()
    }
    held = []
  }

  private func checkHead() throws(MalformedTunnel) {
    guard held.first != nil else { return }
    let isRight =
      held[0] == TunnelFormat.magic
      && (held.count < 2 || held[1] == TunnelFormat.version)
      && (held.count < 3 || held[2] == 4 || held[2] == 6)
    guard isRight else { throw MalformedTunnel() }
  }

  /// Adds to what is held until it is so many bytes; says whether it is.
  private mutating func fill(to size: Int, _ bytes: Span<UInt8>, _ offset: inout Int) -> Bool {
    let count = min(size - held.count, bytes.count - offset)
    if count > 0 {
      let piece = bytes.extracting(offset..<(offset + count))
      piece.withUnsafeBufferPointer { held.append(contentsOf: $0) }
      offset += count
    }
    return held.count >= size
  }
}
