import GrapevineCore
import GrapevineSimulation
import Testing

/// What the swarm found once, as small as it could be made, so that it stays repaired.
@Suite struct FoundTests {
  /// Nobody was told that it had been buried where a packet may cause one other, or two.
  @Test(arguments: [1, 2, 3])
  func `one that slept until it was forgotten comes back, however small the burst`(burst: Int) throws
  {
    var configuration = GossipConfiguration()
    configuration.burst = burst
    configuration.memberExpiry = .seconds(5)
    let simulation = Simulation.cluster(3, seed: 23, configuration: configuration)
    try simulation.requireConvergence(within: .seconds(20))
    simulation.pause(1)
    try simulation.run(for: .seconds(40))
    #expect(simulation.member(named: "node-1", at: 0) == nil)
    simulation.resume(1)
    try simulation.requireConvergence(within: .seconds(20))
    #expect(simulation.member(named: "node-1", at: 0)?.isLive == true)
  }

  /// What was heard after an accusation kept the verdict off for ever.
  @Test func `one that is heard of once more as it is accused, and then cut off, is judged`() throws {
    let simulation = Simulation.cluster(2, seed: 85)
    try simulation.requireConvergence(within: .seconds(20))
    simulation.partitionOneWay(from: [0], to: [1])
    try simulation.run(for: .milliseconds(3_900))
    simulation.isolate([0])
    try simulation.run(for: .seconds(30))
    #expect(simulation.member(named: "node-0", at: 1)?.isDown == true)
    #expect(simulation.member(named: "node-1", at: 0)?.isDown == true)
  }
}
