import GrapevineCore
import Testing

/// Pushes, pings, their relays and answers, and questions from node to node are read as they were
/// written, and nothing else is read as one of them.
struct ProbeRoundTripTests {
  private static let seeds = 0..<300 as Range<UInt64>

  private static func key(_ random: inout Xoshiro256) -> MemberKey {
    MemberKey(rawValue: random.next())
  }

  private static func sequence(_ random: inout Xoshiro256) -> SequenceNumber {
    SequenceNumber(truncatingIfNeeded: random.next())
  }

  private static func claim(_ random: inout Xoshiro256) -> Section.Claim {
    Section.Claim(
      standing: Standing(
        incarnation: RoundTripTests.number(&random),
        verdict: Verdict.allCases[random.index(3)],
        accusers: (0..<random.index(4)).map { _ in key(&random) }
      ),
      age: RoundTripTests.number(&random),
      endpoint: RoundTripTests.endpoint(&random)
    )
  }

  private static func append(_ claim: Section.Claim, of key: MemberKey, to bytes: inout [UInt8]) {
    let head = Section.begin(key, in: &bytes)
    Section.write(claim, to: &bytes)
    Section.end(head, in: &bytes)
  }

  /// Why `bytes` are not read; nil if they are.
  private static func fault(
    in bytes: [UInt8],
    _ read: (Span<UInt8>, inout WireReader) throws(MalformedDatagram) -> Void
  ) -> MalformedDatagram? {
    var reader = WireReader(0..<bytes.count)
    do throws(MalformedDatagram) {
      try read(bytes.span, &reader)
      return nil
    } catch {
      return error
    }
  }

  @Test func `pushes`() throws {
    for seed in Self.seeds {
      var random = Xoshiro256(seed: seed)
      let head = PushHead(
        hops: UInt8(random.number(in: 1...255)),
        arc: Arc(lower: Self.key(&random), upper: Self.key(&random))
      )
      var bytes: [UInt8] = []
      head.write(to: &bytes)
      #expect(bytes.count == PushHead.size)
      var claims: [(key: MemberKey, claim: Section.Claim)] = []
      for _ in 0...random.index(3) {
        claims.append((Self.key(&random), Self.claim(&random)))
        Self.append(claims[claims.count - 1].claim, of: claims[claims.count - 1].key, to: &bytes)
      }
      var reader = WireReader(0..<bytes.count)
      #expect(try PushHead.read(bytes.span, &reader) == head)
      try PushHead.validate(bytes.span, reader)
      let isRationed = PushHead.isRationed(bytes.span, reader)
      #expect(isRationed)
      for (key, claim) in claims {
        let section = try Section.read(bytes.span, &reader)
        #expect(section.key == key && section.standing == claim)
      }
      #expect(reader.isAtEnd)
    }
  }

  @Test func `a push that brings changes or someone new is not rationed, wherever they stand`() {
    let state = HandMadeSection(end: 3, entries: [Samples.entry("a", "b", at: 3)]).bytes()
    let id = MemberID(name: "other", generation: 1)
    let newcomer = Stranger.section(of: id)
    let returned = Stranger.section(of: id, Standing(incarnation: 1))
    for (bytes, isRationed) in [
      (returned, true), (newcomer, false), (state, false), (returned + state, false),
      (newcomer + returned, false), (returned + returned, true),
    ] {
      let isFound = PushHead.isRationed(bytes.span, WireReader(0..<bytes.count))
      #expect(isFound == isRationed)
    }
  }

  @Test func `a push is read to its end, and has a hop and a section`() {
    let read = { (span: Span<UInt8>, reader: inout WireReader) throws(MalformedDatagram) in
      _ = try PushHead.read(span, &reader)
      try PushHead.validate(span, reader)
    }
    var bytes: [UInt8] = []
    PushHead(hops: 1, arc: Arc(lower: .highest, upper: .lowest)).write(to: &bytes)
    #expect(Self.fault(in: bytes, read) == .malformed)
    bytes += Stranger.section(of: MemberID(name: "a", generation: 1))
    #expect(Self.fault(in: bytes, read) == nil)
    #expect(Self.fault(in: Array(bytes.dropLast()), read) == .malformed)
    #expect(Self.fault(in: bytes + [0], read) == .malformed)
    bytes[0] = 0
    #expect(Self.fault(in: bytes, read) == .malformed)
  }

  @Test func `pings and acks, with what they say of their target and without`() throws {
    for seed in Self.seeds {
      var random = Xoshiro256(seed: seed)
      let ping = Ping(sequence: Self.sequence(&random), target: Self.key(&random))
      var bytes: [UInt8] = []
      ping.writeHead(to: &bytes)
      let claim = random.chance(1, outOf: 2) ? Self.claim(&random) : nil
      if let claim { Self.append(claim, of: ping.target, to: &bytes) }
      var reader = WireReader(0..<bytes.count)
      let read = try Ping.read(bytes.span, &reader)
      #expect(read.sequence == ping.sequence && read.target == ping.target)
      #expect(read.section?.standing == claim && (read.section == nil) == (claim == nil))
      #expect(reader.isAtEnd)
    }
  }

  @Test func `a ping speaks of its target alone, once`() {
    let read = { (span: Span<UInt8>, reader: inout WireReader) throws(MalformedDatagram) in
      _ = try Ping.read(span, &reader)
    }
    let id = MemberID(name: "a", generation: 1)
    var bytes: [UInt8] = []
    Ping(sequence: 1, target: MemberKey(id)).writeHead(to: &bytes)
    #expect(Self.fault(in: Array(bytes.dropLast()), read) == .malformed)
    let whole = bytes + Stranger.section(of: id)
    #expect(Self.fault(in: whole, read) == nil)
    #expect(Self.fault(in: whole + Stranger.section(of: id), read) == .malformed)
    let other = Stranger.section(of: MemberID(name: "b", generation: 1))
    #expect(Self.fault(in: bytes + other, read) == .malformed)
  }

  @Test func `requests to ping, questions and answers`() throws {
    for seed in Self.seeds {
      var random = Xoshiro256(seed: seed)
      let asked = PingRequest(sequence: Self.sequence(&random), target: Self.key(&random))
      var bytes: [UInt8] = []
      asked.write(to: &bytes)
      var reader = WireReader(0..<bytes.count)
      #expect(try PingRequest.read(bytes.span, &reader) == asked)

      bytes = []
      Inquiry.writeRequest(sequence: asked.sequence, to: &bytes)
      reader = WireReader(0..<bytes.count)
      let question = try Inquiry.readRequest(bytes.span, &reader)
      #expect(question.sequence == asked.sequence && question.request == .version)

      let version = RoundTripTests.number(&random)
      bytes = []
      Inquiry.writeReply(sequence: asked.sequence, version: version, to: &bytes)
      reader = WireReader(0..<bytes.count)
      let answer = try Inquiry.readReply(bytes.span, &reader)
      #expect(answer.sequence == asked.sequence && answer.reply == .version(version))
    }
  }

  @Test func `questions about locks and their answers are read as they were written`() throws {
    var random = Xoshiro256(seed: 8)
    for answer in LockAnswer.allCases {
      let sequence = Self.sequence(&random)
      let id = LockID(rawValue: random.next())
      let epoch = RoundTripTests.number(&random)
      var bytes: [UInt8] = []
      let asked = LockRequest(id: id, epoch: epoch, isHeld: answer == .held)
      Inquiry.write(asked, sequence, to: &bytes)
      var reader = WireReader(0..<bytes.count)
      let question = try Inquiry.readRequest(bytes.span, &reader)
      #expect(question.sequence == sequence)
      #expect(question.request == .lock(asked))
      bytes = []
      let reply = LockReply(id: id, epoch: epoch, answer: answer)
      Inquiry.write(reply, sequence, to: &bytes)
      reader = WireReader(0..<bytes.count)
      let read = try Inquiry.readReply(bytes.span, &reader)
      #expect(read.sequence == sequence && read.reply == .lock(reply))
      bytes[bytes.count - 1] = UInt8(LockAnswer.allCases.count)
      reader = WireReader(0..<bytes.count)
      #expect(throws: MalformedDatagram.malformed) { try Inquiry.readReply(bytes.span, &reader) }
    }
  }

  @Test func `a question or answer that is short, long, or of another topic is not read`() {
    var request: [UInt8] = []
    Inquiry.writeRequest(sequence: 9, to: &request)
    var reply: [UInt8] = []
    Inquiry.writeReply(sequence: 9, version: 300, to: &reply)
    var relay: [UInt8] = []
    PingRequest(sequence: 9, target: .lowest).write(to: &relay)
    let cases: [([UInt8], (Span<UInt8>, inout WireReader) throws(MalformedDatagram) -> Void)] = [
      (
        request,
        { (span, reader) throws(MalformedDatagram) in
          _ = try Inquiry.readRequest(span, &reader)
        }
      ),
      (
        reply,
        { (span, reader) throws(MalformedDatagram) in
          _ = try Inquiry.readReply(span, &reader)
        }
      ),
      (
        relay,
        { (span, reader) throws(MalformedDatagram) in
          _ = try PingRequest.read(span, &reader)
        }
      ),
    ]
    for (index, (bytes, read)) in cases.enumerated() {
      #expect(Self.fault(in: bytes, read) == nil)
      #expect(Self.fault(in: bytes + [0], read) == .malformed)
      for size in 0..<bytes.count {
        #expect(Self.fault(in: Array(bytes[..<size]), read) == .malformed, "\(size) bytes")
      }
      guard index < 2 else { continue }
      var other = bytes
      other[4] = 3
      #expect(Self.fault(in: other, read) == .unknownKind)
    }
  }
}
