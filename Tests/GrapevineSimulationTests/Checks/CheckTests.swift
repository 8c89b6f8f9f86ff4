import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

/// What the checks find, and what they don't.
@Suite(.computing) struct CheckTests {
  @Test(arguments: Lie.all)
  func `a lie is found by the check whose promise it breaks`(lie: Lie) throws {
    let violation = try #require(try lie.violation())
    #expect(violation.check == lie.check, "\(violation)")
  }

  @Test func `each check has a lie that it finds, and a name and a reason of its own`() {
    let names = allChecks.map { $0.name }
    #expect(Set(names) == Set(Lie.all.map(\.check)))
    #expect(Set(names).count == names.count)
    #expect(Set(allChecks.map { $0.reason }).count == names.count)
  }

  @Test func `a settled cluster without a lie breaks no promise`() throws {
    let simulation = try Lie.settledCluster()
    try simulation.verify()
    try simulation.requireNoGhosts()
    try simulation.requireAccord(among: Array(simulation.nodeIndices))
  }

  @Test func `no check speaks where all that may go wrong does, within reason`() throws {
    var conditions = NetworkConditions()
    conditions.loss = .percent(10)
    conditions.duplication = .percent(10)
    conditions.reordering = .percent(10)
    let simulation = Simulation.cluster(8, seed: 63, conditions: conditions)
    for round in 0..<40 {
      for node in 0..<6 { try simulation.set(node, "key-\(round % 5)", "value \(round)") }
      if round % 4 == 1 { try simulation.delete(round % 6, "key-0") }
      let ticket = simulation.mutate(0) { engine, now in
        engine.spread(upTo: 1, deadline: now + .seconds(1), now: now)
      }
      #expect(ticket.rawValue > 0)
      if round == 10 { simulation.crash(6, .process) }
      if round == 20 { simulation.restart(6, generation: 2) }
      if round == 20 { simulation.join(6, to: 0) }
      if round == 25 { simulation.leave(7) }
      try simulation.run(for: .seconds(1))
    }
    try simulation.requireConvergence(within: .seconds(60), among: Array(0..<7))
  }

  @Test func `what a packet changes besides counters is found`() throws {
    let simulation = try Lie.settledCluster()
    let before = simulation.engine(at: 2)
    let now = simulation.clockReading(of: 2)
    func difference(_ packet: [UInt8]) -> String? {
      var engine = before
      engine.receive(packet.span, from: simulation.endpoint(of: 1), now: now)
      return CodecCheck.difference(before, &engine)
    }
    #expect(difference(simulation.packet(.push)) == nil)
    #expect(difference([]) == nil)
    // It is counted as a heartbeat, not as dropped; one that differs is answered besides.
    #expect(difference(simulation.heartbeat(fingerprint: before.fingerprint)) != nil)
    var engine = before
    engine.receive(
      simulation.heartbeat(fingerprint: 1).span,
      from: .init(ipv4: 1, port: 1),
      now: now
    )
    engine.receive([UInt8]().span, from: simulation.endpoint(of: 1), now: now)
    #expect(CodecCheck.difference(before, &engine) == "answered")
    engine = before
    engine.receive(
      simulation.heartbeat(fingerprint: before.fingerprint).span,
      from: simulation.endpoint(of: 1),
      now: now
    )
    engine.receive([UInt8]().span, from: simulation.endpoint(of: 1), now: now)
    #expect(CodecCheck.difference(before, &engine) == "took it for a sign of life")
  }

  @Test func `measuring runs verify limits, deadlines and verdicts alone`() throws {
    let measuring = allChecks.filter { $0.isForMeasuring }.map { $0.name }
    let expected: [any Check.Type] = [
      LimitCheck.self, DeadlineCheck.self, VerdictCheck.self, ConvergenceCheck.self,
      GhostCheck.self, AccordCheck.self, LockCheck.self,
    ]
    #expect(measuring == expected.map { $0.name })
  }

  @Test func `merging that minds the order, or the number of times, is found`() {
    let standings = [
      Standing(accusers: [MemberKey(rawValue: 1)]),
      Standing(verdict: .down, accusers: [MemberKey(rawValue: 2)]),
      Standing(incarnation: 1),
    ]
    #expect(StandingCheck.disagreement(of: standings) { $0.merge($1) } == nil)
    let wrong: [(inout Standing, Standing) -> Void] = [
      // The last word counts.
      { $0 = $1 },
      // A higher incarnation does not make up for a weaker verdict.
      { if $1.verdict >= $0.verdict { $0.merge($1) } },
      // Accusers are not united.
      {
        if ($1.incarnation, $1.verdict.rawValue) > ($0.incarnation, $0.verdict.rawValue) {
          $0 = $1
        }
      },
      // Each time counts.
      { $0.merge(Standing(incarnation: $0.incarnation + $1.incarnation)) },
    ]
    for (index, merge) in wrong.enumerated() {
      let equals =
        index == 2 ? [standings[0], Standing(accusers: [MemberKey(rawValue: 2)])] : standings
      #expect(StandingCheck.disagreement(of: equals, merging: merge) != nil, "\(index)")
    }
  }
}
