import Allocations
import GrapevineCore
import Testing

/// Messages of a stream, put together from bytes that come in any parts.
struct FrameTests {
  private struct Message: Equatable {
    var kind: FrameKind
    var payload: [UInt8]

    /// The frames of the message, of `size` bytes of payload at most.
    func frames(of size: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      var rest = payload[...]
      repeat {
        let part = rest.prefix(size)
        rest = rest.dropFirst(size)
        bytes.append(kind.rawValue | (rest.isEmpty ? 0 : FrameKind.continuedFlag))
        bytes.appendFixed(UInt64(part.count), size: 3)
        bytes += part
      } while !rest.isEmpty
      return bytes
    }
  }

  /// Feeds `bytes` in parts of at most `partSize`; returns the messages that came of them.
  private static func assemble(
    _ bytes: [UInt8],
    partSize: Int,
    messageLimit: Int
  ) throws(MalformedDatagram) -> [Message] {
    var assembler = FrameAssembler(messageLimit: messageLimit)
    var messages: [Message] = []
    var start = 0
    while start < bytes.count {
      let part = Array(bytes[start..<min(bytes.count, start + partSize)])
      start += part.count
      var offset = 0
      while let (kind, payload) = try assembler.next(part.span, &offset) {
        messages.append(Message(kind: kind, payload: payload))
      }
    }
    return messages
  }

  @Test func `messages come back, however they are cut`() throws {
    for seed in 0..<200 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      let messages = (0..<(1 + random.index(4))).map { _ in
        Message(
          kind: FrameKind.allCases[random.index(FrameKind.allCases.count)],
          payload: (0..<random.index(300)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        )
      }
      let frameSize = 1 + random.index(200)
      let bytes = messages.flatMap { $0.frames(of: frameSize) }
      let result = try Self.assemble(bytes, partSize: 1 + random.index(100), messageLimit: 300)
      #expect(result == messages, "seed \(seed)")
    }
  }

  @Test func `a message at its limit is taken, and one byte more is not`() throws {
    let message = Message(kind: .delta, payload: Array(repeating: 1, count: 100))
    for frameSize in [1, 7, 99, 100] {
      let bytes = message.frames(of: frameSize)
      #expect(try Self.assemble(bytes, partSize: 10, messageLimit: 100) == [message])
      #expect(throws: MalformedDatagram.malformed) {
        try Self.assemble(bytes, partSize: 10, messageLimit: 99)
      }
    }
  }

  @Test func `what is no frame is refused by its header alone`() {
    let headers: [(bytes: [UInt8], reason: MalformedDatagram)] = [
      ([0, 1, 0, 0], .unknownKind), ([7, 1, 0, 0], .unknownKind), ([0x7F, 1, 0, 0], .unknownKind),
      ([1, 0xFD, 0xFF, 0], .malformed), ([1, 0xFF, 0xFF, 0xFF], .malformed),
      ([0x81, 0, 0, 0], .malformed),
      (Message(kind: .delta, payload: [1, 2]).frames(of: 1).prefix(5) + [5, 0, 0, 0], .malformed),
    ]
    for (bytes, reason) in headers {
      #expect(throws: reason, "\(bytes)") {
        try Self.assemble(bytes, partSize: 100, messageLimit: 1 << 20)
      }
    }
  }

  @Test func `putting a message together costs a small multiple of it`() throws {
    for (size, partSize) in [(60_000, 1_400), (60_000, 60_100), (1_000_000, 65_536)] {
      let message = Message(kind: .delta, payload: Array(repeating: 1, count: size))
      let bytes = message.frames(of: FrameKind.payloadLimit)
      let parts = stride(from: 0, to: bytes.count, by: partSize).map {
        Array(bytes[$0..<min(bytes.count, $0 + partSize)])
      }
      var assembler = FrameAssembler(messageLimit: 1 << 21)
      let (count, cost) = try Allocations.count {
        var count = 0
        for part in parts {
          var offset = 0
          while let message = try assembler.next(part.span, &offset) {
            count += message.payload.count
          }
        }
        return count
      }
      #expect(count == size)
      #if !DEBUG
        #expect(cost <= 4 * size + 1_024, "\(cost) bytes for \(size) in parts of \(partSize)")
      #else
        #expect(cost > 0)
      #endif
    }
  }

  @Test func `a length that is only claimed costs nothing`() throws {
    var assembler = FrameAssembler(messageLimit: 1 << 23)
    let header: [UInt8] = [FrameKind.delta.rawValue, 0xFC, 0xFF, 0, 1, 2, 3]
    let (message, cost) = try Allocations.count {
      var offset = 0
      return try assembler.next(header.span, &offset)?.payload
    }
    #expect(message == nil && cost <= 1_024)
  }
}
