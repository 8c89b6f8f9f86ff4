import GrapevineCore
import Testing

/// Waits for a version that come to an odd end.
struct SpreadEndTests {
  @Test func `a node that gives up its name ends its waits for a version`() {
    var stage = Stage(2)
    let deadline = stage.now + .seconds(5)
    let ticket = stage.engine.spread(upTo: 1, deadline: deadline, now: stage.now)
    let stream = stage.engine.streamAccepted(from: Stranger.endpoint, now: stage.now)
    let twin = Stranger(id: MemberID(name: "node", generation: 2))
    stage.engine.hear(stream, twin.hello(), now: stage.now)
    stage.run(for: .seconds(10))
    let outcomes = (stage.events.map(\.event) + stage.engine.pulledEvents()).compactMap { event in
      if case .spreadFinished(ticket, let missing) = event { missing.count } else { nil }
    }
    #expect(outcomes == [2])
  }

  @Test func `an answer from one who was asked in the last round and not in this one`() throws {
    var stage = Stage(65, warmUp: .zero)
    let last = try #require((0..<65).max { stage.key($0) < stage.key($1) })
    _ = stage.engine.spread(upTo: 1, deadline: .never, now: stage.now)
    stage.run(for: .milliseconds(6))
    let request = try #require(stage.packets(.request).first)
    #expect(stage.packets(.request).count == 64)
    var reader = WireReader(PacketHeader.size..<request.bytes.count)
    let sequence = try Inquiry.readRequest(request.bytes.span, &reader).sequence
    var body: [UInt8] = []
    Inquiry.writeReply(sequence: sequence, version: 1, to: &body)
    stage.say(last, .reply, body)
    stage.run(for: .seconds(1))
    #expect(stage.packets(.request).count > 64)
  }
}
