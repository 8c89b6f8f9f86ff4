import GrapevineCore
import Testing

/// What peers may say on streams, and what becomes of streams on which they say something else.
struct StreamInputTests {
  private let stranger = Stranger()

  @Test func `a second greeting ends the stream`() {
    for purpose in StreamPurpose.allCases {
      var engine = Engine.alone()
      let stream = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
      engine.hear(stream, stranger.hello(purpose))
      #expect(!engine.streamActions().contains(.abort(stream)))
      engine.hear(stream, stranger.hello(purpose))
      #expect(engine.streamActions().last == .abort(stream))
    }
  }

  @Test func `the pieces of a digest must go on where the last one ended`() {
    let middle = MemberKey(rawValue: 1 << 40)
    let next = MemberKey(rawValue: middle.rawValue + 1)
    let wrong: [[UInt8]] = [
      stranger.digest(from: next),
      stranger.digest(through: middle) + stranger.digest(through: middle),
      stranger.digest(through: middle) + stranger.digest(),
      stranger.digest() + stranger.digest(),
      stranger.frame(.digest),
      stranger.frame(.digest, [2, 0]),
    ]
    for bytes in wrong {
      var engine = Engine.alone()
      let stream = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
      engine.hear(stream, stranger.hello() + bytes)
      #expect(engine.streamActions().last == .abort(stream))
      #expect(engine.metrics.drops[.malformed] == 1)
    }
    var engine = Engine.alone()
    let stream = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
    let pieces = stranger.digest(through: middle) + stranger.digest(from: next)
    engine.hear(stream, stranger.hello() + pieces)
    #expect(engine.streamActions().last == .send(stream, stranger.frame(.done)))
  }
}

extension StreamInputTests {
  @Test func `streams up to the limit are taken, and the next is told to come back`() {
    var engine = Engine.alone()
    for _ in 0..<64 {
      _ = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
    }
    #expect(engine.streamActions() == [] && engine.metrics.streamsRefused == 0)
    let next = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
    let refusal = stranger.frame(.refusal, [RefusalCode.busy.rawValue])
    #expect(engine.streamActions() == [.send(next, refusal), .finish(next)])
    #expect(engine.metrics.streamsRefused == 1)
    engine.checkInvariants()
  }

  @Test func `a peer that says nothing is given up after the time-out`() {
    var engine = Engine.alone()
    let stream = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
    let end = Engine.start + .seconds(10)
    engine.advance(to: Instant(nanoseconds: end.nanoseconds - 1))
    #expect(engine.streamActions() == [])
    engine.advance(to: end)
    #expect(engine.streamActions() == [.abort(stream)])
  }

  @Test func `a peer that sends a byte a second is given up after the time-out`() {
    var engine = Engine.alone()
    let stream = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
    var now = Engine.start
    for byte in stranger.hello() {
      now = now + .seconds(1)
      engine.advance(to: now)
      engine.hear(stream, [byte], now: now)
    }
    let actions = engine.streamActions()
    #expect(actions == [.abort(stream)])
    #expect(engine.memberCount == 1)
  }

  @Test func `a peer that never reads is given up after the time-out`() throws {
    var engine = Engine.alone()
    let value = [UInt8](repeating: 1, count: 1_000_000)
    _ = try engine.update([.set(key: "large", value: value)], now: Engine.start)
    let stream = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
    engine.hear(stream, stranger.hello() + stranger.digest())
    let sent = engine.streamActions().reduce(0) { sum, action in
      if case .send(stream, let bytes) = action { sum + bytes.count } else { sum }
    }
    #expect(sent > 196_608 && sent <= 262_144)
    var now = Engine.start
    for _ in 0..<10 {
      now = now + .seconds(1)
      engine.streamWrote(stream, 1, now: now)
      engine.advance(to: now)
    }
    #expect(engine.streamActions().last == .abort(stream))
  }

  @Test func `a snapshot keeps no more versions than a member may have entries`() {
    var configuration = GossipConfiguration()
    configuration.entryLimit = 10
    // Its own keys come on top.
    let limit = Version(10 + ReservedKeys.count)
    for (count, isTaken) in [(limit, true), (limit + 1, false)] {
      var engine = Engine.alone("node", configuration)
      engine.hear(stranger.packet(.delta, [0] + stranger.section()))
      let stream = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
      engine.hear(stream, stranger.hello() + stranger.digest())
      let section = HandMadeSection(
        isSnapshot: true,
        isComplete: false,
        compacted: 30,
        base: 30,
        end: 40,
        retained: [1...count]
      )
      engine.hear(stream, stranger.frame(.delta, section.bytes(MemberKey(stranger.id))))
      #expect(engine.streamActions().contains(.abort(stream)) == !isTaken)
      #expect(engine.metrics.drops[.malformed] == (isTaken ? 0 : 1))
    }
  }

  @Test func `the rest of a snapshot is nothing without its beginning`() {
    var engine = Engine.alone()
    let key = MemberKey(stranger.id)
    engine.hear(stranger.packet(.delta, [0] + stranger.section()))
    let stream = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
    engine.hear(stream, stranger.hello() + stranger.digest())
    let kept = HandMadeSection(end: 5, entries: [Samples.entry("kept", "value", at: 5)])
    engine.hear(stream, stranger.frame(.delta, kept.bytes(key)))
    var rest = HandMadeSection(
      isSnapshot: true,
      base: 5,
      end: 9,
      entries: [Samples.entry("more", "value", at: 9)]
    )
    rest.isContinued = true
    engine.hear(stream, stranger.frame(.delta, rest.bytes(key)))
    #expect(engine.version(of: key) == 5)
    #expect(engine.entry("kept", of: key) != nil && engine.entry("more", of: key) == nil)
    rest.isContinued = false
    rest.retained = [5...5]
    engine.hear(stream, stranger.frame(.delta, rest.bytes(key)))
    #expect(engine.version(of: key) == 9)
    #expect(engine.entry("kept", of: key) != nil && engine.entry("more", of: key) != nil)
  }

  @Test func `snapshots on their way share one budget, whatever streams they come by`() {
    var configuration = GossipConfiguration()
    configuration.remoteStateLimit = 1_000
    var engine = Engine.alone("node", configuration)
    engine.hear(stranger.packet(.delta, [0] + stranger.section()))
    let value = String(repeating: "v", count: 335)
    let section = HandMadeSection(
      isSnapshot: true,
      isComplete: false,
      compacted: 30,
      base: 30,
      end: 40,
      entries: [Samples.entry("k", value, at: 31)]
    )
    for count in 1...3 {
      let stream = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
      engine.hear(stream, stranger.hello() + stranger.digest())
      engine.hear(stream, stranger.frame(.delta, section.bytes(MemberKey(stranger.id))))
      #expect(engine.metrics.stateRefused == (count == 3 ? 1 : 0))
    }
  }
}
