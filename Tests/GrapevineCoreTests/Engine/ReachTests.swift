import GrapevineCore
import Testing

/// Reaching a member in every way, since a user wants to know.
struct ReachTests {
  private func found(_ stage: Stage) -> [Reachability] {
    stage.events.compactMap {
      if case .reachFinished(_, let found) = $0.event { found } else { nil }
    }
  }

  @Test func `who answers in every way is told at once`() throws {
    var stage = Stage(5)
    stage.streaming = [0]
    stage.relays = [0: [1, 2, 3, 4]]
    let begin = stage.now
    let ticket = stage.engine.reach("member-0", deadline: begin + .seconds(2), now: begin)
    #expect(ticket != nil)
    stage.run(for: .milliseconds(600))
    let outcome = try #require(found(stage).first)
    #expect(found(stage).count == 1 && outcome.id == stage.members[0].id)
    #expect(outcome.packets.map { $0 < .milliseconds(600) } == true && outcome.isFull)
    #expect(outcome.relays.count == 3 && Set(outcome.reachedBy) == Set(outcome.relays))
    #expect(outcome.silence.map { $0 <= .milliseconds(500) } == true)
    #expect(stage.engine.report(now: stage.now).peers[0].roundTrip != nil)
    stage.run(for: .seconds(5))
    #expect(found(stage).count == 1)
  }

  @Test func `each way that is broken has its name when the time is over`() throws {
    for (deaf, streaming, relays) in [
      (true, true, [1, 2, 3, 4]), (false, false, [1, 2, 3, 4]), (true, false, []),
    ] as [(Bool, Bool, Set<Int>)] {
      var stage = Stage(5)
      if deaf { stage.deaf = [0] }
      if streaming { stage.streaming = [0] }
      stage.relays = [0: relays]
      let begin = stage.now
      _ = stage.engine.reach("member-0", deadline: begin + .seconds(2), now: begin)
      stage.run(for: .milliseconds(1_999))
      #expect(found(stage).isEmpty)
      stage.run(for: .milliseconds(2))
      let outcome = try #require(found(stage).first)
      #expect((outcome.packets == nil) == deaf && (outcome.stream != nil) == streaming)
      #expect(outcome.reachedBy.count == (relays.isEmpty ? 0 : 3))
      // It beats all the time: packets come from it.
      #expect(outcome.silence.map { $0 <= .milliseconds(500) } == true && !outcome.isFull)
      #expect(stage.isDown(0) == false)
    }
  }

  @Test func `there is nothing to try of oneself, of nobody, and beyond the limit`() {
    var stage = Stage(3)
    let end = stage.now + .seconds(2)
    #expect(stage.engine.reach("node", deadline: end, now: stage.now) == nil)
    #expect(stage.engine.reach("nobody", deadline: end, now: stage.now) == nil)
    stage.deaf = [0]
    let limit = stage.engine.reachLimit
    #expect(limit == 4)
    let tickets = (0..<limit).map { _ in
      stage.engine.reach("member-0", deadline: end, now: stage.now)
    }
    #expect(tickets.allSatisfy { $0 != nil })
    #expect(stage.engine.reach("member-0", deadline: end, now: stage.now) == nil)
    if let first = tickets[0] { stage.engine.cancelReach(first, now: stage.now) }
    #expect(stage.engine.reach("member-0", deadline: end, now: stage.now) != nil)
    stage.run(for: .seconds(3))
    #expect(found(stage).count == limit)
  }

  @Test func `an answer of another, or to another question, is none`() {
    var stage = Stage(3)
    stage.deaf = [0]
    _ = stage.engine.reach("member-0", deadline: stage.now + .seconds(1), now: stage.now)
    stage.run(for: .milliseconds(1))
    for sequence in [0, 1, .max] as [SequenceNumber] {
      var body: [UInt8] = []
      Ping(sequence: sequence, target: stage.key(0)).writeHead(to: &body)
      stage.say(0, .ack, body)
    }
    stage.run(for: .seconds(2))
    #expect(found(stage).map(\.packets) == [nil] && found(stage).map(\.reachedBy) == [[]])
  }

  @Test func `an attempt that is given up gives its stream back`() {
    var stage = Stage(3)
    stage.mute(0)
    for _ in 0..<50 {
      let ticket = stage.engine.reach(
        "member-0",
        deadline: stage.now + .seconds(600),
        now: stage.now
      )
      if let ticket { stage.engine.cancelReach(ticket, now: stage.now) }
      #expect(ticket != nil)
    }
    stage.forget()
    stage.run(for: .seconds(5))
    // The silent member is asked by stream before it is accused.
    #expect(stage.opened.contains { $0.member == 0 })
    #expect(stage.engine.metrics.accusationsOut == 1)
  }

  @Test func `an answer that comes again changes no time`() throws {
    var stage = Stage(2)
    stage.relays = [0: [1]]
    _ = stage.engine.reach("member-0", deadline: stage.now + .seconds(9), now: stage.now)
    stage.run(for: .milliseconds(600))
    let before = stage.engine.report(now: stage.now).peers[0].roundTrip
    let ping = try #require(stage.packets(.ping, to: 0).first)
    var reader = WireReader(PacketHeader.size..<ping.bytes.count)
    let sequence = try Ping.read(ping.bytes.span, &reader).sequence
    stage.run(for: .seconds(3))
    var body: [UInt8] = []
    Ping(sequence: sequence, target: stage.key(0)).writeHead(to: &body)
    stage.say(0, .ack, body)
    #expect(stage.engine.report(now: stage.now).peers[0].roundTrip == before && before != nil)
  }
}
