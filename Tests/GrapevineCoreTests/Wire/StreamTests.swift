import GrapevineCore
import Testing

/// An engine whose peers say on streams what nobody would say.
struct StreamTests {
  private static let now = Instant(nanoseconds: 1_000_000_000)

  private static func engine(_ index: Int) -> Engine {
    var engine = Engine(
      id: MemberID(name: "node \(index) \u{E9}", generation: 5),
      endpoint: Endpoint(ipv4: 0x0A00_0001 + UInt32(index), port: 7_000),
      configuration: GossipConfiguration(),
      seed: UInt64(index) + 1,
      now: now
    )
    let changes = (0..<20).map { Change.set("key \($0) \u{FC}", to: "value \($0) of \(index)") }
    _ = try? engine.update(changes + [.delete(key: "key 3 \u{FC}")], now: now)
    return engine
  }

  /// What each side says while one joins the other.
  private struct Conversation {
    var caller: [UInt8] = []
    var callee: [UInt8] = []
    /// The two before a word was said, with the stream open.
    var engines: [Engine]
    let outbound: StreamID
    let inbound: StreamID
  }

  private static func conversation() throws -> Conversation {
    var engines = [engine(0), engine(1)]
    _ = engines[0].join(engines[1].localEndpoint, now: now)
    guard case .open(let outbound, _)? = engines[0].nextStreamAction() else {
      throw HistoryFailure(description: "a join opened no stream")
    }
    let inbound = engines[1].streamAccepted(from: engines[0].localEndpoint, now: now)
    var conversation = Conversation(engines: engines, outbound: outbound, inbound: inbound)
    engines[0].streamOpened(outbound, now: now)
    var isBusy = true
    while isBusy {
      let said = sent(by: &engines[0])
      conversation.caller += said
      engines[1].streamReceived(inbound, said.span, now: now)
      let answered = sent(by: &engines[1])
      conversation.callee += answered
      engines[0].streamReceived(outbound, answered.span, now: now)
      isBusy = !said.isEmpty || !answered.isEmpty
    }
    return conversation
  }

  /// Takes all that comes out, as a driver whose sockets never block; returns the streams' bytes.
  @discardableResult
  private static func sent(by engine: inout Engine) -> [UInt8] {
    var bytes: [UInt8] = []
    while let action = engine.nextStreamAction() {
      switch action {
      case .send(let id, let part):
        bytes += part
        engine.streamWrote(id, part.count, now: now)
      case .open(let id, _): engine.streamClosed(id, .refused, now: now)
      case .finish, .abort: break
      }
    }
    var datagram: [UInt8] = []
    while engine.nextDatagram(into: &datagram) != nil {}
    while engine.nextEvent() != nil {}
    return bytes
  }

  @Test func `the two hold the same when nothing is spoiled`() throws {
    let conversation = try Self.conversation()
    #expect(conversation.caller.count > 500 && conversation.callee.count > 500)
    var engine = conversation.engines[1]
    engine.streamReceived(conversation.inbound, conversation.caller.span, now: Self.now)
    engine.checkInvariants()
    #expect(engine.memberCount == 2 && engine.metrics.drops.total == 0)
    #expect(engine.member(named: "node 0 \u{E9}", now: Self.now)?.version == 21)
  }

  @Test func `spoiled streams never trap an engine, and a broken one is counted`() throws {
    let conversation = try Self.conversation()
    let count = Environment.caseCount(usual: 1_500)
    var brokenCount = 0
    for index in 0..<count {
      var random = Xoshiro256(seed: Environment.firstSeed &+ UInt64(index))
      let isInbound = random.chance(1, outOf: 2)
      var engine = conversation.engines[isInbound ? 1 : 0]
      let stream = isInbound ? conversation.inbound : conversation.outbound
      if !isInbound { engine.streamOpened(stream, now: Self.now) }
      Self.sent(by: &engine)
      let bytes = Self.spoiled(isInbound ? conversation.caller : conversation.callee, &random)
      Self.feed(bytes, to: &engine, stream, &random)
      engine.checkInvariants()
      let metrics = engine.metrics
      brokenCount += metrics.drops.total > 0 ? 1 : 0
      let isSound =
        metrics.streamQueuePeak <= engine.configuration.streamQueueLimit
        && metrics.streamBytesIn == bytes.count
        && (metrics.streamsFailed == 0 || metrics.drops.total > 0)
      if !isSound {
        let replay = Environment.replay(case: index, filter: "spoiled")
        Issue.record("\(metrics) after \(bytes); \(replay)")
        return
      }
    }
    #expect(brokenCount > count / 4)
  }

  private static func feed(
    _ bytes: [UInt8],
    to engine: inout Engine,
    _ stream: StreamID,
    _ random: inout Xoshiro256
  ) {
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + 1 + random.index(600))
      let part = Array(bytes[start..<end])
      engine.streamReceived(stream, part.span, now: now)
      sent(by: &engine)
      start = end
    }
  }

  private static func spoiled(_ bytes: [UInt8], _ random: inout Xoshiro256) -> [UInt8] {
    var bytes = bytes
    for _ in 0...random.index(3) {
      let place = random.index(bytes.count)
      switch random.index(6) {
      case 0: bytes[place] ^= 1 << UInt8(random.below(8))
      case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
      case 2: bytes.remove(at: place)
      case 3: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
      case 4:
        for index in place..<min(bytes.count, place + random.index(10)) { bytes[index] = 0xFF }
      default:
        let end = place + random.index(bytes.count - place)
        bytes.insert(contentsOf: bytes[place..<end], at: place)
      }
    }
    return bytes
  }
}
