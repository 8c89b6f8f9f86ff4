import GrapevineCore
import Testing

/// The limits of failure detection, at the limit and one past it.
struct FailureLimitTests {
  @Test(arguments: [1, 3, 5])
  func `as many silent members as the limit are looked into at a time`(limit: Int) {
    var configuration = Stage.wide
    configuration.verificationLimit = limit
    var stage = Stage(5, configuration)
    for index in 1..<5 { stage.silent.insert(index) }
    // They answer, so each look ends at once, but all at the same time begin it.
    stage.silent.insert(0)
    for index in 0..<5 { stage.mute(index) }
    while stage.engine.metrics.suspicions < limit { stage.run(for: .milliseconds(1)) }
    stage.run(for: .milliseconds(300))
    let asked = Set(stage.packets(.ping).map(\.member))
    #expect(asked.count == limit && stage.engine.metrics.suspicions == limit)
    stage.run(for: .seconds(30))
    for index in 0..<5 { #expect(stage.isDown(index) == true) }
  }

  @Test func `as many questions for others as the limit wait, and one more is dropped`() {
    var configuration = Stage.wide
    configuration.relayLimit = 16
    var stage = Stage(3, configuration)
    stage.deaf = [0]
    func ask(_ sequence: SequenceNumber) {
      var body: [UInt8] = []
      PingRequest(sequence: sequence, target: stage.key(0)).write(to: &body)
      stage.say(1, .pingRequest, body)
    }
    for sequence in 1...16 as ClosedRange<SequenceNumber> { ask(sequence) }
    #expect(stage.engine.metrics.relaysIn == 16 && stage.engine.metrics.drops.total == 0)
    #expect(stage.packets(.ping, to: 0).count == 16)
    ask(17)
    #expect(stage.engine.metrics.relaysIn == 16 && stage.engine.metrics.drops[.limit] == 1)
    #expect(stage.packets(.ping, to: 0).count == 16)
    // Those that were not answered in time make room.
    stage.run(for: .milliseconds(1_001))
    ask(18)
    #expect(stage.engine.metrics.relaysIn == 17 && stage.engine.metrics.drops[.limit] == 1)
  }

  @Test func `an answer makes room at once, and goes to the one who asked`() throws {
    var configuration = Stage.wide
    configuration.relayLimit = 16
    var stage = Stage(3, configuration)
    for sequence in 1...40 as ClosedRange<SequenceNumber> {
      var body: [UInt8] = []
      PingRequest(sequence: sequence, target: stage.key(0)).write(to: &body)
      stage.say(1, .pingRequest, body)
    }
    let acks = stage.packets(.ack)
    #expect(acks.count == 40 && acks.allSatisfy { $0.member == 1 })
    let last = try #require(acks.last)
    var reader = WireReader(PacketHeader.size..<last.bytes.count)
    let ack = try Ping.read(last.bytes.span, &reader)
    #expect(ack.sequence == 40 && ack.target == stage.key(0) && ack.section == nil)
  }

  @Test func `an answer that no question waits for goes nowhere`() {
    var stage = Stage(3)
    stage.deaf = [0]
    var body: [UInt8] = []
    PingRequest(sequence: 7, target: stage.key(0)).write(to: &body)
    stage.say(1, .pingRequest, body)
    for sequence in [0, 7, .max] as [SequenceNumber] {
      var answer: [UInt8] = []
      Ping(sequence: sequence, target: stage.key(0)).writeHead(to: &answer)
      stage.say(0, .ack, answer)
    }
    #expect(stage.packets(.ack).isEmpty)
  }

  @Test func `a question about the node itself is answered at once`() throws {
    var stage = Stage(2)
    let own = MemberKey(stage.engine.localID)
    var body: [UInt8] = []
    PingRequest(sequence: 7, target: own).write(to: &body)
    stage.say(1, .pingRequest, body)
    let ack = try #require(stage.packets(.ack, to: 1).first)
    var reader = WireReader(PacketHeader.size..<ack.bytes.count)
    let answer = try Ping.read(ack.bytes.span, &reader)
    #expect(answer.sequence == 7 && answer.target == own)
    #expect(stage.packets(.ping).isEmpty)
  }

  @Test func `nobody is asked where no relays are wanted`() {
    var configuration = Stage.wide
    configuration.relayCount = 0
    var stage = Stage(4, configuration)
    stage.mute(0)
    stage.run(for: .seconds(5))
    #expect(stage.engine.metrics.relaysOut == 0 && stage.engine.metrics.accusationsOut == 1)
  }

  @Test func `the dead are contacted now and then, and one that lives comes up again`() {
    var configuration = Stage.wide
    configuration.memberExpiry = .seconds(600)
    var stage = Stage(3, configuration)
    stage.mute(0)
    stage.push(1, about: 0, Standing(verdict: .down))
    stage.run(for: .seconds(2))
    stage.forget()
    stage.run(for: .seconds(20))
    // “together at most one packet per node and two intervals”.
    let contacts = stage.packets(.heartbeat, to: 0).count
    #expect((15...21).contains(contacts), "\(contacts)")
    stage.push(0, about: 0, Standing(incarnation: 1))
    #expect(stage.count(of: .member(.up(stage.members[0].id))) == 1)
  }

  @Test func `the buried are contacted ever less often`() {
    var configuration = Stage.wide
    configuration.memberExpiry = .seconds(2)
    var stage = Stage(3, configuration)
    stage.mute(0)
    stage.push(1, about: 0, Standing(verdict: .down))
    stage.run(for: .seconds(5))
    #expect(stage.isDown(0) == nil)
    stage.forget()
    stage.run(for: .seconds(1_000))
    let times = stage.packets(.heartbeat, to: 0).map(\.at)
    #expect((4...10).contains(times.count), "\(times.count)")
    stage.forget()
    stage.run(for: .seconds(4_000))
    #expect((1...8).contains(stage.packets(.heartbeat, to: 0).count))
  }
}
