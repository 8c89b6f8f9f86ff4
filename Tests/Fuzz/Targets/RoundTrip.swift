import GrapevineCore

/// What the readers take, the writers write again as it was.
enum RoundTrip {
  /// Reads a datagram as far as it can be read without an engine; what is well-formed must come out
  /// the same when it is written.
  static func check(datagram bytes: [UInt8], label: UInt32) throws(MalformedDatagram) {
    let span = bytes.span
    let header = try PacketHeader.read(span, label: label)
    var again: [UInt8] = []
    header.write(to: &again)
    var reader = WireReader(PacketHeader.size..<bytes.count)
    switch header.kind {
    case .heartbeat: try Heartbeat.read(span, &reader).write(to: &again)
    case .digest:
      try DigestRange.validate(span, reader)
      try copyDigest(span, &reader, to: &again)
    case .delta:
      try Delta.validate(span, reader)
      again.append(try reader.byte(span))
      try checkSections(span, &reader)
    case .push:
      let head = try PushHead.read(span, &reader)
      head.write(to: &again)
      try PushHead.validate(span, reader)
      _ = PushHead.isRationed(span, reader)
      try checkSections(span, &reader)
    case .ping, .ack:
      let ping = try Ping.read(span, &reader)
      ping.writeHead(to: &again)
      if let section = ping.section { check(section, span) }
    case .pingRequest: try PingRequest.read(span, &reader).write(to: &again)
    case .request:
      let (sequence, request) = try Inquiry.readRequest(span, &reader)
      switch request {
      case .version: Inquiry.writeRequest(sequence: sequence, to: &again)
      case .lock(let lock): Inquiry.write(lock, sequence, to: &again)
      }
    case .reply:
      let (sequence, reply) = try Inquiry.readReply(span, &reader)
      switch reply {
      case .version(let version):
        Inquiry.writeReply(sequence: sequence, version: version, to: &again)
      case .lock(let lock): Inquiry.write(lock, sequence, to: &again)
      }
    }
    demand(hasPrefix(bytes, again), "\(header.kind) is read and written as another")
    demand(reader.isAtEnd, "\(header.kind) was not read to its end")
  }

  /// Reads a message of a stream in the same way.
  static func check(message bytes: [UInt8], _ kind: FrameKind) throws(MalformedDatagram) {
    let span = bytes.span
    var reader = WireReader(0..<bytes.count)
    var again: [UInt8] = []
    switch kind {
    case .hello:
      try Hello.read(span, &reader).write(to: &again)
      check(try Section.read(span, &reader), span)
    case .digest:
      try DigestRange.validate(span, reader)
      try copyDigest(span, &reader, to: &again)
    case .delta: try checkSections(span, &reader)
    case .refusal, .done, .leaveAcknowledged: break
    }
    demand(hasPrefix(bytes, again), "\(kind) is read and written as another")
  }

  /// The messages in the bytes of a stream do not depend on the pieces that those come in.
  static func checkAssembly(of bytes: [UInt8], messageLimit: Int, pieceSize: Int) {
    let whole = messages(in: bytes, messageLimit: messageLimit, pieceSize: max(1, bytes.count))
    let pieces = messages(in: bytes, messageLimit: messageLimit, pieceSize: pieceSize)
    demand(whole.error == pieces.error, "\(whole.error as Any) or \(pieces.error as Any)")
    demand(whole.payloads == pieces.payloads, "pieces of \(pieceSize) make other messages")
    demand(whole.kinds == pieces.kinds, "pieces of \(pieceSize) make other kinds of messages")
    for (kind, payload) in zip(whole.kinds, whole.payloads) {
      try? check(message: payload, kind)
    }
  }

  /// As `starts(with:)`, which a fuzzer follows byte by byte.
  private static func hasPrefix(_ bytes: [UInt8], _ prefix: [UInt8]) -> Bool {
    bytes.count == prefix.count ? bytes == prefix : Array(bytes.prefix(prefix.count)) == prefix
  }

  private struct Messages {
    var kinds: [FrameKind] = []
    var payloads: [[UInt8]] = []
    var error: MalformedDatagram?
  }

  private static func messages(
    in bytes: [UInt8],
    messageLimit: Int,
    pieceSize: Int
  ) -> Messages {
    var messages = Messages()
    var assembler = FrameAssembler(messageLimit: messageLimit)
    do throws(MalformedDatagram) {
      for start in stride(from: 0, to: bytes.count, by: pieceSize) {
        let piece = Array(bytes[start..<min(bytes.count, start + pieceSize)])
        var offset = 0
        while let message = try assembler.next(piece.span, &offset) {
          messages.kinds.append(message.kind)
          messages.payloads.append(message.payload)
        }
        demand(offset == piece.count, "bytes were left behind")
      }
    } catch {
      messages.error = error
    }
    return messages
  }

  private static func copyDigest(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader,
    to output: inout [UInt8]
  ) throws(MalformedDatagram) {
    while !reader.isAtEnd {
      let range = try DigestRange.read(bytes, &reader)
      range.write(to: &output)
      switch range.body {
      case .fingerprint: break
      case .entries(let count), .wanted(let count):
        for _ in 0..<count {
          let entry = try DigestEntry.read(bytes, &reader)
          let start = output.count
          entry.write(to: &output)
          demand(output.count == start + entry.size, "an entry's size is not \(entry.size)")
        }
      }
    }
  }
}
