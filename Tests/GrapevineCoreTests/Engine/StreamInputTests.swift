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
