import GrapevineCore
import Testing

/// What a node does about a heartbeat that tells of something else than it holds.
struct DisagreementTests {
  @Test func `where nothing is lost only its sender is asked`() {
    var stage = Stage(5)
    stage.disagree(0)
    stage.run(for: .milliseconds(100))
    #expect(stage.packets(.digest).map(\.member) == [0])
    #expect(stage.earlyHeartbeats.isEmpty)
  }

  @Test func `where packets are lost others are asked as well, twice a round at most`() {
    var stage = Stage(5)
    stage.loseHeartbeats()
    stage.disagree(0)
    stage.run(for: .milliseconds(70))
    #expect(stage.packets(.digest).map(\.member) == [0])
    #expect(Set(stage.earlyHeartbeats.map(\.member)).isSuperset(of: [0, 1, 2, 3, 4]))
    for _ in 0..<3 {
      stage.awaitRound()
      for turn in 0..<40 {
        stage.disagree(turn % 5)
        stage.run(for: .milliseconds(10))
      }
      #expect(Set(stage.earlyHeartbeats.map(\.at)).count == 2)
    }
  }

  @Test func `whom nobody knows, and who speaks from elsewhere, moves a node to ask nobody`() {
    var stage = Stage(5)
    stage.loseHeartbeats()
    let elsewhere = Endpoint(ipv4: 0x0D00_0001, port: 9_000)
    for sender in [Stranger(id: MemberID(name: "nobody", generation: 1)), stage.members[0]] {
      stage.engine.receive(
        sender.disagreement(stage.engine).span,
        from: elsewhere,
        now: stage.now
      )
      stage.collect()
    }
    stage.run(for: .milliseconds(70))
    #expect(stage.packets(.digest).map(\.member) == [nil, nil])
    #expect(stage.earlyHeartbeats.isEmpty)
  }

  @Test func `where many are being lost it waits for the next round`() throws {
    var stage = Stage(8)
    for index in 0..<4 { stage.mute(index) }
    let end = stage.now + .seconds(5)
    while (0..<4).contains(where: { stage.claims(to: $0).isEmpty }), stage.now < end {
      stage.run(for: .milliseconds(1))
    }
    stage.run(for: .milliseconds(1))
    stage.forget()
    stage.disagree(5)
    _ = try stage.engine.update([.set(key: "key", value: [1], timeToLive: nil)], now: stage.now)
    stage.run(for: .milliseconds(70))
    #expect(stage.packets(.digest).isEmpty)
    #expect(stage.earlyHeartbeats.isEmpty)
    #expect(stage.packets(.push).count == 4)
  }
}

extension Stage {
  /// Those that went out of turn.
  var earlyHeartbeats: [Packet] {
    packets(.heartbeat).filter { $0.bytes[PacketHeader.size] != Heartbeat.scheduledFlag }
  }

  /// Lets a member say out of turn that it holds something else.
  fileprivate mutating func disagree(_ index: Int) {
    engine.receive(members[index].disagreement(engine).span, from: Self.endpoint(index), now: now)
    collect()
  }

  /// Lets one in eight of all heartbeats be lost, until the node must have seen that.
  fileprivate mutating func loseHeartbeats() {
    for round in 0..<40 {
      silent = round % 8 == 0 ? Set(members.indices) : []
      run(for: .milliseconds(500))
    }
    awaitRound()
  }

  /// Lets time pass until the node has begun a round, and sends nothing out of turn any more.
  fileprivate mutating func awaitRound() {
    let former = roundAt
    while roundAt == former { run(for: .milliseconds(1)) }
    forget()
  }
}

extension Stranger {
  fileprivate func disagreement(_ engine: Engine) -> [UInt8] {
    var body: [UInt8] = []
    Heartbeat(
      fingerprint: engine.fingerprint &+ 1,
      memberCount: engine.memberCount,
      isScheduled: false
    ).write(to: &body)
    return packet(.heartbeat, body)
  }
}
