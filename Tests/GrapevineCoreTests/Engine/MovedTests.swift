import GrapevineCore
import Testing

/// A member whose host has got another address than the one that it has told.
struct MovedTests {
  @Test func `what it has comes by streams to where it speaks from`() throws {
    var pump = Pump()
    for name in ["a", "b", "c"] { _ = pump.add(name) }
    for index in 1..<3 { _ = pump.join(index, to: 0) }
    pump.run(for: .seconds(10))
    pump.moved[2] = Endpoint(ipv4: 0x0A00_0099, port: 7_000)
    for (count, size) in [1, 100_000, 2, 200_000].enumerated() {
      let value = [UInt8](repeating: UInt8(count), count: size)
      for index in [0, 2] {
        _ = try pump.engines[index].update([.set(key: "key", value: value)], now: pump.now)
      }
      pump.settle()
      pump.run(for: .seconds(20))
      for engine in pump.engines {
        #expect(engine.entry("key", of: "a")?.value == value, "\(size)")
        #expect(engine.entry("key", of: "c")?.value == value, "\(size)")
      }
    }
    #expect(Set(pump.engines.map(\.fingerprint)).count == 1)
    for engine in pump.engines { #expect(engine.liveMemberCount == 3) }
  }

  @Test func `who sends from elsewhere is told now and then where its member is`() throws {
    var stage = Stage(3)
    func beat(fromElsewhere: Bool) -> [Stage.Packet] {
      var body: [UInt8] = []
      Heartbeat(
        fingerprint: stage.engine.fingerprint,
        memberCount: stage.engine.memberCount,
        isScheduled: true
      ).write(to: &body)
      stage.forget()
      if fromElsewhere {
        stage.hear(stage.members[1].packet(.heartbeat, body))
      } else {
        stage.say(1, .heartbeat, body)
      }
      return stage.packets(.ping)
    }
    let told = (0..<1_600).flatMap { _ in beat(fromElsewhere: true) }
    #expect((50...150).contains(told.count), "\(told.count)")
    // Member 0 has the address of a stranger.
    #expect(told.allSatisfy { $0.member == 0 })
    let packet = try #require(told.first)
    var reader = WireReader(PacketHeader.size..<packet.bytes.count)
    let ping = try Ping.read(packet.bytes.span, &reader)
    #expect(ping.target == stage.key(1))
    #expect(ping.section?.standing?.endpoint == Stage.endpoint(1))
    #expect((0..<1_600).allSatisfy { _ in beat(fromElsewhere: false).isEmpty })
  }

  @Test func `one that has left is silent when another goes on under its identity`() {
    var stage = Stage(3)
    stage.engine.leave(now: stage.now)
    // Not before all was told of leaving.
    tellElsewhere(&stage)
    #expect(!stage.engine.isSuperseded)
    stage.run(for: .seconds(30))
    #expect(stage.engine.hasLeft && !stage.packets(.heartbeat).isEmpty)
    #expect(stage.events.contains { if case .leaveFinished = $0.event { true } else { false } })
    tellElsewhere(&stage)
    #expect(stage.engine.isSuperseded)
    #expect(!stage.events.contains { if case .superseded = $0.event { true } else { false } })
    stage.forget()
    stage.run(for: .seconds(10))
    #expect(stage.packets(.heartbeat).isEmpty)
  }

  @Test func `one that has left is silent when it is forgotten`() {
    var configuration = Stage.wide
    configuration.memberExpiry = .seconds(20)
    var stage = Stage(3, configuration)
    let leftAt = stage.now
    stage.engine.leave(now: stage.now)
    stage.run(until: leftAt + .milliseconds(19_900))
    #expect(stage.engine.hasLeft && !stage.engine.isSuperseded)
    stage.run(until: leftAt + .seconds(21))
    #expect(stage.engine.isSuperseded)
    stage.forget()
    stage.run(for: .seconds(60))
    #expect(stage.packets.isEmpty && stage.opened.isEmpty && stage.events.isEmpty)
  }

  /// Lets a member tell the node that its identity lives at another address.
  private func tellElsewhere(_ stage: inout Stage) {
    let own = stage.engine.localID
    let claim = Section.Claim(
      standing: Standing(incarnation: 7),
      age: 0,
      endpoint: Endpoint(ipv4: 0x0A00_0077, port: 7_000)
    )
    var body: [UInt8] = []
    Ping(sequence: 1, target: MemberKey(own)).writeHead(to: &body)
    let head = Section.begin(MemberKey(own), in: &body)
    Section.write(claim, to: &body)
    Section.end(head, in: &body)
    stage.say(0, .ping, body)
  }
}
