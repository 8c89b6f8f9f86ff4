import Grapevine
import GrapevineCore
import GrapevineTransport
import Testing

/// What comes over a tunnel, without sockets.
@Suite struct TunnelReaderTests {
  private static let sender = Endpoint(ipv4: 0x0A00_0002, port: 7_000)

  /// Reads bytes in pieces of a size, as a node does; returns the packets.
  private func read(
    _ bytes: [UInt8],
    piece: Int = .max,
    by reader: inout TunnelReader
  ) throws -> [[UInt8]] {
    let inbox = DatagramInbox()
    var packets: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(piece))
      rest = rest.dropFirst(piece)
      var offset = 0
      while offset < part.count {
        inbox.removeAll()
        defer {
          for index in 0..<inbox.count {
            #expect(inbox.source(at: index) == reader.sender)
            packets.append(
              inbox.withDatagram(at: index) { $0.withUnsafeBufferPointer { Array($0) } }
            )
          }
        }
        try reader.read(part.span, &offset, into: inbox)
      }
    }
    return packets
  }

  private func refuses(_ bytes: [UInt8], after start: [UInt8] = []) -> Bool {
    var reader = TunnelReader()
    do {
      _ = try read(start, by: &reader)
      _ = try read(bytes, by: &reader)
      return false
    } catch {
      return true
    }
  }

  @Test(arguments: [1, 2, 3, 7, 64, 1_000, 16_384])
  func `Packets come out as they went in, in whatever pieces they come`(piece: Int) throws {
    let sizes = [1, 2, 16, 1_400, TunnelFormat.packetLimit] + [Int](repeating: 5, count: 200)
    let packets = sizes.map { size in (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) } }
    for sender in [Self.sender, Endpoint(ipv6: 0xFD77 << 48, 9, port: 1)] {
      var reader = TunnelReader()
      let bytes =
        TunnelFormat.preamble(of: sender) + packets.flatMap { TunnelFormat.frame($0.span) }
      #expect(try read(bytes, piece: piece, by: &reader) == packets)
      #expect(reader.sender == sender && reader.heldByteCount == 0)
    }
  }

  @Test(arguments: 0..<UInt64(50))
  func `Whatever comes is read alike in all pieces, or refused`(seed: UInt64) {
    var random = Xoshiro256(seed: seed)
    var bytes = TunnelFormat.preamble(of: Self.sender)
    for _ in 0..<20 {
      bytes += TunnelFormat.frame([UInt8](repeating: 1, count: 1 + Int(random.below(300))).span)
    }
    for _ in 0..<random.below(4) {
      bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(random.below(256))
    }
    var (whole, cut) = (TunnelReader(), TunnelReader())
    let inOnePiece = Result { try read(bytes, by: &whole) }
    let inPieces = Result { try read(bytes, piece: 1 + Int(random.below(40)), by: &cut) }
    switch (inOnePiece, inPieces) {
    case (.success(let first), .success(let second)): #expect(first == second)
    case (.failure, .failure): break
    default: Issue.record("\(inOnePiece) is not \(inPieces)")
    }
    #expect(whole.sender == cut.sender)
    #expect(whole.heldByteCount == cut.heldByteCount || (try? inOnePiece.get()) == nil)
  }

  @Test func `No more is held than has come, and that of one packet`() throws {
    var reader = TunnelReader()
    _ = try read(TunnelFormat.preamble(of: Self.sender) + [0xE3, 0xFF, 1, 2, 3], by: &reader)
    #expect(reader.heldByteCount == 5)
    #expect(reader.sender == Self.sender)
  }

  @Test func `A packet has a byte at least, and as many as UDP takes at most`() {
    let preamble = TunnelFormat.preamble(of: Self.sender)
    #expect(refuses([0, 0], after: preamble))
    #expect(!refuses([1, 0], after: preamble))
    #expect(!refuses([0xE3, 0xFF], after: preamble))
    #expect(refuses([0xE4, 0xFF], after: preamble))
    // The second length is looked at, too, also if it comes in halves.
    #expect(refuses([1, 0, 9, 0, 0], after: preamble))
    #expect(refuses([0xFF], after: preamble + [1, 0, 9, 0xFF]))
  }

  @Test func `A preamble with anything wrong is refused as soon as that is there`() {
    let good = TunnelFormat.preamble(of: Self.sender)
    #expect(good == [0x54, 1, 4, 10, 0, 0, 2, 0x58, 0x1B])
    #expect(!refuses(good))
    #expect(refuses([0x55]))
    #expect(refuses([0x54, 2]))
    #expect(refuses([0x54, 1, 5]))
    // Nobody is at port 0, nor at no address.
    #expect(refuses(Array(good.dropLast(2)) + [0, 0]))
    #expect(refuses([0x54, 1, 4, 0, 0, 0, 0, 0x58, 0x1B]))
  }

  /// What a stream begins with is how a listener tells the two from each other.
  @Test func `No stream begins as a tunnel does`() throws {
    for kind in FrameKind.allCases {
      #expect(kind.rawValue & ~FrameKind.continuedFlag != TunnelFormat.magic)
      #expect(kind.rawValue | FrameKind.continuedFlag != TunnelFormat.magic)
    }
    #expect(SealHead.magic != TunnelFormat.magic)
    #expect(PacketHeader.magic != TunnelFormat.magic)
  }
}
