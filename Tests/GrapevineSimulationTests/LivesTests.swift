import GrapevineCore
import GrapevineSimulation
import Testing

/// Lives of one name that come in an order other than that of their generations.
@Suite struct LivesTests {
  /// Node 1 sleeps through the end of the later life of node 3 and its rebirth under a clock that
  /// stepped back; node 2 learns of the later life from it after it knew the earlier one.
  @Test func `a life goes on though some saw a later one of its name take its place`() throws {
    var configuration = GossipConfiguration()
    configuration.memberExpiry = .seconds(2)
    let simulation = Simulation(seed: 91)
    for index in 0..<4 {
      let generation: UInt64 = index == 3 ? 2_000 : 10
      simulation.add(name: "node-\(index)", generation: generation, configuration: configuration)
    }
    for node in 1..<4 { simulation.join(node, to: 0) }
    try simulation.requireConvergence(within: .seconds(10))

    simulation.pause(1)
    simulation.crash(3, .process)
    try simulation.run(for: .seconds(15))
    #expect(simulation.member(named: "node-3", at: 0) == nil)
    simulation.restart(3, generation: 1_000)
    simulation.join(3, to: 0)
    simulation.crash(2, .process)
    simulation.restart(2, generation: 20)
    simulation.join(2, to: 0)
    try simulation.run(for: .seconds(5))
    #expect(simulation.member(named: "node-3", at: 2)?.generation == 1_000)

    simulation.partition([1, 2], from: [0, 3])
    simulation.resume(1)
    simulation.addSeeds(2, [1])
    simulation.join(2, to: 1)
    try simulation.run(for: .seconds(1))
    #expect(simulation.member(named: "node-3", at: 2)?.generation == 2_000)
    try simulation.run(for: .seconds(30))
    #expect(simulation.member(named: "node-3", at: 2) == nil)

    simulation.healAll()
    for node in [0, 3] { simulation.addSeeds(node, [1, 2]) }
    try simulation.requireConvergence(within: .seconds(60))
    #expect(simulation.engine(at: 3).localID.generation == 1_001)
    for node in 0..<3 {
      #expect(simulation.member(named: "node-3", at: node)?.isLive == true)
    }
  }
}
