import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

/// What the network does to engines, seen from outside.
@Suite(.computing) struct NetworkTests {
  @Test func `a join to a dead process is refused, to a dead host times out`() throws {
    let simulation = Simulation.cluster(3, seed: 11)
    try simulation.requireConvergence(within: .seconds(10))
    simulation.crash(1, .process)
    simulation.crash(2, .host)
    let newcomer = simulation.add(name: "newcomer")
    let dead = simulation.join(newcomer, to: 1)
    let silent = simulation.join(newcomer, to: 2)
    let nowhere = simulation.freshEndpoint()
    let lost = simulation.mutate(newcomer) { engine, now in engine.join(nowhere, now: now) }
    try simulation.run(for: .seconds(30))
    #expect(simulation.outcome(of: dead, at: newcomer) == .failed(.refused))
    #expect(simulation.outcome(of: silent, at: newcomer) == .failed(.timedOut))
    #expect(simulation.outcome(of: lost, at: newcomer) == .failed(.unreachable))
  }

  @Test func `a join across a partition times out, and works after it`() throws {
    let simulation = Simulation(seed: 12)
    for name in ["a", "b"] { simulation.add(name: name) }
    simulation.partition([0], from: [1])
    let early = simulation.join(1, to: 0)
    try simulation.run(for: .seconds(30))
    #expect(simulation.outcome(of: early, at: 1) == .failed(.timedOut))
    simulation.healAll()
    let late = simulation.join(1, to: 0)
    try simulation.requireConvergence(within: .seconds(10))
    try simulation.run(for: .seconds(1))
    #expect(
      simulation.outcome(of: late, at: 1) == .joined(MemberID(name: "a", generation: 1))
    )
    #expect(simulation.engine(at: 0).memberCount == 2)
  }

  @Test func `nodes agree where the way is cut in one direction only`() throws {
    let simulation = Simulation.cluster(4, seed: 13)
    try simulation.requireConvergence(within: .seconds(10))
    simulation.partitionOneWay(from: [0], to: [1])
    try simulation.set(0, "key", "value")
    try simulation.set(1, "key", "value")
    try simulation.requireConvergence(within: .seconds(30))
    #expect(simulation.networkCounters.cut > 0)
  }

  @Test func `a paused process catches up, and what its buffer can't hold is dropped`() throws {
    var conditions = NetworkConditions()
    conditions.receiveBufferSize = 2_000
    let simulation = Simulation.cluster(4, seed: 14, conditions: conditions)
    try simulation.requireConvergence(within: .seconds(10))
    simulation.pause(3)
    let received = simulation.traffic(of: 3).packetsIn
    for index in 0..<50 {
      try simulation.set(0, "key-\(index % 5)", "\(index)")
      try simulation.run(for: .milliseconds(500))
    }
    #expect(simulation.traffic(of: 3).packetsIn == received)
    #expect(simulation.networkCounters.bufferFull > 0)
    simulation.resume(3)
    try simulation.requireConvergence(within: .seconds(10))
  }

  @Test func `clocks that drift apart change nothing but the pace`() throws {
    let simulation = Simulation.cluster(5, seed: 15)
    for node in simulation.nodeIndices {
      simulation.setDrift(node, partsPerMillion: Int64(node - 2) * 40_000)
    }
    try simulation.set(2, "key", "value")
    try simulation.requireConvergence(within: .seconds(20))
    let sent = simulation.nodeIndices.map { simulation.traffic(of: $0).packetsOut }
    try simulation.run(for: .seconds(100))
    let gained = simulation.nodeIndices.map { simulation.traffic(of: $0).packetsOut - sent[$0] }
    #expect(gained[0] < gained[4])
  }

  @Test func `a slow line passes no more than it can`() throws {
    let simulation = Simulation.cluster(3, seed: 16)
    try simulation.requireConvergence(within: .seconds(10))
    simulation.setBandwidth(2, bytesPerSecond: 20_000)
    let before = simulation.traffic(of: 2)
    try simulation.update(
      0,
      [.set(key: "large", value: [UInt8](repeating: 7, count: 100_000))]
    )
    let begin = simulation.now
    let end = try simulation.requireConvergence(within: .seconds(60))
    #expect(end.since(begin) >= 5_000_000_000)
    let after = simulation.traffic(of: 2)
    let bytes =
      after.packetBytesIn + after.streamBytesIn - before.packetBytesIn
      - before.streamBytesIn
    #expect(bytes >= 100_000)
    #expect(Double(bytes) <= 20_000 * Double(end.since(begin)) / 1e9 + 1_500)
  }

  @Test func `a stream survives a short cut, and breaks in a long one`() throws {
    for (cut, breaks) in [(Duration.seconds(2), false), (.seconds(20), true)] {
      let simulation = Simulation.cluster(2, seed: 17)
      try simulation.requireConvergence(within: .seconds(10))
      simulation.setBandwidth(1, bytesPerSecond: 50_000)
      try simulation.update(
        0,
        [.set(key: "large", value: [UInt8](repeating: 7, count: 400_000))]
      )
      try simulation.run(for: .seconds(3))
      let failed = simulation.engine(at: 1).metrics.streamsFailed
      #expect(simulation.traffic(of: 1).streamBytesIn > 50_000)
      simulation.partition([0], from: [1])
      try simulation.run(for: cut)
      simulation.healAll()
      #expect((simulation.engine(at: 1).metrics.streamsFailed > failed) == breaks)
      try simulation.requireConvergence(within: .seconds(60))
    }
  }

  @Test func `equal seeds give equal runs, and other seeds others`() throws {
    func run(_ seed: UInt64) throws -> UInt64 {
      var conditions = NetworkConditions()
      conditions.latency = .exponential(floor: .microseconds(200), mean: .milliseconds(3))
      conditions.loss = .percent(10)
      conditions.duplication = .percent(10)
      let simulation = Simulation.cluster(5, seed: seed, conditions: conditions)
      for index in 0..<20 {
        try simulation.set(index % 5, "key-\(index)", "value")
        try simulation.run(for: .milliseconds(300))
      }
      return simulation.fingerprint.value
    }
    let first = try run(18)
    #expect(try run(18) == first)
    #expect(try run(19) != first)
  }

  @Test func `peaks tell a burst from rest, and begin anew when told to`() throws {
    let simulation = Simulation.cluster(8, seed: 21)
    try simulation.requireConvergence(within: .seconds(10))
    try simulation.run(for: .seconds(5))
    simulation.resetPeaks()
    #expect(
      simulation.nodeIndices.allSatisfy { simulation.traffic(of: $0).packetsPerSecondPeak == 0 }
    )
    try simulation.run(for: .seconds(30))
    let rest = simulation.nodeIndices.map { simulation.traffic(of: $0).packetsPerSecondPeak }
    let sent = simulation.traffic(of: 3).packetsOut
    simulation.resetPeaks()
    for index in 0..<10 { try simulation.set(3, "key-\(index)", "value") }
    try simulation.run(for: .seconds(1))
    let busy = simulation.traffic(of: 3).packetsPerSecondPeak
    #expect(rest.allSatisfy { (6...20).contains($0) }, "\(rest)")
    #expect(busy > rest[3])
    #expect(busy <= simulation.traffic(of: 3).packetsOut - sent)
    try simulation.run(for: .seconds(10))
    #expect(simulation.traffic(of: 3).packetsPerSecondPeak >= busy)
  }

  @Test func `what is verified on the way does not change the run`() throws {
    func run(_ checking: Simulation.Checking) throws -> UInt64 {
      let simulation = Simulation(seed: 20, checking: checking)
      for name in ["a", "b", "c"] { simulation.add(name: name) }
      for node in 1...2 { simulation.join(node, to: 0) }
      try simulation.set(0, "key", "value")
      try simulation.run(for: .seconds(10))
      return simulation.fingerprint.value
    }
    #expect(try run(.limits) == run(.everything))
  }
}
