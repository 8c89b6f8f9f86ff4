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
    let early = stage.packets(.heartbeat).filter { $0.bytes[PacketHeader.size] == 0 }
    #expect(Set(early.map(\.member)).isSuperset(of: [0, 1, 2]))
    stage.mute(0)
    #expect(stage.silenceUntilAccused(0) != nil)
    #expect(!stage.packets(.push).isEmpty)
  }
}
