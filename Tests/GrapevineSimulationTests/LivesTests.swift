import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

/// Lives of one name that come in an order other than that of their generations.
@Suite(.computing) struct LivesTests {
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

  @Test func `a hundred lives in a row are each seen once, with their own keys alone`() throws {
    let simulation = Simulation.cluster(5, seed: 92)
    try simulation.requireConvergence(within: .seconds(10))
    simulation.eventLogLimit = 100_000
    var generation: UInt64 = 10_000_000
    var former = simulation.engine(at: 4).localID
    for life in 1...100 {
      simulation.crash(4, life % 2 == 0 ? .host : .process)
      try simulation.run(for: .milliseconds(Int64(life * 37 % 3_000)))
      // Once the clock steps back by an hour, in milliseconds.
      generation = life == 50 ? generation - 3_600_000 : generation + 1_000
      simulation.restart(4, generation: generation)
      try simulation.set(4, "life", "\(life)")
      try simulation.set(4, "only-\(life)", "x")
      simulation.join(4, to: life % 4)
      try simulation.requireConvergence(within: .seconds(20))
      let id = simulation.engine(at: 4).localID
      generation = id.generation
      #expect(id.generation > former.generation)
      for node in 0..<4 {
        let shown = simulation.members(of: node).filter { $0.name == id.name }
        #expect(shown.map(\.id) == [id] && shown[0].isLive)
        #expect(shown[0].entries.map(\.key).sorted() == ["life", "only-\(life)"])
        #expect(shown[0]["life"] == Array("\(life)".utf8))
        let count = simulation.memberEvents(of: node).count { $0 == .replaced(former, by: id) }
        #expect(count == 1, "life \(life) at node \(node)")
      }
      former = id
    }
    for node in 0..<4 {
      #expect(simulation.missedEventCount(of: node) == 0)
      let replacements = simulation.memberEvents(of: node).filter {
        if case .replaced = $0 { true } else { false }
      }
      #expect(replacements.count == 100)
    }
  }
}
