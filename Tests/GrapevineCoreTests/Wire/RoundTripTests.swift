import GrapevineCore
import GrapevineHashing
import Testing

/// What is written is read back, for values of chance.
struct RoundTripTests {
  private static let seeds = 0..<300 as Range<UInt64>

  static func endpoint(_ random: inout Xoshiro256) -> Endpoint {
    let port = UInt16(truncatingIfNeeded: random.next())
    return random.chance(1, outOf: 2)
      ? Endpoint(ipv4: UInt32(truncatingIfNeeded: random.next()), port: port)
      : Endpoint(ipv6: random.next(), random.next(), port: port)
  }

  /// A number of any size, large ones as often as small ones.
  static func number(_ random: inout Xoshiro256) -> UInt64 {
    random.next() >> random.below(64)
  }

  @Test func `packet headers`() throws {
    for seed in Self.seeds {
      var random = Xoshiro256(seed: seed)
      for kind in PacketKind.allCases {
        let label = UInt32(truncatingIfNeeded: random.next())
        let header = PacketHeader(
          kind: kind,
          label: label,
          sender: MemberKey(rawValue: random.next())
        )
        var bytes: [UInt8] = []
        header.write(to: &bytes)
        #expect(bytes.count == PacketHeader.size)
        #expect(try PacketHeader.read(bytes.span, label: label) == header)
        #expect(throws: MalformedDatagram.wrongLabel) {
          try PacketHeader.read(bytes.span, label: label ^ 1)
        }
      }
    }
  }

  @Test func `a labelled and an unlabelled node differ`() {
    #expect(PacketHeader.hash(label: nil) == 0)
    #expect(PacketHeader.hash(label: "") != 0 && PacketHeader.hash(label: "a") != 0)
    #expect(PacketHeader.hash(label: "a") != PacketHeader.hash(label: "b"))
  }

  @Test func `a header names what is wrong with it`() throws {
    var bytes: [UInt8] = []
    PacketHeader(kind: .digest, label: 5, sender: .lowest).write(to: &bytes)
    func reason(_ offset: Int, _ value: UInt8) -> MalformedDatagram? {
      var wrong = bytes
      wrong[offset] = value
      do {
        _ = try PacketHeader.read(wrong.span, label: 5)
        return nil
      } catch {
        return error
      }
    }
    #expect(reason(0, 0) == .wrongMagic && reason(1, 9) == .wrongVersion)
    #expect(reason(2, 1) == .sealed && reason(2, 2) == .malformed && reason(2, 3) == .sealed)
    #expect(reason(3, 0) == .unknownKind && reason(3, 255) == .unknownKind)
    #expect(reason(4, 6) == .wrongLabel && reason(15, 9) == nil)
    let short = Array(bytes.dropLast())
    #expect(throws: MalformedDatagram.tooShort) { try PacketHeader.read(short.span, label: 5) }
  }

  @Test func `heartbeats`() throws {
    for seed in Self.seeds {
      var random = Xoshiro256(seed: seed)
      let heartbeat = Heartbeat(
        fingerprint: random.next(),
        memberCount: Int(Self.number(&random) >> 32),
        isScheduled: random.chance(1, outOf: 2)
      )
      var bytes: [UInt8] = []
      heartbeat.write(to: &bytes)
      #expect(PacketHeader.size + bytes.count <= 32)
      var reader = WireReader(0..<bytes.count)
      #expect(try Heartbeat.read(bytes.span, &reader) == heartbeat)
      bytes.append(0)
      reader = WireReader(0..<bytes.count)
      #expect(throws: MalformedDatagram.malformed) { try Heartbeat.read(bytes.span, &reader) }
    }
  }

  @Test func `digests`() throws {
    for seed in Self.seeds {
      var random = Xoshiro256(seed: seed)
      var keys = (0..<random.index(8)).map { _ in random.next() }
      keys.sort()
      let entries = keys.map { key in
        DigestEntry(
          key: MemberKey(rawValue: key),
          progress: Progress(version: Self.number(&random), compacted: Self.number(&random)),
          standingHash: UInt32(truncatingIfNeeded: random.next())
        )
      }
      let middle = MemberKey(rawValue: max(1, keys.first ?? 1))
      let ranges = [
        DigestRange(
          lower: .lowest,
          upper: .lowest,
          body: .fingerprint(random.next(), memberCount: 1_000)
        ),
        DigestRange(lower: middle, upper: .highest, body: .entries(count: entries.count)),
        DigestRange(lower: .lowest, upper: .highest, body: .wanted(count: entries.count)),
      ]
      var bytes: [UInt8] = []
      for (index, range) in ranges.enumerated() {
        let start = bytes.count
        range.write(to: &bytes)
        #expect(bytes.count - start <= DigestRange.sizeMaximum)
        if index > 0 { for entry in entries { Self.write(entry, to: &bytes) } }
      }
      var reader = WireReader(0..<bytes.count)
      try DigestRange.validate(bytes.span, reader)
      for (index, range) in ranges.enumerated() {
        #expect(try DigestRange.read(bytes.span, &reader) == range)
        guard index > 0 else { continue }
        for entry in entries { #expect(try DigestEntry.read(bytes.span, &reader) == entry) }
      }
      #expect(reader.isAtEnd)
    }
  }

  @Test func `a digest speaks of no part of the key space twice`() {
    func isValid(_ bounds: [(lower: UInt64, upper: UInt64)], isFingerprint: Bool) -> Bool {
      var bytes: [UInt8] = []
      for (lower, upper) in bounds {
        DigestRange(
          lower: MemberKey(rawValue: lower),
          upper: MemberKey(rawValue: upper),
          body: isFingerprint ? .fingerprint(0, memberCount: 0) : .entries(count: 0)
        ).write(to: &bytes)
      }
      return (try? DigestRange.validate(bytes.span, WireReader(0..<bytes.count))) != nil
    }
    for isFingerprint in [false, true] {
      #expect(isValid([(0, 4), (5, 5), (7, .max)], isFingerprint: isFingerprint))
      #expect(!isValid([(0, 4), (4, 5)], isFingerprint: isFingerprint))
      #expect(!isValid([(5, 6), (0, 4)], isFingerprint: isFingerprint))
      #expect(!isValid([(0, .max), (0, .max)], isFingerprint: isFingerprint))
    }
  }

  private static func write(_ entry: DigestEntry, to bytes: inout [UInt8]) {
    let start = bytes.count
    entry.write(to: &bytes)
    #expect(bytes.count - start == entry.size)
    #expect((DigestEntry.sizeMinimum...DigestEntry.sizeMaximum).contains(entry.size))
  }

  @Test func `a digest's entries lie in order and in their range`() {
    let entry = { DigestEntry(key: MemberKey(rawValue: $0), progress: .none, standingHash: 0) }
    func isValid(_ keys: [UInt64], from lower: UInt64 = 10, to upper: UInt64 = 20) -> Bool {
      var bytes: [UInt8] = []
      DigestRange(
        lower: MemberKey(rawValue: lower),
        upper: MemberKey(rawValue: upper),
        body: .entries(count: keys.count)
      ).write(to: &bytes)
      for key in keys { entry(key).write(to: &bytes) }
      return (try? DigestRange.validate(bytes.span, WireReader(0..<bytes.count))) != nil
    }
    #expect(isValid([]) && isValid([10, 20]) && isValid([10], from: 10, to: 10))
    #expect(!isValid([9]) && !isValid([21]) && !isValid([12, 11]) && !isValid([12, 12]))
    #expect(!isValid([], from: 11, to: 10))
  }

  @Test func `whole sections`() throws {
    for seed in Self.seeds {
      var random = Xoshiro256(seed: seed)
      let name = String(repeating: "\u{E9}", count: 1 + random.index(127))
      var record = Samples.record(name, generation: Self.number(&random))
      record.endpoint = Self.endpoint(&random)
      record.standing = Standing(
        incarnation: Self.number(&random),
        verdict: Verdict.allCases[random.index(3)],
        accusers: (0..<random.index(4)).map { _ in MemberKey(rawValue: random.next()) }
      )
      for index in 0..<random.index(9) {
        _ = record.state.set(key: "key \(index % 5)", value: copyOf(&random))
        if random.chance(1, outOf: 4) { _ = record.state.delete(key: "key \(index % 5)") }
      }
      var bytes: [UInt8] = []
      var owed = Owed.whole(record.key)
      let outcome = record.write(
        &owed,
        to: &bytes,
        limit: 100_000,
        share: 100_000,
        entryLimit: 100_000,
        now: .zero
      )
      #expect(outcome == .complete)
      try check(bytes, record)
    }
  }

  private func copyOf(_ random: inout Xoshiro256) -> [UInt8] {
    (0..<random.index(300)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  private func check(_ bytes: [UInt8], _ record: MemberRecord) throws {
    var reader = WireReader(0..<bytes.count)
    let section = try Section.read(bytes.span, &reader)
    #expect(reader.isAtEnd && section.key == record.key)
    let identity = try #require(section.identity)
    #expect(String(decoding: bytes[identity.name], as: UTF8.self) == record.id.name)
    #expect(identity.generation == record.id.generation)
    #expect(section.standing == record.claim(now: .zero))
    guard record.state.version > 0 else { return #expect(section.state == nil) }
    let state = try #require(section.state)
    #expect(state.isComplete && !state.isSnapshot && state.end == record.state.version)
    var entries = WireReader(state.entries)
    var last = state.base
    var read: [Entry] = []
    while !entries.isAtEnd {
      let header = try EntryHeader.read(bytes.span, &entries, after: last)
      last = header.version
      read.append(StoredEntry(header, in: bytes).entry)
    }
    var held: [Entry] = []
    record.state.forEach { entry in
      held.append(entry.entry)
      return true
    }
    #expect(read == held)
  }

  @Test func `fields of an unknown tag are passed over`() throws {
    var bytes: [UInt8] = []
    let head = Section.begin(MemberKey(rawValue: 3), in: &bytes)
    for tag in [0, 5, 255] as [UInt8] {
      let field = Section.begin(tag: tag, in: &bytes)
      bytes += Array(repeating: 0xFF, count: Int(tag))
      Section.end(field, in: &bytes)
      Section.end(Section.begin(tag: tag, in: &bytes), in: &bytes)
    }
    Section.write(identity: MemberID(name: "a", generation: 2), to: &bytes)
    Section.end(head, in: &bytes)
    var reader = WireReader(0..<bytes.count)
    let section = try Section.read(bytes.span, &reader)
    #expect(section.identity?.generation == 2 && section.state == nil && reader.isAtEnd)
  }

  @Test func `a field that comes twice is refused`() throws {
    for tag in Section.Tag.identity...Section.Tag.retained {
      var bytes: [UInt8] = []
      let head = Section.begin(MemberKey(rawValue: 3), in: &bytes)
      for _ in 0..<2 {
        switch tag {
        case Section.Tag.identity:
          Section.write(identity: MemberID(name: "a", generation: 2), to: &bytes)
        case Section.Tag.standing:
          Section.write(Samples.record().claim(now: .zero), to: &bytes)
        case Section.Tag.state:
          let mark = Section.beginState(
            isSnapshot: false,
            compacted: 0,
            base: 0,
            end: 0,
            horizon: 0,
            in: &bytes
          )
          Section.end(mark, in: &bytes)
        default:
          Section.end(Section.begin(tag: tag, in: &bytes), in: &bytes)
        }
      }
      Section.end(head, in: &bytes)
      var reader = WireReader(0..<bytes.count)
      #expect(throws: MalformedDatagram.malformed) { try Section.read(bytes.span, &reader) }
    }
  }
}
