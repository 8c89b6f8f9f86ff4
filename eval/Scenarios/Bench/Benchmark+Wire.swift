internal import GrapevineCore

// Packets on their way to the network and from it, each with its header.
extension Benchmark {
  static let ofWire =
    heartbeats + digests + deltas + pushes + probes + inquiries

  private static let heartbeats =
    packet(.heartbeat) { bytes, index in
      Heartbeat(
        fingerprint: 0x9E37_79B9_7F4A_7C15 &* UInt64(index),
        memberCount: 1_000,
        isScheduled: true
      ).write(to: &bytes)
    } decode: { bytes, reader in
      try Heartbeat.read(bytes, &reader).fingerprint
    }

  private static let entryCount = 40
  private static let sumCount = 16

  /// Forty members in a digest, as many as two that know as many tell one another; and sixteen
  /// sums, as larger clusters do.
  private static let digests =
    packet(
      .digest,
      Output(entryCount, "members"),
      made: { digestEntries() }
    ) { bytes, entries, _ in
      DigestRange(lower: .lowest, upper: .highest, body: .entries(count: entries.count))
        .write(to: &bytes)
      for entry in entries { entry.write(to: &bytes) }
    } decode: {
      try readDigest($0, &$1)
    }
    + packet(
      .digest,
      as: "sums",
      Output(sumCount, "sums"),
      made: { digestSums() }
    ) { bytes, sums, _ in
      for sum in sums { sum.write(to: &bytes) }
    } decode: {
      try readDigest($0, &$1)
    }

  private static func digestEntries() -> [DigestEntry] {
    (0..<entryCount)
      .map { index in
        DigestEntry(
          key: Sample.key(index),
          progress: GrapevineCore.Progress(version: 10_000 + Version(index), compacted: 3_000),
          standingHash: 0x9E37_79B9
        )
      }
      .sorted { $0.key < $1.key }
  }

  private static func digestSums() -> [DigestRange] {
    (0..<UInt64(sumCount)).map { part in
      DigestRange(
        lower: MemberKey(rawValue: part << 60),
        upper: MemberKey(rawValue: part << 60 | (1 << 60 - 1)),
        body: .fingerprint(0x9E37_79B9_7F4A_7C15 &* part, memberCount: 6_250)
      )
    }
  }

  private static func readDigest(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws -> UInt64 {
    try DigestRange.validate(bytes, reader)
    var sum: UInt64 = 0
    while !reader.isAtEnd {
      switch try DigestRange.read(bytes, &reader).body {
      case .fingerprint(let fingerprint, _): sum &+= fingerprint
      case .entries(let count), .wanted(let count):
        for _ in 0..<count { sum &+= try DigestEntry.read(bytes, &reader).progress.version }
      }
    }
    return sum
  }

  /// Forty entries of one member in a delta, of some 900 bytes.
  private static let deltas =
    packet(
      .delta,
      Output(entryCount, "entries"),
      made: { Sample.record(1, entryCount: entryCount) }
    ) { bytes, record, _ in
      var owed = Owed(key: record.key, replica: .none)
      bytes.append(Delta.Flags.final.rawValue)
      _ = write(&owed, of: record, to: &bytes)
    } decode: { bytes, reader in
      try Delta.validate(bytes, reader)
      return UInt64(reader.remaining)
    }

  /// One changed key in a push.
  private static let pushes =
    packet(
      .push,
      Output(1, "packets"),
      made: { Sample.record(1, entryCount: 1) }
    ) { bytes, record, index in
      let arc = Arc(around: MemberKey(rawValue: UInt64(index)))
      PushHead(hops: 1, arc: arc).write(to: &bytes)
      var owed = Owed(key: record.key, replica: .none)
      _ = write(&owed, of: record, to: &bytes)
    } decode: { bytes, reader in
      let head = try PushHead.read(bytes, &reader)
      try PushHead.validate(bytes, reader)
      return UInt64(head.hops)
    }

  private static func write(
    _ owed: inout Owed,
    of record: MemberRecord,
    to bytes: inout [UInt8]
  ) -> SectionOutcome {
    record.write(
      &owed,
      to: &bytes,
      limit: 1_400,
      share: 1_400,
      entryLimit: 1_400,
      now: Sample.begin
    )
  }

  private static let probes =
    packet(.ping) { bytes, index in
      ping(index).writeHead(to: &bytes)
    } decode: { bytes, reader in
      try UInt64(Ping.read(bytes, &reader).sequence)
    }
    + packet(.pingRequest, as: "ping-request") { bytes, index in
      PingRequest(sequence: UInt32(index), target: target).write(to: &bytes)
    } decode: { bytes, reader in
      try UInt64(PingRequest.read(bytes, &reader).sequence)
    }
    + packet(.ack) { bytes, index in
      // Of one that refutes what a ping has told it.
      ping(index).writeHead(to: &bytes)
      let head = Section.begin(target, in: &bytes)
      Section.write(claim, to: &bytes)
      Section.end(head, in: &bytes)
    } decode: { bytes, reader in
      try UInt64(Ping.read(bytes, &reader).sequence)
    }

  private static let target = Sample.key(1)

  private static let claim = Section.Claim(
    standing: Standing(incarnation: 2),
    age: 0,
    endpoint: Sample.endpoint(1)
  )

  private static func ping(_ index: Int) -> Ping { Ping(sequence: UInt32(index), target: target) }

  /// A question for the version held, and one for a lock; and their answers.
  private static let inquiries =
    packet(.request) { bytes, index in
      Inquiry.writeRequest(sequence: UInt32(index), to: &bytes)
    } decode: { bytes, reader in
      try UInt64(Inquiry.readRequest(bytes, &reader).sequence)
    }
    + packet(.request, as: "lock-request") { bytes, index in
      let lock = LockRequest(id: LockID(rawValue: 7), epoch: 3, isHeld: false)
      Inquiry.write(lock, UInt32(index), to: &bytes)
    } decode: { bytes, reader in
      try UInt64(Inquiry.readRequest(bytes, &reader).sequence)
    }
    + packet(.reply) { bytes, index in
      Inquiry.writeReply(sequence: UInt32(index), version: 10_000, to: &bytes)
    } decode: { bytes, reader in
      try UInt64(Inquiry.readReply(bytes, &reader).sequence)
    }
    + packet(.reply, as: "lock-reply") { bytes, index in
      let lock = LockReply(id: LockID(rawValue: 7), epoch: 3, answer: .free)
      Inquiry.write(lock, UInt32(index), to: &bytes)
    } decode: { bytes, reader in
      try UInt64(Inquiry.readReply(bytes, &reader).sequence)
    }
}

extension Benchmark {
  private typealias Decode =
    @Sendable (Span<UInt8>, inout WireReader) throws -> UInt64

  /// The two benchmarks of a packet whose body takes nothing made before.
  private static func packet(
    _ kind: PacketKind,
    as name: String? = nil,
    encode: @escaping @Sendable (inout [UInt8], Int) -> Void,
    decode: @escaping Decode
  ) -> [Benchmark] {
    packet(kind, as: name, Output(1, "packets"), made: {}) { bytes, _, index in
      encode(&bytes, index)
    } decode: {
      try decode($0, &$1)
    }
  }

  /// The two benchmarks of a packet: to bytes that are there, and from them.
  private static func packet<Source>(
    _ kind: PacketKind,
    as name: String? = nil,
    _ output: Output,
    made: @escaping @Sendable () -> Source,
    encode: @escaping @Sendable (inout [UInt8], Source, Int) -> Void,
    decode: @escaping Decode
  ) -> [Benchmark] {
    let name = "wire.\(name ?? "\(kind)")"
    let count = output.count > 1 ? 1_024 : 16_384
    return [
      Benchmark("\(name).encode", operationCount: count, output: output) {
        let (source, header) = (made(), Sample.header(kind))
        var bytes: [UInt8] = []
        return { count in
          for index in 0..<count {
            bytes.removeAll(keepingCapacity: true)
            header.write(to: &bytes)
            encode(&bytes, source, index)
          }
          keep(bytes.count)
        }
      },
      Benchmark("\(name).decode", operationCount: count, output: output) {
        let label = PacketHeader.hash(label: nil)
        var bytes: [UInt8] = []
        Sample.header(kind).write(to: &bytes)
        encode(&bytes, made(), 1)
        return { [bytes] count in
          var sum: UInt64 = 0
          for _ in 0..<count {
            sum &+= try PacketHeader.read(bytes.span, label: label).sender.rawValue
            var reader = WireReader(PacketHeader.size..<bytes.count)
            sum &+= try decode(bytes.span, &reader)
          }
          keep(sum)
        }
      },
    ]
  }
}
