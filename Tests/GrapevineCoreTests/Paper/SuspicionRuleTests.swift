import GrapevineCore
import Testing

/// How silence is looked into, sentence by sentence (design, section 6).
struct SuspicionRuleTests {
  /// “Above `suspicionThreshold` (8) … it verifies: ping directly, ask three random live, unaccused
  /// members to ping …, and ping by TCP, in two rounds”.
  @Test func `a silent member is pinged, others are asked, and a stream is opened, in two rounds`()
    throws
  {
    var stage = Stage(4)
    let silentSince = stage.heardAt[0]
    stage.mute(0)
    stage.run(for: .seconds(3))
    let pings = stage.packets(.ping, to: 0)
    let first = try #require(pings.first).at
    // Two to four intervals of silence: what a phi of 8 stands for in a steady rhythm.
    #expect((2...4).contains(first.since(silentSince) / Stage.interval))
    let accusedAt = try #require(stage.claims(to: 0).first).at
    #expect(Set(pings.filter { $0.at < accusedAt }.map(\.at)).count == 2)
    let asked = stage.packets(.pingRequest).filter { $0.at == first }
    #expect(asked.count == 3 && Set(asked.map(\.member)).count == 3)
    #expect(asked.allSatisfy { $0.member != 0 })
    #expect(stage.packets(.pingRequest).filter { $0.at > first && $0.at < accusedAt }.count == 3)
    #expect(stage.opened.map(\.member) == [0] && stage.opened.first?.at == first)
    // “No answer within max(interval, 4 × the measured round trip)”.
    let patience = accusedAt.since(first)
    #expect(patience >= Stage.interval && patience <= Stage.interval * 5 / 4)
    #expect(stage.engine.metrics.suspicions == 1 && stage.engine.metrics.accusationsOut == 1)
  }

  @Test func `a ping that a full queue dropped is sent a moment later, and does not count`() throws
  {
    var configuration = Stage.wide
    configuration.packetQueueLimit = 64
    var stage = Stage(4, configuration)
    stage.mute(0)
    var foreseen = stage
    foreseen.run(for: .seconds(3))
    let times = Set(foreseen.packets(.ping, to: 0).map(\.at)).sorted()
    for time in times.prefix(2) {
      stage.run(until: Instant(nanoseconds: time.nanoseconds - 1))
      stage.fillQueue()
      stage.run(until: time)
      #expect(!stage.packets(.ping, to: 0).contains { $0.at == time })
    }
    stage.run(for: .seconds(3))
    let accusedAt = try #require(stage.claims(to: 0).first).at
    let asked = Set(stage.packets(.ping, to: 0).filter { $0.at < accusedAt }.map(\.at)).sorted()
    #expect(asked.count == 2)
    #expect(asked.first?.since(try #require(times.first)) == Stage.interval / 4)
    #expect(stage.engine.metrics.suspicions == 1)
  }

  /// “Any answer clears the suspicion”.
  @Test func `a member that answers pings is not accused, however long it sends no heartbeat`() {
    var stage = Stage(4)
    stage.silent = [0]
    stage.run(for: .seconds(60))
    #expect(stage.engine.metrics.suspicions >= 10)
    #expect(stage.engine.metrics.accusationsOut == 0 && stage.isDown(0) == false)
    #expect(stage.engine.metrics.relayAnswers == 0 && stage.engine.metrics.streamAnswers == 0)
  }

  /// “both directions proven by the relayed ack; a relay that worked before is asked again first”.
  @Test func `an answer by way of another saves a member, and that one is asked first again`() {
    var configuration = Stage.wide
    configuration.relayCount = 1
    var stage = Stage(8, configuration)
    stage.mute(0)
    stage.relays = [0: [1, 2, 3, 4, 5, 6, 7]]
    stage.run(for: .seconds(60))
    #expect(stage.engine.metrics.accusationsOut == 0)
    #expect(stage.engine.metrics.relayAnswers >= 10)
    let asked = stage.packets(.pingRequest).map(\.member)
    #expect(asked.count >= 10 && Set(asked).count == 1)
  }

  /// “ask three random live, unaccused members”.
  @Test func `a relay that is accused itself is asked no more`() throws {
    var configuration = Stage.wide
    configuration.relayCount = 1
    var stage = Stage(8, configuration)
    stage.mute(0)
    stage.relays = [0: [1, 2, 3, 4, 5, 6, 7]]
    stage.run(for: .seconds(5))
    let relay = try #require(stage.packets(.pingRequest).last?.member)
    let accuser = relay == 1 ? 2 : 1
    stage.push(accuser, about: relay, Standing(accusers: [stage.key(accuser)]))
    stage.forget()
    stage.run(for: .seconds(5))
    let asked = stage.packets(.pingRequest).map(\.member)
    #expect(!asked.isEmpty && !asked.contains(relay))
    #expect(stage.engine.metrics.accusationsOut == 0)
  }

  @Test func `a relay's answer to another question saves nobody`() {
    var stage = Stage(4)
    stage.mute(0)
    for _ in 0..<60 {
      stage.run(for: .milliseconds(100))
      for sequence in [0, 1, .max] as [SequenceNumber] {
        var body: [UInt8] = []
        Ping(sequence: sequence, target: stage.key(0)).writeHead(to: &body)
        stage.say(1, .ack, body)
      }
    }
    #expect(stage.engine.metrics.accusationsOut >= 1)
  }

  /// “UDP-dead-but-TCP-alive is reported as such”.
  @Test func `a member that answers by stream alone is not accused, and that is told once`() {
    var stage = Stage(4)
    stage.mute(0)
    stage.streaming = [0]
    stage.run(for: .seconds(60))
    let told = EngineEvent.answersByStreamOnly(stage.members[0].id)
    #expect(stage.count(of: told) == 1)
    #expect(stage.engine.metrics.accusationsOut == 0 && stage.isDown(0) == false)
    #expect(stage.engine.metrics.streamAnswers >= 10)
    // Its packets have come back: when they stop again, that is news.
    stage.silent = []
    stage.run(for: .seconds(5))
    stage.silent = [0]
    stage.run(for: .seconds(20))
    #expect(stage.count(of: told) == 2)
  }

  @Test func `a stream that another member answers saves nobody`() {
    var stage = Stage(4)
    stage.mute(0)
    stage.streaming = [0]
    // Whoever has the address now is another life of that name.
    stage.members[0].id = MemberID(name: "other", generation: 1)
    stage.run(for: .seconds(5))
    #expect(stage.engine.metrics.accusationsOut >= 1)
    #expect(stage.engine.metrics.streamAnswers == 0)
  }

  /// “The gap that counts is never more than 20 intervals”.
  @Test func `a member of an unsteady rhythm is looked into after the limit at the latest`() throws
  {
    var configuration = Stage.wide
    configuration.silenceLimit = 6
    configuration.suspicionThreshold = 64
    var stage = Stage(2, configuration)
    let silentSince = stage.heardAt[0]
    stage.mute(0)
    stage.run(for: .seconds(6))
    let first = try #require(stage.packets(.ping, to: 0).first).at
    #expect((5...6).contains(first.since(silentSince) / Stage.interval))
  }

  /// “early ones and other packets only prove life”.
  @Test func `other packets put the suspicion off, and leave the rhythm as it is`() throws {
    var stage = Stage(3)
    stage.silent = [0]
    for _ in 0..<100 {
      stage.run(for: .milliseconds(100))
      stage.say(0, .digest, [])
    }
    #expect(stage.engine.metrics.suspicions == 0)
    let silentSince = stage.now
    stage.deaf = [0]
    stage.run(for: .seconds(3))
    let first = try #require(stage.packets(.ping, to: 0).first).at
    #expect((2...3).contains(first.since(silentSince) / Stage.interval))
  }

  /// That its state comes says that somebody has it, and nothing of the member.
  @Test func `what others tell of a member is no sign of its life`() throws {
    var stage = Stage(4)
    let silentSince = stage.heardAt[0]
    stage.mute(0)
    for version in 1...50 as ClosedRange<Version> {
      stage.run(for: .milliseconds(100))
      let entry = Samples.entry("key", "value \(version)", at: version)
      let section = HandMadeSection(base: version - 1, end: version, entries: [entry])
      stage.say(1, .delta, [0] + section.bytes(stage.key(0)))
      stage.tell(2, about: 0, Standing())
    }
    #expect(stage.engine.version(of: stage.members[0].id.name) == 50)
    let accusedAt = try #require(stage.claims(to: 0).first).at
    #expect(accusedAt.since(silentSince) <= 5 * Stage.interval)
  }

  /// The silence of the dead is no part of their rhythm.
  @Test func `one that comes up again is missed as soon as before`() throws {
    var stage = Stage(4)
    stage.mute(0)
    let foundBefore = stage.silenceUntilAccused(0)
    let before = try #require(foundBefore)
    stage.run(for: .seconds(30))
    #expect(stage.isDown(0) == true)
    stage.unmute(0)
    stage.push(0, about: 0, Standing(incarnation: 1))
    #expect(stage.isDown(0) == false)
    stage.run(for: .seconds(8))
    stage.mute(0)
    let foundAfter = stage.silenceUntilAccused(0)
    let after = try #require(foundAfter)
    #expect(after <= before + Stage.interval, "\(after) ns, \(before) ns before")
  }

  /// “and a node that inherits a member to observe from one that fell out pings it at once”.
  @Test func `a member whose observer fell out is looked into at once`() throws {
    var configuration = GossipConfiguration()
    configuration.observerCount = 1
    var stage = Stage(12, configuration)
    // Of the others those are quiet that the node does not observe; it is not to notice.
    let observed = Set(stage.observed(by: configuration.observerCount))
    let gone = try #require(stage.predecessor(observed, ringCount: 1))
    let inherited = try #require(
      Set(stage.observed(by: 1, without: gone)).subtracting(observed).first
    )
    stage.mute(gone)
    stage.push(
      (inherited + 1) % 12 == gone ? (inherited + 2) % 12 : (inherited + 1) % 12,
      about: gone,
      Standing(verdict: .down)
    )
    stage.run(for: .milliseconds(999))
    #expect(stage.isDown(gone) == false)
    stage.silent.insert(inherited)
    stage.forget()
    stage.run(for: .milliseconds(2))
    #expect(stage.isDown(gone) == true)
    let at = stage.now
    stage.run(for: .milliseconds(100))
    let ping = try #require(stage.packets(.ping, to: inherited).first)
    #expect(ping.at.since(at) <= Stage.interval / 8)
  }
}

extension Stage {
  /// Leaves no room for a packet until what is queued is sent.
  mutating func fillQueue() {
    var body: [UInt8] = []
    Ping(sequence: 1, target: MemberKey(engine.localID)).writeHead(to: &body)
    let packet = members[1].packet(.ping, body)
    for _ in 0..<64 { engine.receive(packet.span, from: Self.endpoint(1), now: now) }
  }

  /// The members that the node observes, reckoned from what it knows; all are live but `gone`.
  func observed(by ringCount: Int, without gone: Int? = nil) -> [Int] {
    var table = MemberTable(hash: Samples.hash)
    table.insert(Samples.record("node", generation: 1))
    for member in members {
      var record = Samples.record(member.id.name, generation: member.id.generation)
      if let gone, members[gone].id == member.id { record.standing.verdict = .down }
      table.insert(record)
    }
    return ObserverRings(table: table, ringCount: ringCount, own: 0).observedByOwn()
      .map { $0.slot - 1 }
  }

  /// A member that, once down, leaves the node another one to observe.
  func predecessor(_ observed: Set<Int>, ringCount: Int) -> Int? {
    members.indices.first { gone in
      !Set(self.observed(by: ringCount, without: gone)).subtracting(observed).isEmpty
    }
  }
}
