import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

/// The clusters of the specification that other systems fail.
@Suite(.computing) struct ConvergenceTests {
  @Test func `sixty-four nodes that join through one come to know all`() throws {
    let simulation = Simulation.cluster(64, seed: 31)
    try simulation.requireConvergence(within: .seconds(30))
    #expect(simulation.engine(at: 63).memberCount == 64)
    try simulation.set(5, "key", "value")
    try simulation.requireConvergence(within: .seconds(10))
    #expect(simulation.engine(at: 60).entry("key", of: "node-5")?.text == "value")
  }

  @Test(arguments: [1_400, 5_000, 100_000, 1_048_576])
  func `an entry larger than a packet arrives, and holds nothing else up`(size: Int) throws {
    let simulation = Simulation.cluster(4, seed: 32)
    try simulation.requireConvergence(within: .seconds(10))
    let value = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try simulation.update(
      1,
      [.set("before", to: "x"), .set(key: "large", value: value), .set("after", to: "y")]
    )
    try simulation.requireConvergence(within: .seconds(30))
    for node in [0, 2, 3] {
      #expect(simulation.engine(at: node).entry("large", of: "node-1")?.value == value)
      #expect(simulation.engine(at: node).entry("after", of: "node-1")?.text == "y")
    }
  }

  @Test func `a network that drops every packet over 600 bytes converges`() throws {
    var conditions = NetworkConditions()
    conditions.datagramSizeLimit = 600
    let simulation = Simulation.cluster(6, seed: 33, conditions: conditions)
    try simulation.requireConvergence(within: .seconds(30))
    for round in 0..<10 {
      for node in simulation.nodeIndices {
        let changes = (0..<20).map {
          Change.set("key-\($0)", to: String(repeating: "x", count: 40 + round))
        }
        try simulation.update(node, changes)
      }
      try simulation.run(for: .milliseconds(200))
    }
    try simulation.requireConvergence(within: .seconds(60))
    #expect(simulation.networkCounters.tooLarge > 0)
  }

  @Test func `a black hole between two nodes alone is gone round or bridged`() throws {
    let simulation = Simulation.cluster(2, seed: 34)
    simulation.setLink(between: 0, and: 1, LinkRule(datagramSizeLimit: 600))
    try simulation.requireConvergence(within: .seconds(30))
    try simulation.update(0, (0..<100).map { .set("key-\($0)", to: "value \($0)") })
    try simulation.requireConvergence(within: .seconds(60))
  }

  @Test func `a fifth of the packets twice and out of order changes nothing in the end`() throws {
    var conditions = NetworkConditions()
    conditions.duplication = .percent(20)
    conditions.reordering = .percent(20)
    conditions.reorderingDelay = .seconds(1)
    var configuration = GossipConfiguration()
    configuration.compactThreshold = 10
    configuration.tombstoneAge = .milliseconds(300)
    let simulation = Simulation.cluster(
      6,
      seed: 35,
      conditions: conditions,
      configuration: configuration
    )
    var random = Xoshiro256(seed: 35)
    for _ in 0..<200 {
      let key = "key-\(random.below(20))"
      let node = random.index(6)
      if random.chance(1, outOf: 3) {
        try simulation.delete(node, key)
      } else {
        try simulation.set(node, key, "\(random.next())")
      }
      try simulation.run(for: .milliseconds(50))
    }
    try simulation.requireConvergence(within: .seconds(30))
    #expect(simulation.networkCounters.duplicated > 0)
    #expect(simulation.networkCounters.reordered > 0)
  }

  @Test func `loss of a quarter of the packets delays, and no more`() throws {
    var conditions = NetworkConditions()
    conditions.loss = .percent(25)
    let simulation = Simulation.cluster(8, seed: 36, conditions: conditions)
    try simulation.requireConvergence(within: .seconds(30))
    for index in 0..<20 {
      try simulation.set(index % 8, "key", "\(index)")
      try simulation.run(for: .milliseconds(100))
    }
    try simulation.requireConvergence(within: .seconds(30))
  }

  @Test func `both sides of a partition write, and agree once it heals`() throws {
    let simulation = Simulation.cluster(6, seed: 37)
    try simulation.requireConvergence(within: .seconds(10))
    simulation.partition([0, 1, 2], from: [3, 4, 5])
    for index in 0..<30 {
      try simulation.set(index % 6, "key-\(index % 4)", "\(index)")
      if index % 5 == 0 { try simulation.delete(index % 6, "key-\(index % 4)") }
      try simulation.run(for: .seconds(1))
    }
    try simulation.requireConvergence(within: .seconds(10), among: [0, 1, 2])
    try simulation.requireConvergence(within: .seconds(10), among: [3, 4, 5])
    #expect(!simulation.isConverged())
    simulation.healAll()
    try simulation.requireConvergence(within: .seconds(30))
  }

  @Test func `a slow joiner catches up while the owner deletes and compacts`() throws {
    var configuration = GossipConfiguration()
    configuration.compactThreshold = 10
    configuration.tombstoneAge = .seconds(1)
    let simulation = Simulation.cluster(2, seed: 38, configuration: configuration)
    let keyCount = 10_000
    try simulation.update(0, (0..<keyCount).map { .set("key-\($0)", to: "value \($0)") })
    try simulation.requireConvergence(within: .seconds(30))
    let joiner = simulation.add(name: "joiner", configuration: configuration)
    // About 300 kB of state: a quarter of a minute and more on this line.
    simulation.setBandwidth(joiner, bytesPerSecond: 20_000)
    simulation.join(joiner, to: 0)
    var deleted = 0
    var caughtUpAfter: Int?
    for tick in 0..<600 {
      try simulation.delete(0, "key-\(deleted * 7 % keyCount)")
      deleted += 1
      try simulation.run(for: .milliseconds(100))
      let lag = simulation.engine(at: 0).version(of: "node-0") ?? 0
      if let held = simulation.engine(at: joiner).version(of: "node-0"), held + 50 >= lag {
        caughtUpAfter = tick
        break
      }
    }
    // A minute of deletions, with a compaction each second, does not keep it from arriving.
    let ticks = try #require(caughtUpAfter)
    #expect(ticks >= 100, "the line was too fast to show anything: \(ticks) ticks")
    try simulation.requireConvergence(within: .seconds(30))
    let entries = try #require(simulation.member(named: "node-0", at: joiner)).entries
    #expect(entries.count == keyCount - deleted)
  }
  /// Whatever the order of the members' keys, in which streams tell of them.
  @Test(arguments: 0..<2)
  func `one with much state keeps nobody waiting for what others say`(turn: Int) throws {
    let simulation = Simulation(seed: 39 + UInt64(turn))
    for index in 0..<8 { simulation.add(name: "turn-\(turn)-\(index)") }
    for node in 1..<8 { simulation.join(node, to: 0) }
    let value = [UInt8](repeating: 7, count: 4_000)
    try simulation.update(3, (0..<500).map { .set(key: "key-\($0)", value: value) })
    for node in simulation.nodeIndices { try simulation.set(node, "small", "value") }
    try simulation.requireConvergence(within: .seconds(60))
    let joiner = simulation.add(name: "joiner")
    // 2 MB take 5 s on this line.
    simulation.setBandwidth(joiner, bytesPerSecond: 400_000)
    simulation.join(joiner, to: 0)
    let begin = simulation.now
    func time(_ condition: (Engine) -> Bool) throws -> Duration {
      while !condition(simulation.engine(at: joiner)) {
        try simulation.run(for: .milliseconds(100))
        try #require(simulation.now < begin + .seconds(60))
      }
      return .nanoseconds(Int64(simulation.now.since(begin)))
    }
    let names = simulation.nodeIndices.filter { $0 != 3 && $0 != joiner }
      .map { simulation.engine(at: $0).localID.name }
    let small = try time { engine in
      names.allSatisfy { engine.entry("small", of: $0)?.text == "value" }
    }
    let all = try time { $0.entry("small", of: "turn-\(turn)-3") != nil }
    #expect(all >= .seconds(4), "the line was too fast to show anything")
    #expect(small <= .seconds(2))
  }
}
