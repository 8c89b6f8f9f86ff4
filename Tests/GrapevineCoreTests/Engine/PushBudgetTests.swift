import GrapevineCore
import Testing

/// The budget of pushes about members, where it is small beside the fanout.
struct PushBudgetTests {
  @Test(arguments: [2, 8, 16])
  func `a node at rest is not flooded, however wide it pushes`(fanout: Int) throws {
    var configuration = Stage.wide
    configuration.pushFanout = fanout
    configuration.membershipPushLimit = 16
    var stage = Stage(3, configuration)
    _ = try stage.engine.update([.set(key: "key", value: [1], timeToLive: nil)], now: stage.now)
    stage.run(for: .milliseconds(100))
    #expect(Set(stage.earlyHeartbeats.map(\.member)).isSuperset(of: [0, 1, 2]))
    stage.mute(0)
    #expect(stage.silenceUntilAccused(0) != nil)
    #expect(!stage.packets(.push).isEmpty)
  }
  @Test func `a change goes along all trees though news of members has used the budget`() throws {
    var stage = Stage(3)
    stage.mute(0)
    #expect(stage.silenceUntilAccused(0) != nil)
    stage.run(for: .milliseconds(20))
    stage.forget()
    _ = try stage.engine.update([.set(key: "key", value: [1], timeToLive: nil)], now: stage.now)
    stage.run(for: .milliseconds(65))
    #expect(stage.packets(.push).count == 6)
    #expect(!stage.earlyHeartbeats.isEmpty)
  }
}

/// What a node does about a heartbeat that tells of something else than it holds.
struct DisagreementTests {
  @Test func `others are asked as well where packets are lost, four times a round at most`() {
    var stage = Stage(5)
    stage.disagree()
    stage.run(for: .milliseconds(100))
    #expect(stage.packets(.digest).count == 1)
    #expect(stage.earlyHeartbeats.isEmpty)
    for round in 0..<40 {
      stage.silent = round % 8 == 0 ? Set(0..<5) : []
      stage.run(for: .milliseconds(500))
    }
    stage.forget()
    stage.disagree()
    stage.run(for: .milliseconds(100))
    #expect(stage.packets(.digest).count == 1)
    #expect(Set(stage.earlyHeartbeats.map(\.member)).isSuperset(of: [0, 1, 2, 3, 4]))
    stage.run(until: stage.roundAt.advanced(by: Stage.interval * 11 / 10))
    stage.forget()
    for _ in 0..<45 {
      stage.disagree()
      stage.run(for: .milliseconds(10))
    }
    #expect(stage.earlyHeartbeats.count { $0.member == 0 } <= 8)
  }
}

extension Stage {
  /// Those that went out of turn.
  fileprivate var earlyHeartbeats: [Packet] {
    packets(.heartbeat).filter { $0.bytes[PacketHeader.size] != Heartbeat.scheduledFlag }
  }

  /// Lets a member say that it holds something else.
  fileprivate mutating func disagree() {
    var body: [UInt8] = []
    Heartbeat(
      fingerprint: engine.fingerprint &+ 1,
      memberCount: engine.memberCount,
      isScheduled: false
    ).write(to: &body)
    say(0, .heartbeat, body)
  }
}
