import GrapevineCore
import Testing

/// What is believed of standings that peers tell.
struct StandingInputTests {
  private let stranger = Stranger()
  private let member = MemberID(name: "member", generation: 1)

  private func tell(_ engine: inout Engine, _ standing: Standing, age: UInt64, at now: Instant) {
    let section = Stranger.section(of: member, standing, age: age)
    engine.hear(stranger.packet(.delta, [0] + section), now: now)
  }

  private func expiry(_ engine: Engine, at now: Instant) -> Duration? {
    engine.member(named: "member", now: now)?.expiry
  }

  @Test func `a verdict of a later incarnation has an age of its own`() {
    var engine = Engine.alone()
    let now = Engine.start
    tell(&engine, Standing(incarnation: 1, verdict: .down), age: 50_000, at: now)
    #expect(expiry(engine, at: now) == .seconds(10))
    tell(&engine, Standing(incarnation: 3, verdict: .down), age: 1_000, at: now)
    #expect(expiry(engine, at: now) == .seconds(59))
    tell(&engine, Standing(incarnation: 1, verdict: .down), age: 55_000, at: now)
    #expect(expiry(engine, at: now) == .seconds(59))
    tell(&engine, Standing(incarnation: 3, verdict: .down), age: 2_000, at: now)
    #expect(expiry(engine, at: now) == .seconds(58))
    tell(&engine, Standing(incarnation: 3, verdict: .down), age: 0, at: now)
    #expect(expiry(engine, at: now) == .seconds(58))
    tell(&engine, Standing(incarnation: 3, verdict: .left), age: 0, at: now)
    #expect(expiry(engine, at: now) == .seconds(60))
  }

  @Test func `a member is not admitted when its verdict is older than the expiry`() {
    var engine = Engine.alone()
    let now = Engine.start
    tell(&engine, Standing(verdict: .left), age: 60_000, at: now)
    #expect(engine.memberCount == 1 && engine.metrics.drops[.stale] == 1)
    tell(&engine, Standing(verdict: .left), age: .max, at: now)
    #expect(engine.memberCount == 1 && engine.metrics.drops[.stale] == 2)
    tell(&engine, Standing(verdict: .left), age: 59_999, at: now)
    #expect(engine.memberCount == 2)
    engine.run(until: now + .seconds(1))
    #expect(engine.memberCount == 1)
    #expect(
      engine.pulledEvents() == [
        .member(.joined(member)), .member(.left(member)), .member(.expired(member)),
      ]
    )
    tell(&engine, Standing(verdict: .left), age: 0, at: now + .seconds(1))
    #expect(engine.memberCount == 1 && engine.metrics.drops[.stale] == 3)
    tell(&engine, Standing(incarnation: 1), age: 0, at: now + .seconds(1))
    #expect(engine.pulledEvents() == [.member(.joined(member))])
    engine.checkInvariants()
  }

  @Test func `who is accused is told so where that came by exchange`() {
    var engine = Engine.alone()
    let now = Engine.start
    tell(&engine, Standing(), age: 0, at: now)
    let accusers = (1...3).map { MemberKey(MemberID(name: "accuser-\($0)", generation: 1)) }
    // Two accusers are enough for a verdict, so the member is told of two.
    for (count, pings) in [(1, 1), (1, 1), (2, 2), (3, 2)] {
      let standing = Standing(accusers: Array(accusers.prefix(count)))
      tell(&engine, standing, age: 0, at: now)
      #expect(engine.metrics.pingsOut == pings)
    }
    // An incarnation higher than all is no accusation that can be answered by the same one.
    tell(&engine, Standing(incarnation: 1), age: 0, at: now)
    #expect(engine.metrics.pingsOut == 2)
    tell(&engine, Standing(incarnation: 1, accusers: [accusers[0]]), age: 0, at: now)
    #expect(engine.metrics.pingsOut == 3)
  }

  @Test func `a verdict on the node itself is refuted`() {
    var engine = Engine.alone()
    let own = engine.localID
    let now = Engine.start
    for (claimed, refutations) in [
      (Standing(incarnation: 4, verdict: .down), 1),
      (Standing(incarnation: 4, verdict: .down), 1), (Standing(incarnation: 7), 2),
    ] {
      var bytes: [UInt8] = [0]
      let head = Section.begin(MemberKey(own), in: &bytes)
      Section.write(
        Section.Claim(standing: claimed, age: 0, endpoint: engine.localEndpoint),
        to: &bytes
      )
      Section.end(head, in: &bytes)
      engine.hear(stranger.packet(.delta, bytes), now: now)
      #expect(engine.metrics.refutations == refutations)
      #expect(!engine.localMember(now: now).isDown)
    }
    #expect(engine.localID == own)
    // No incarnation is higher than this one: only a later life is.
    let section = Stranger.section(of: own, Standing(incarnation: .max, verdict: .down))
    engine.hear(stranger.packet(.delta, [0] + section), now: now)
    #expect(engine.metrics.refutations == 2 && engine.localID.generation == 2)
    #expect(!engine.localMember(now: now).isDown)
  }
}
