import Glibc
import GrapevineCore
import Testing

struct VectorTests {
  @Test func `every example of the format's page is what the code writes`() throws {
    let page = try Self.readPage()
    let documented = Self.vectors(in: page)
    #expect(documented.map(\.name) == Vectors.all.map(\.name))
    for (written, made) in zip(documented, Vectors.all) {
      #expect(written.bytes == made.bytes, "\(written.name) is \(Self.hex(made.bytes))")
    }
  }

  @Test func `every documented packet is read again`() throws {
    for vector in Self.vectors(in: try Self.readPage()) {
      let bytes = vector.bytes
      guard bytes.first == PacketHeader.magic else { continue }
      let header = try PacketHeader.read(bytes.span, label: Vectors.label)
      #expect(header.sender == MemberKey(Vectors.alice))
      var reader = WireReader(PacketHeader.size..<bytes.count)
      switch header.kind {
      case .heartbeat: #expect(try Heartbeat.read(bytes.span, &reader).memberCount == 64)
      case .digest: try DigestRange.validate(bytes.span, reader)
      case .delta: try Delta.validate(bytes.span, reader)
      case .push:
        _ = try PushHead.read(bytes.span, &reader)
        try PushHead.validate(bytes.span, reader)
      case .ping, .ack: _ = try Ping.read(bytes.span, &reader)
      case .pingRequest: _ = try PingRequest.read(bytes.span, &reader)
      case .request: _ = try Inquiry.readRequest(bytes.span, &reader)
      case .reply: _ = try Inquiry.readReply(bytes.span, &reader)
      }
    }
  }

  @Test func `every documented frame is put together again`() throws {
    for vector in Self.vectors(in: try Self.readPage()) where vector.name.hasPrefix("frame-") {
      var assembler = FrameAssembler(messageLimit: 1_000)
      var offset = 0
      let bytes = vector.bytes
      let message = try #require(try assembler.next(bytes.span, &offset))
      #expect(offset == bytes.count)
      if vector.name == "frame-continued" { #expect(message.payload == [1, 2, 3, 4]) }
    }
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }

  /// The fenced blocks that begin with `vector NAME`; a line is hexadecimal bytes and then words
  /// on them.
  private static func vectors(in page: String) -> [(name: String, bytes: [UInt8])] {
    var vectors: [(name: String, bytes: [UInt8])] = []
    var name: String?
    var bytes: [UInt8] = []
    for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```vector ") {
        name = String(line.dropFirst(10))
        bytes = []
      } else if line.hasPrefix("```"), let finished = name {
        vectors.append((finished, bytes))
        name = nil
      } else if name != nil {
        // Two spaces part the bytes from the words.
        for word in line.split(separator: " ", omittingEmptySubsequences: false) {
          guard word.utf8.count == 2, let byte = UInt8(word, radix: 16) else { break }
          bytes.append(byte)
        }
      }
    }
    return vectors
  }

  private static func readPage(path: String = #filePath) throws -> String {
    let parts = path.split(separator: "/").dropLast(4)
    let file = "/" + parts.joined(separator: "/") + "/docs/wire-format.md"
    let stream = try #require(fopen(file, "r"), "\(file) can't be read")
    defer { fclose(stream) }
    var bytes: [UInt8] = []
    var byte = fgetc(stream)
    while byte != EOF {
      bytes.append(UInt8(truncatingIfNeeded: byte))
      byte = fgetc(stream)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
