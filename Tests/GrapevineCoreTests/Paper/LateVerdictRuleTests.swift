import GrapevineCore
import Testing

/// Verdicts that come from elsewhere, sentence by sentence (design, section 6).
struct LateVerdictRuleTests {
  private static let down = Standing(verdict: .down)

  /// “A verdict that comes by push is adopted at once”: where the accusation came before it.
  @Test func `a verdict by push ends an accusation at once`() {
    var stage = Stage(6)
    stage.mute(0)
    stage.push(1, about: 0, Standing(accusers: [stage.key(2), stage.key(3)]))
    stage.run(for: .milliseconds(600))
    #expect(stage.isDown(0) == false)
    stage.push(1, about: 0, Standing(verdict: .down, accusers: [stage.key(2), stage.key(3)]))
    #expect(stage.isDown(0) == true)
    #expect(stage.count(of: .member(.down(stage.members[0].id))) == 1)
    #expect(stage.engine.metrics.verdictsOut == 0)
  }

  @Test func `a verdict by push without an accusation before it is put to the member`() {
    var stage = Stage(6)
    let down = Standing(verdict: .down, accusers: [stage.key(2), stage.key(3)])
    stage.push(1, about: 0, down)
    #expect(stage.isDown(0) == false && stage.claims(to: 0).count == 1)
    stage.push(0, about: 0, Standing(incarnation: 1))
    stage.run(for: .seconds(5))
    #expect(stage.isDown(0) == false)
    stage.push(1, about: 0, Standing(incarnation: 1, verdict: .down))
    stage.mute(0)
    stage.run(for: .milliseconds(1_001))
    #expect(stage.isDown(0) == true)
  }

  @Test func `a verdict by push is doubtful where the member was heard of since its accusation`() {
    var stage = Stage(6)
    let accusers = [stage.key(2), stage.key(3)]
    stage.push(1, about: 0, Standing(accusers: accusers))
    stage.run(for: .milliseconds(600))
    stage.tell(0, about: 1, Standing())
    stage.forget()
    stage.push(1, about: 0, Standing(verdict: .down, accusers: accusers))
    #expect(stage.isDown(0) == false && stage.claims(to: 0).count == 1)
  }

  /// “One that comes by anti-entropy, about a member held alive, is put to that member first: a
  /// ping that carries the standing; it is adopted when no refutation came within
  /// `suspicionGrace`”.
  @Test func `a verdict by exchange is put to the member, and adopted when nothing comes`() throws {
    var stage = Stage(6)
    stage.mute(0)
    let toldAt = stage.now
    stage.tell(1, about: 0, Self.down)
    #expect(stage.isDown(0) == false)
    let ping = try #require(stage.claims(to: 0).first)
    var reader = WireReader(PacketHeader.size..<ping.bytes.count)
    let claim = try Ping.read(ping.bytes.span, &reader).section?.standing
    #expect(ping.at == toldAt && claim?.standing == Self.down)
    stage.run(for: .milliseconds(999))
    #expect(stage.isDown(0) == false)
    stage.run(for: .milliseconds(2))
    #expect(stage.isDown(0) == true)
  }

  @Test func `one that is heard meanwhile did not hear of it, and is not held down`() {
    var stage = Stage(6)
    stage.deaf = [0]
    for _ in 0..<10 {
      stage.tell(1, about: 0, Self.down)
      stage.run(for: .seconds(1))
    }
    #expect(stage.isDown(0) == false)
    #expect(stage.claims(to: 0).count >= 40)
    // It is not told for ever: those who hold it down tell it again.
    stage.forget()
    stage.run(for: .seconds(3))
    #expect(stage.claims(to: 0).isEmpty && stage.isDown(0) == false)
    stage.mute(0)
    stage.tell(1, about: 0, Self.down)
    stage.run(for: .milliseconds(1_001))
    #expect(stage.isDown(0) == true)
  }

  @Test func `a verdict by exchange dies where it meets a refutation`() {
    var stage = Stage(6)
    stage.tell(1, about: 0, Self.down)
    stage.run(for: .milliseconds(500))
    #expect(!stage.claims(to: 0).isEmpty)
    stage.forget()
    stage.push(0, about: 0, Standing(incarnation: 1))
    stage.run(for: .seconds(10))
    #expect(stage.isDown(0) == false)
    #expect(stage.count(of: .member(.down(stage.members[0].id))) == 0)
    // Told again, it is old.
    stage.tell(1, about: 0, Self.down)
    stage.run(for: .seconds(10))
    #expect(stage.isDown(0) == false && stage.claims(to: 0).isEmpty)
  }

  @Test func `a verdict by exchange on a later incarnation is doubtful, too`() {
    var stage = Stage(6)
    stage.tell(1, about: 0, Standing(incarnation: 4, verdict: .down))
    #expect(stage.isDown(0) == false && stage.claims(to: 0).count == 1)
    stage.push(0, about: 0, Standing(incarnation: 5))
    stage.run(for: .seconds(10))
    #expect(stage.isDown(0) == false)
  }

  @Test func `while a verdict is put to its member, others that tell it cost nothing`() {
    var stage = Stage(6)
    stage.deaf = [0]
    for _ in 0..<10 {
      stage.tell(1, about: 0, Self.down)
      stage.tell(2, about: 0, Self.down)
    }
    #expect(stage.claims(to: 0).count == 1)
  }

  @Test func `that a member left is believed, however it is told`() {
    var stage = Stage(6)
    stage.tell(1, about: 0, Standing(verdict: .left))
    #expect(stage.engine.member(named: "member-0", now: stage.now)?.hasLeft == true)
  }

  @Test func `a verdict by exchange on one that is accused here and silent is adopted at once`() {
    var stage = Stage(3)
    stage.mute(0)
    stage.run(for: .seconds(4))
    #expect(stage.engine.metrics.accusationsOut == 1 && stage.isDown(0) == false)
    stage.tell(1, about: 0, Self.down)
    #expect(stage.isDown(0) == true)
  }

  @Test(arguments: [1, 8])
  func `as many verdicts as the limit are put to their members at a time`(limit: Int) {
    var configuration = Stage.wide
    configuration.verificationLimit = limit
    var stage = Stage(limit + 3, configuration)
    for index in 0...limit { stage.tell(limit + 1, about: index, Self.down) }
    let asked = stage.members.indices.filter { !stage.claims(to: $0).isEmpty }
    #expect(asked == Array(0..<limit))
    // The others come again with the next exchange.
    stage.run(for: .seconds(2))
    stage.tell(limit + 1, about: limit, Self.down)
    #expect(stage.claims(to: limit).count == 1)
  }
}
