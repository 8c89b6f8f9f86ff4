import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

/// The check of verdicts, by verdicts that are made up.
@Suite(.computing) struct VerdictTests {
  /// Eight nodes that know each other, after a minute of peace.
  private func settled(
    conditions: NetworkConditions = NetworkConditions()
  ) throws -> Simulation {
    let simulation = Simulation.cluster(8, seed: 71, conditions: conditions)
    try simulation.requireConvergence(within: .seconds(20))
    try simulation.run(for: .seconds(60))
    return simulation
  }

  /// Whether a verdict of node 0 on node 7 breaks the promise.
  private func isViolation(_ simulation: Simulation, on member: Int = 7) -> Bool {
    let id = simulation.engine(at: member).localID
    simulation.pretend(.member(.down(id)), at: 0)
    return simulation.violation?.check == VerdictCheck.name
  }

  @Test func `a verdict that nothing explains ends the run`() throws {
    let simulation = try settled()
    let id = simulation.engine(at: 7).localID
    simulation.pretend(.member(.down(id)), at: 0)
    let violation = #expect(throws: Violation.self) { try simulation.run(for: .seconds(1)) }
    #expect(violation?.check == VerdictCheck.name)
    #expect(violation?.node == 0)
    #expect(violation?.detail.contains("\(id)") == true)
  }

  @Test func `a run may do without the check`() throws {
    let simulation = try settled()
    simulation.judgesVerdicts = false
    #expect(!isViolation(simulation))
  }

  @Test func `measuring runs do without it unless told otherwise`() throws {
    for judges in [false, true] {
      let simulation = Simulation(seed: 72, checking: .limits)
      for name in ["a", "b"] { simulation.add(name: name) }
      simulation.join(1, to: 0)
      if judges { simulation.judgesVerdicts = true }
      try simulation.run(for: .seconds(40))
      #expect(isViolation(simulation, on: 1) == judges)
    }
  }

  @Test(arguments: [CrashKind.process, .host])
  func `a crash explains it`(kind: CrashKind) throws {
    let simulation = try settled()
    simulation.crash(7, kind)
    #expect(!isViolation(simulation))
  }

  @Test func `a leave explains it, and so does a later life`() throws {
    var simulation = try settled()
    simulation.leave(7)
    #expect(!isViolation(simulation))

    simulation = try settled()
    let former = simulation.engine(at: 7).localID
    simulation.crash(7, .process)
    simulation.restart(7, generation: 2)
    simulation.pretend(.member(.down(former)), at: 0)
    #expect(simulation.violation == nil)
    // The later life itself is not excused by that.
    simulation.pretend(.member(.replaced(former, by: simulation.engine(at: 7).localID)), at: 0)
    #expect(isViolation(simulation))
  }

  @Test func `a process of the same identity explains what is meant for the one before`() throws {
    let simulation = try settled()
    simulation.crash(7)
    simulation.restart(7, generation: 1)
    #expect(!isViolation(simulation))
  }

  @Test func `a pause explains it while it lasts and for a while`() throws {
    for (rest, isBroken) in [(Duration.seconds(29), false), (.seconds(31), true)] {
      let simulation = try settled()
      simulation.pause(7)
      try simulation.run(for: .seconds(10))
      simulation.resume(7)
      try simulation.run(for: rest)
      #expect(isViolation(simulation) == isBroken, "after \(rest)")
    }
    let simulation = try settled()
    simulation.pause(7)
    #expect(!isViolation(simulation))
  }

  @Test func `a pause of a second explains nothing`() throws {
    let simulation = try settled()
    simulation.pause(7)
    try simulation.run(for: .seconds(1))
    simulation.resume(7)
    #expect(isViolation(simulation))
  }

  @Test func `a partition that cut the member or the observer off explains it for a while`() throws
  {
    for isolated in [0, 7] {
      for (rest, isBroken) in [(Duration.seconds(29), false), (.seconds(31), true)] {
        let simulation = try settled()
        simulation.isolate([isolated])
        try simulation.run(for: .seconds(1))
        simulation.healAll()
        // The first moments after a heal are exchanges; none of them says down.
        try simulation.run(for: rest)
        #expect(isViolation(simulation) == isBroken, "\(isolated), after \(rest)")
      }
    }
  }

  @Test func `a link that is cut explains nothing where relays go round it`() throws {
    let simulation = try settled()
    simulation.partition([0], from: [7])
    try simulation.run(for: .seconds(1))
    #expect(isViolation(simulation))
  }

  @Test func `two links in one direction explain it, as they are a quarter of all`() throws {
    let simulation = try settled()
    simulation.partitionOneWay(from: [7], to: [0, 1])
    #expect(!isViolation(simulation))
  }

  @Test(arguments: [0, 25, 26] as [UInt64])
  func `loss explains it above a quarter`(percent: UInt64) throws {
    let simulation = try settled()
    simulation.conditions.loss = .percent(percent)
    #expect(isViolation(simulation) == (percent <= 25))
  }

  /// 14 % lost and an eighth not passed on is 24.75 %.
  @Test(arguments: [14, 15] as [UInt64])
  func `pushes that are not passed on are lost as well`(percent: UInt64) throws {
    let simulation = try settled()
    simulation.quirkSites = [.prunedPush]
    simulation.conditions.loss = .percent(percent)
    #expect(isViolation(simulation) == (percent == 14))
  }

  @Test func `conditions explain it for a while when they are better again`() throws {
    for (rest, isBroken) in [(Duration.seconds(29), false), (.seconds(31), true)] {
      let simulation = try settled()
      simulation.conditions.loss = .percent(90)
      try simulation.run(for: .milliseconds(100))
      simulation.conditions.loss = .never
      try simulation.run(for: rest)
      #expect(isViolation(simulation) == isBroken, "after \(rest)")
    }
  }

  @Test func `slow paths, narrow ones and clocks far off explain it`() throws {
    let faults: [(String, (Simulation) -> Void)] = [
      ("latency", { $0.conditions.latency = .fixed(.milliseconds(126)) }),
      ("size", { $0.conditions.datagramSizeLimit = 511 }),
      ("line", { $0.setBandwidth(7, bytesPerSecond: 1_999_999) }),
      ("clock", { $0.setDrift(7, partsPerMillion: -100_001) }),
      (
        "links",
        {
          for other in [1, 2] { $0.setLink(between: 7, and: other, LinkRule(loss: .percent(26))) }
        }
      ),
    ]
    for (name, cause) in faults {
      let simulation = try settled()
      cause(simulation)
      #expect(!isViolation(simulation), "\(name)")
    }
    let mild = try settled()
    mild.conditions.latency = .fixed(.milliseconds(125))
    mild.conditions.datagramSizeLimit = 512
    mild.setBandwidth(7, bytesPerSecond: 2_000_000)
    mild.setDrift(7, partsPerMillion: -100_000)
    for other in [1, 2] { mild.setLink(between: 7, and: other, LinkRule(loss: .percent(25))) }
    #expect(isViolation(mild))
  }

  @Test func `a twin explains it`() throws {
    let simulation = try settled()
    let id = simulation.engine(at: 7).localID
    simulation.add(name: id.name, generation: id.generation)
    #expect(!isViolation(simulation))
  }
}
