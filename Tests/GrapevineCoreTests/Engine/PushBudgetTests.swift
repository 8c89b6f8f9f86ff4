import GrapevineCore
import Testing

/// The budget of pushes about members, where it is small beside the fanout.
struct PushBudgetTests {
  @Test(arguments: [2, 8, 16])
  func `a node at rest has a push's worth of budget, however wide it pushes`(fanout: Int) throws {
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
    var stage = Stage(4)
    stage.mute(0)
    stage.mute(1)
    let end = stage.now + .seconds(5)
    while stage.claims(to: 0).isEmpty || stage.claims(to: 1).isEmpty, stage.now < end {
      stage.run(for: .milliseconds(1))
    }
    stage.run(for: .milliseconds(130))
    let times = stage.packets(.push).map(\.at)
    // Two trees with four branches each for the first accusation, and one for the second.
    #expect(Set(times).sorted().map { time in times.count { $0 == time } } == [8, 4])
    // What is planned by then goes out.
    stage.run(for: .milliseconds(61))
    stage.forget()
    _ = try stage.engine.update([.set(key: "key", value: [1], timeToLive: nil)], now: stage.now)
    stage.run(for: .milliseconds(70))
    #expect(stage.packets(.push).count == 8)
    #expect(!stage.earlyHeartbeats.isEmpty)
  }
}
