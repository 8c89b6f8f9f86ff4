import Grapevine
import GrapevineCore
import GrapevineEncryption
import GrapevineTransport
import Testing

/// The parts of the seal, without sockets.
@Suite struct SealTests {
  /// The rule in its plainest form: everything is remembered.
  private struct Model {
    var come: Set<UInt64> = []
    var latest: UInt64 = 0

    func isFresh(_ number: UInt64) -> Bool {
      !come.contains(number) && number < .max
        && (come.isEmpty || number > latest || latest - number < ReplayWindow.size)
    }

    mutating func insert(_ number: UInt64) {
      come.insert(number)
      latest = max(latest, number)
    }
  }

  @Test(arguments: [0, 1, 1 << 40, UInt64.max - 1_000_000])
  func `A window refuses what has come and what is too old, and nothing else`(
    start: UInt64
  ) {
    var random = Xoshiro256(seed: start)
    var model = Model()
    var window = ReplayWindow()
    var place = start
    for _ in 0..<20_000 {
      switch random.below(100) {
      case 0: place += random.below(3 * ReplayWindow.size)
      case 1...50: place += 1
      default: break
      }
      place = min(place, .max - 1)
      let number = place - min(place, random.below(ReplayWindow.size + 100))
      #expect(window.isFresh(number) == model.isFresh(number), "\(number)")
      guard model.isFresh(number) else { continue }
      window.insert(number)
      model.insert(number)
    }
  }

  @Test func `A window ends where it should, to the number`() {
    var window = ReplayWindow()
    window.insert(5_000)
    #expect(window.isFresh(5_001 - ReplayWindow.size))
    #expect(!window.isFresh(5_000 - ReplayWindow.size))
    #expect(!window.isFresh(5_000) && window.isFresh(5_001) && !window.isFresh(.max))
  }

  @Test func `Sessions are bounded, and those that speak stay`() {
    var sessions = PeerSessions()
    func name(_ number: UInt64) -> PeerSessions.Name {
      PeerSessions.Name(
        SealHead(
          kind: .packet,
          key: SealingKeyID(rawValue: 1),
          sender: MemberKey(rawValue: 1),
          session: number,
          number: 0
        )
      )
    }
    let kept = PeerSessions.Session()
    sessions.note(kept, name(0))
    for number in 1...UInt64(3 * PeerSessions.limit) {
      sessions.note(PeerSessions.Session(), name(number))
      #expect(sessions.count <= PeerSessions.limit)
      guard number % 1_000 == 0 else { continue }
      #expect(sessions.find(name(0)) === kept)
      sessions.note(kept, name(0))
    }
    #expect(sessions.find(name(1)) == nil)
    // Who is asked for, and says nothing, is forgotten.
    for number in 1...UInt64(PeerSessions.limit) {
      sessions.note(PeerSessions.Session(), name(.max - number))
      _ = sessions.find(name(0))
    }
    #expect(sessions.find(name(0)) == nil)
  }

  @Test func `A session ends in time, and the next one has keys of its own`() throws {
    let ring = try TestKeyring(.random())
    let key = ring.keys.primary
    let sender = MemberKey(rawValue: 3)
    var sessions: [UInt64] = []
    var session = SealingSession()
    func reserve(_ count: Int) throws -> SealingSession.Run {
      let run = session.reserve(count, for: sender, key) { head in
        sessions.append(head.session)
        return ring.makeCipher(for: key, context: Seal.context(.packets, label: [], [head]))
      }
      return try #require(run)
    }
    let limit = Int(Seal.sessionLimit)
    let first = try reserve(limit - 3)
    #expect(first.numbers == 0..<UInt64(limit - 3))
    let (streamSession, streamNumber) = session.nextStream()
    #expect(streamSession == first.session && streamNumber == 0)
    let last = try reserve(64)
    #expect(last.numbers == UInt64(limit - 3)..<UInt64(limit) && last.session == first.session)
    let next = try reserve(64)
    #expect(next.numbers == 0..<64 && next.session != first.session)
    #expect(sessions == [first.session, next.session])
    #expect(session.nextStream().session == next.session)
  }

  @Test func `A key's number is read back from its text, and from nothing else`() {
    for number in [0, 1, 0x0123_ABCD, UInt32.max] {
      let id = SealingKeyID(rawValue: number)
      #expect(id.description.count == 8 && SealingKeyID(id.description) == id)
    }
    for text in ["", "1", "0123456", "012345678", "0123ABCD", "-1234567", "+1234567", "0x123456"] {
      #expect(SealingKeyID(text) == nil, "\(text)")
    }
  }

  @Test func `What a member says of its keys is read back, whatever a peer makes of it`() throws {
    let ids = (1...20).map { SealingKeyID(rawValue: $0) }
    let few = MemberSealing(mode: .seal, primary: ids[1], all: Array(ids[..<3]))
    #expect(few.all == [ids[1], ids[0], ids[2]])
    #expect(few.text == "seal 00000002 00000001 00000003")
    #expect(MemberSealing(text: few.text) == few)
    let many = MemberSealing(mode: .require, primary: ids[0], all: ids)
    #expect(many.text.utf8.count <= MemberSealing.sizeLimit)
    #expect(MemberSealing(text: many.text)?.all == Array(ids[..<16]))
    for text in ["", "seal", "open 00000001", "seal 1", "seal \u{301}", " ", "seal  ,"] {
      #expect(MemberSealing(text: text) == nil, "\(text)")
    }
    #expect(MemberSealing(text: "accept 00000001 x later")?.all == [ids[0]])
  }
}

/// Both ends of a stream, with the bytes between them in a test's hands.
private struct Line {
  let ring: TestKeyring
  let sealing: NodeSealing
  let other: NodeSealing
  var openers = SealedStream(isOpener: true)
  var answerers = SealedStream(isOpener: false)
  var openersSessions = PacketOpener()
  var answerersSessions = PacketOpener()
  static let opener = MemberID(name: "opener", generation: 1)
  static let answerer = MemberKey(rawValue: 2)

  init(_ mode: SealingMode = .seal) throws {
    ring = try TestKeyring(.random())
    sealing = NodeSealing(sealer: ring, mode: mode, label: "prod")
    other = NodeSealing(sealer: ring, mode: mode, label: "prod")
  }

  static var hello: [UInt8] { Forger(opener).hello() }

  mutating func open(_ frame: [UInt8]) throws -> [UInt8] {
    try openers.send(frame, as: MemberKey(Self.opener), sealing).flatMap { $0 }
  }

  mutating func answer(_ frame: [UInt8]) throws -> [UInt8] {
    try answerers.send(frame, as: Self.answerer, other).flatMap { $0 }
  }

  /// What the answerer is told by these bytes, and what it can send now.
  mutating func hear(_ bytes: ArraySlice<UInt8>) throws -> (plain: [UInt8], answers: [UInt8]) {
    var plain: [UInt8] = []
    var answers: [[UInt8]] = []
    let bytes = Array(bytes)
    try answerers.receive(
      bytes.span,
      as: Self.answerer,
      &answerersSessions,
      other,
      into: &plain,
      answers: &answers
    )
    return (plain, answers.flatMap { $0 })
  }

  mutating func hearAnswer(_ bytes: ArraySlice<UInt8>) throws -> (plain: [UInt8], more: [UInt8]) {
    var plain: [UInt8] = []
    var answers: [[UInt8]] = []
    let bytes = Array(bytes)
    try openers.receive(
      bytes.span,
      as: MemberKey(Self.opener),
      &openersSessions,
      sealing,
      into: &plain,
      answers: &answers
    )
    return (plain, answers.flatMap { $0 })
  }
}

@Suite struct SealedStreamTests {
  @Test(arguments: [1, 2, 31, 32, 33, 1_000, 65_536])
  func `A stream says what was said, in whatever pieces it comes`(size: Int) throws {
    var line = try Line()
    let opening = try line.open(Line.hello)
    var heard: [UInt8] = []
    for piece in opening.pieces(of: size) { heard += try line.hear(piece).plain }
    #expect(heard == Line.hello)
    let frames = [[UInt8](repeating: 1, count: 300), [UInt8](repeating: 2, count: 65_536), [3]]
    var back: [UInt8] = []
    for bytes in try frames.map({ try line.answer($0) }) {
      for piece in bytes.pieces(of: size) { back += try line.hearAnswer(piece).plain }
    }
    #expect(back == frames.flatMap { $0 })
    var rest: [UInt8] = []
    for bytes in try frames.map({ try line.open($0) }) {
      for piece in bytes.pieces(of: size) { rest += try line.hear(piece).plain }
    }
    #expect(rest == frames.flatMap { $0 })
  }

  @Test func `What is said before it is known how waits, on either side`() throws {
    var line = try Line()
    #expect(try line.answer([1, 2, 3]) == [] && line.answerers.isHolding)
    let opening = try line.open(Line.hello)
    #expect(try line.open([4, 5]) == [] && line.openers.isHolding)
    let (plain, answer) = try line.hear(opening[...])
    #expect(plain == Line.hello && !line.answerers.isHolding && !answer.isEmpty)
    let (told, more) = try line.hearAnswer(answer[...])
    #expect(told == [1, 2, 3] && !line.openers.isHolding)
    #expect(try line.hear(more[...]).plain == [4, 5])
  }

  @Test func `A change of any byte ends a stream`() throws {
    var line = try Line()
    let opening = try line.open(Line.hello)
    for index in opening.indices where index > 0 {
      var changed = opening
      changed[index] ^= 4
      var fresh = line
      var heard: [UInt8] = []
      let fault = #expect(throws: SealFault.self, "\(index)") {
        heard = try fresh.hear(changed[...]).plain
        // A length that was changed to a larger one asks for more.
        heard += try fresh.hear([UInt8](repeating: 0, count: 2_000)[...]).plain
      }
      #expect(heard.isEmpty && fault != .replayed, "\(index)")
    }
    _ = try line.hear(opening[...])
    let answer = try line.answer([UInt8](repeating: 9, count: 50))
    for index in answer.indices {
      var changed = answer
      changed[index] ^= 4
      var fresh = line
      #expect(throws: SealFault.self, "\(index)") {
        _ = try fresh.hearAnswer(changed[...])
        _ = try fresh.hearAnswer([UInt8](repeating: 0, count: 2_000)[...])
      }
    }
  }

  @Test func `Pieces can be neither left out, doubled nor turned round`() throws {
    var line = try Line()
    _ = try line.hear(try line.open(Line.hello)[...])
    _ = try line.hearAnswer(try line.answer([0])[...])
    let first = try line.open([1])
    let second = try line.open([2])
    for wrong in [second, first + first] {
      var fresh = line
      #expect(throws: SealFault.badTag) { try fresh.hear(wrong[...]) }
    }
    // What one side said is no word of the other.
    #expect(throws: SealFault.badTag) { try line.hearAnswer(first[...]) }
  }

  @Test func `An opening is heard once, and the rest not even then`() throws {
    var line = try Line()
    let opening = try line.open(Line.hello)
    _ = try line.hear(opening[...])
    _ = try line.hearAnswer(try line.answer([0])[...])
    let rest = try line.open([1, 2, 3])
    line.answerers = SealedStream(isOpener: false)
    #expect(throws: SealFault.replayed) { try line.hear(opening[...]) }
    // One that knows nothing of it hears the opening, and has other keys for what follows.
    line.answerers = SealedStream(isOpener: false)
    line.answerersSessions = PacketOpener()
    #expect(try line.hear(opening[...]).plain == Line.hello)
    #expect(throws: SealFault.badTag) { try line.hear(rest[...]) }
  }

  @Test func `Two that bring the same opening at a time are not both heard`() throws {
    var line = try Line()
    let opening = try line.open(Line.hello)
    _ = try line.hear(opening.dropLast())
    let waiting = line.answerers
    line.answerers = SealedStream(isOpener: false)
    _ = try line.hear(opening[...])
    line.answerers = waiting
    #expect(throws: SealFault.replayed) { try line.hear(opening.suffix(1)) }
  }

  @Test func `A greeting in another's name is refused`() throws {
    var line = try Line()
    // Only who has the key can try: it seals as one member and greets as another.
    let frame = Forger.frame(.refusal, [1])
    let opening = try line.open(frame)
    #expect(throws: SealFault.senderMismatch) { try line.hear(opening[...]) }
  }

  @Test func `Streams follow the mode, and end when it or the keys change`() throws {
    var line = try Line(.accept)
    #expect(try line.open(Line.hello) == Line.hello)
    #expect(try line.answer([7]) == [])
    let (plain, answers) = try line.hear(Line.hello[...])
    #expect(plain == Line.hello && answers == [7])
    line.other.mode = .require
    #expect(throws: SealFault.plain) { try line.answer([1]) }
    #expect(throws: SealFault.plain) { try line.hear([1]) }

    var sealed = try Line(.require)
    #expect(throws: SealFault.plain) { try sealed.hear(Line.hello[...]) }
    sealed.answerers = SealedStream(isOpener: false)
    _ = try sealed.hear(try sealed.open(Line.hello)[...])
    _ = try sealed.hearAnswer(try sealed.answer([0])[...])
    let said = try sealed.open([1])
    let old = sealed.ring.keys.primary
    let new = TestKey.random()
    try sealed.ring.add(new)
    try sealed.ring.use(new.id)
    #expect(try sealed.hear(said[...]).plain == [1])
    try sealed.ring.remove(old)
    #expect(throws: SealFault.unknownKey) { try sealed.open([2]) }
    #expect(throws: SealFault.unknownKey) { try sealed.hear(said[...]) }
  }

  @Test func `The engine is told of its own bytes alone`() throws {
    var line = try Line()
    var sent = try line.open(Line.hello)
    _ = try line.hear(sent[...])
    _ = try line.hearAnswer(try line.answer([0])[...])
    sent += try line.open([UInt8](repeating: 1, count: 40_000))
    for size in [1, 7, 48, 100, 16_384, 100_000] {
      var fresh = line
      let steps = sent.pieces(of: size).map { fresh.openers.noteWritten($0.count) }
      #expect(steps.reduce(0, +) == Line.hello.count + 40_000)
      #expect(zip(steps, sent.pieces(of: size)).allSatisfy { $0 <= $1.count })
    }
  }
}

extension [UInt8] {
  /// The bytes cut in pieces of a size, the last as long as is left.
  fileprivate func pieces(of size: Int) -> [ArraySlice<UInt8>] {
    stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
  }
}
