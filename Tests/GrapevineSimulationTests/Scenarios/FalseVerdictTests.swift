import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

/// What must not get a live member called down, and what may but must not last.
@Suite(.computing) struct FalseVerdictTests {
  @Test func `links that are cut in one direction cost nobody a verdict`() throws {
    let count = Scale.nodeCount
    let (simulation, watch) = try Simulation.settled(count, seed: 1_31)
    // By turns: one that a member's observers need is among them.
    for node in 0..<count {
      simulation.partitionOneWay(from: [node], to: [(node + 1 + node % 5) % count])
    }
    try simulation.run(for: .seconds(600))
    #expect(watch.downs.isEmpty)
    report("one-way cuts: \(simulation.sum(\.accusationsOut)) accusations, peak", simulation)
  }

  @Test func `each link of a member cut in one direction costs it no verdict`() throws {
    let count = 8
    let (simulation, watch) = try Simulation.settled(count, seed: 1_32)
    for other in 1..<count {
      for (source, target) in [(0, other), (other, 0)] {
        let cut = simulation.partitionOneWay(from: [source], to: [target])
        try simulation.run(for: .seconds(Scale.pick(45, full: 600)))
        simulation.heal(cut)
      }
    }
    #expect(watch.downs.isEmpty)
  }

  @Test func `a member that answers streams only is told of once, and not called down`() throws {
    let (simulation, watch) = try Simulation.settled(8, seed: 1_33)
    simulation.judgesVerdicts = false
    let id = simulation.engine(at: 7).localID
    for other in 0..<7 {
      simulation.setLink(between: 7, and: other, LinkRule(datagramSizeLimit: 0))
    }
    try simulation.run(for: .seconds(Scale.pick(120, full: 600)))
    #expect(watch.downs.isEmpty)
    let tellers = watch.streamOnly.filter { $0.member == id }.map(\.node)
    #expect(!tellers.isEmpty)
    #expect(Set(tellers).count == tellers.count, "told by \(tellers)")
  }

  @Test func `who is heard but hears nobody convinces nobody`() throws {
    for seed in 0..<Scale.pick(10 as UInt64, full: 100) {
      let count = 8
      let (simulation, watch) = try Simulation.settled(count, seed: 1_370 + seed)
      simulation.judgesVerdicts = false
      let id = simulation.engine(at: 3).localID
      let others = (0..<count).filter { $0 != 3 }
      simulation.partitionOneWay(from: others, to: [3])
      try simulation.run(for: .seconds(60))
      for told in watch.downs where told.node != 3 {
        #expect(told.event.member == id, "seed \(seed): \(told.event) at \(told.node)")
      }
      simulation.healAll()
      try simulation.run(for: .seconds(30))
      #expect(simulation.agree(Array(0..<count)), "seed \(seed)")
    }
  }

  @Test(arguments: [1, 2])
  func `who was cut off for a moment convinces nobody that others are down`(count: Int) throws {
    for step in 0..<Scale.pick(20 as UInt64, full: 200) {
      let (simulation, watch) = try Simulation.settled(8, seed: 1_390 + step)
      simulation.judgesVerdicts = false
      let cut = Array(0..<count)
      let ids = Set(cut.map { simulation.engine(at: $0).localID })
      simulation.isolate(cut)
      // It ends when their verdicts on all others fall due.
      let tenths = Scale.pick(20 + 3 * step, full: 20 + step / 3)
      try simulation.run(for: .milliseconds(Int64(100 * tenths)))
      simulation.healAll()
      try simulation.run(for: .seconds(20))
      for told in watch.downs where told.node >= count {
        #expect(ids.contains(told.event.member), "step \(step): \(told.event) at \(told.node)")
      }
    }
  }

  @Test func `a node that has left believes no verdict that nobody else holds`() throws {
    for seed in 0..<Scale.pick(10 as UInt64, full: 100) {
      let (simulation, watch) = try Simulation.settled(8, seed: 1_380 + seed)
      let id = simulation.engine(at: 3).localID
      simulation.leave(0)
      simulation.isolate([3])
      try simulation.run(for: .seconds(20))
      simulation.healAll()
      try simulation.run(for: .seconds(20))
      for told in watch.downs where told.node == 0 {
        #expect(told.event.member == id, "seed \(seed): \(told.event)")
      }
    }
  }

  @Test func `a pause of a second gets nobody called down`() throws {
    for seed in 0..<Scale.pick(3 as UInt64, full: 20) {
      let (simulation, watch) = try Simulation.settled(Scale.nodeCount, seed: 1_340 + seed)
      for node in 0..<8 {
        simulation.pause(node)
        try simulation.run(for: .seconds(1))
        simulation.resume(node)
        try simulation.run(for: .seconds(5))
      }
      #expect(watch.downs.isEmpty, "seed \(seed)")
    }
  }

  @Test func `a process that slept is called down, accuses nobody, and is up in two seconds`()
    throws
  {
    for seed in 0..<Scale.pick(3 as UInt64, full: 20) {
      let count = Scale.nodeCount
      let (simulation, watch) = try Simulation.settled(count, seed: 1_350 + seed)
      let id = simulation.engine(at: 3).localID
      let accusations = simulation.engine(at: 3).metrics.accusationsOut
      simulation.pause(3)
      try simulation.run(for: .seconds(30))
      for node in 0..<count where node != 3 {
        #expect(watch.count(.down(id), at: node) == 1, "seed \(seed), node \(node)")
      }
      simulation.resume(3)
      let time = try simulation.time(within: .seconds(20)) { simulation in
        (0..<count).allSatisfy { node in
          node == 3 || simulation.member(named: id.name, at: node)?.isLive == true
        }
      }
      report("seed \(seed): up \(text(time)), peak", simulation)
      #expect(try #require(time) <= .seconds(2), "seed \(seed)")
      try simulation.run(for: .seconds(30))
      #expect(simulation.engine(at: 3).metrics.accusationsOut == accusations)
      #expect(watch.downs.allSatisfy { $0.node != 3 && $0.event.member == id })
      #expect(simulation.agree(Array(0..<count)))
    }
  }

  @Test(arguments: [0, 10, 25] as [UInt64])
  func `loss gets nobody called down`(percent: UInt64) throws {
    var conditions = NetworkConditions()
    conditions.loss = .percent(percent)
    // The day of the full size is run without comparing all that is read.
    let simulation = Simulation(
      seed: 1_36 + percent,
      conditions: conditions,
      checking: Scale.isFull ? .limits : .everything
    )
    for index in 0..<Scale.nodeCount { simulation.add(name: "node-\(index)") }
    for node in 1..<Scale.nodeCount { simulation.join(node, to: 0) }
    let watch = Watch(simulation)
    try simulation.run(for: Scale.pick(.seconds(600), full: .seconds(86_400)))
    #expect(watch.downs.isEmpty)
    #expect(simulation.engine(at: 0).liveMemberCount == Scale.nodeCount)
    report(
      "\(percent) % loss: \(simulation.sum(\.suspicions)) looked into, "
        + "\(simulation.sum(\.accusationsOut)) accused, \(watch.downs.count) down; peak",
      simulation
    )
  }
}
