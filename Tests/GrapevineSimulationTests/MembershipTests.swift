import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

/// Lives of one name, labels, and leaving.
@Suite(.computing) struct MembershipTests {
  @Test(arguments: [false, true])
  func `a higher generation replaces the lower one everywhere`(movesAway: Bool) throws {
    let simulation = Simulation.cluster(5, seed: 51)
    try simulation.set(4, "old", "life")
    try simulation.requireConvergence(within: .seconds(10))
    simulation.crash(4, .host)
    try simulation.run(for: .seconds(2))
    simulation.restart(4, generation: 2, at: movesAway ? simulation.freshEndpoint() : nil)
    simulation.join(4, to: 0)
    try simulation.set(4, "new", "life")
    try simulation.requireConvergence(within: .seconds(20))
    let old = MemberID(name: "node-4", generation: 1)
    let new = MemberID(name: "node-4", generation: 2)
    for node in 0..<4 {
      let member = try #require(simulation.member(named: "node-4", at: node))
      #expect(member.id == new)
      #expect(member.address == simulation.endpoint(of: 4))
      #expect(member["new"] != nil && member["old"] == nil)
      #expect(simulation.memberEvents(of: node).count { $0 == .replaced(old, by: new) } == 1)
    }
  }

  @Test func `a clock that stepped back does no harm when the old life is dead`() throws {
    let simulation = Simulation(seed: 52)
    for (index, name) in ["a", "b", "c"].enumerated() {
      simulation.add(name: name, generation: 100)
      if index > 0 { simulation.join(index, to: 0) }
    }
    try simulation.requireConvergence(within: .seconds(10))
    for kind in [CrashKind.process, .host] {
      let before = simulation.engine(at: 2).localID.generation
      simulation.crash(2, kind)
      try simulation.run(for: .seconds(1))
      simulation.restart(2, generation: 7)
      try simulation.set(2, "life", "\(kind)")
      simulation.join(2, to: 0)
      try simulation.requireConvergence(within: .seconds(30))
      let raised = MemberID(name: "c", generation: before + 1)
      #expect(simulation.engine(at: 2).localID == raised)
      #expect(simulation.events(of: 2).contains { $0.event == .generationRaised(raised) })
      for node in 0...1 {
        let member = try #require(simulation.member(named: "c", at: node))
        #expect(member.id == raised)
        #expect(member["life"] == Array("\(kind)".utf8))
      }
    }
  }

  @Test(arguments: [99, 100, 101] as [UInt64])
  func `of two live processes of one name exactly one goes on`(generation: UInt64) throws {
    let simulation = Simulation(seed: 53)
    for (index, name) in ["a", "b", "twin"].enumerated() {
      simulation.add(name: name, generation: 100)
      if index > 0 { simulation.join(index, to: 0) }
    }
    try simulation.requireConvergence(within: .seconds(10))
    let rival = simulation.add(name: "twin", generation: generation)
    let ticket = simulation.join(rival, to: 0)
    try simulation.run(for: .seconds(30))

    let given = simulation.isSuperseded(2)
    var isRefused = simulation.isSuperseded(rival)
    if case .failed(.nameTaken) = simulation.outcome(of: ticket, at: rival) { isRefused = true }
    #expect(given != isRefused, "the old process gave way: \(given), the new one: \(isRefused)")
    let survivor = given ? rival : 2
    for node in 0...1 {
      let members = simulation.members(of: node).filter { $0.name == "twin" }
      #expect(members.count == 1)
      #expect(members.first?.address == simulation.endpoint(of: survivor))
      #expect(members.first?.isLive == true)
    }
    let conflicts = [2, rival].map { node in
      simulation.memberEvents(of: node).count {
        if case .nameConflict = $0 { true } else { false }
      }
    }
    #expect(conflicts.contains { $0 > 0 })
    #expect(conflicts.allSatisfy { $0 <= 3 }, "reported \(conflicts) times")

    // The one that goes on is heard, and neither floods the network.
    try simulation.set(survivor, "still", "here")
    let before = [2, rival].map { simulation.traffic(of: $0).packetsOut }
    let streams = [2, rival].map { simulation.traffic(of: $0).streamsOut }
    try simulation.run(for: .seconds(20))
    for (index, node) in [2, rival].enumerated() {
      #expect(simulation.traffic(of: node).packetsOut - before[index] < 400)
      #expect(simulation.traffic(of: node).streamsOut - streams[index] < 20)
    }
    for node in 0...1 {
      #expect(simulation.engine(at: node).entry("still", of: "twin")?.text == "here")
    }
    try simulation.requireConvergence(within: .seconds(5), among: [0, 1, survivor])
  }

  @Test func `two clusters that both hold a name merge into one that shows it once`() throws {
    let simulation = Simulation(seed: 54)
    for (name, generation) in [("a", 1), ("twin", 10), ("b", 1), ("twin", 20)] as [(String, UInt64)]
    {
      simulation.add(name: name, generation: generation)
    }
    simulation.join(1, to: 0)
    simulation.join(3, to: 2)
    try simulation.requireConvergence(within: .seconds(10), among: [0, 1])
    try simulation.requireConvergence(within: .seconds(10), among: [2, 3])
    simulation.join(0, to: 2)
    try simulation.run(for: .seconds(20))
    #expect(simulation.isSuperseded(1))
    #expect(!simulation.isSuperseded(3))
    try simulation.set(3, "key", "value")
    try simulation.requireConvergence(within: .seconds(10), among: [0, 2, 3])
    #expect(simulation.member(named: "twin", at: 0)?.generation == 20)
  }

  @Test func `clusters of different labels, or of none, never merge`() throws {
    let simulation = Simulation(seed: 55)
    for (index, label) in ["red", "red", "blue", "blue", nil, nil].enumerated() {
      var configuration = GossipConfiguration()
      configuration.label = label
      simulation.add(name: "node-\(index)", configuration: configuration)
    }
    var tickets: [(node: Int, other: Int, ticket: JoinTicket)] = []
    for node in simulation.nodeIndices {
      let others = simulation.nodeIndices.filter { $0 != node }
      simulation.addSeeds(node, others)
      for other in others { tickets.append((node, other, simulation.join(node, to: other))) }
    }
    try simulation.run(for: .seconds(60))
    for (node, other, ticket) in tickets {
      let outcome = simulation.outcome(of: ticket, at: node)
      if node / 2 == other / 2 {
        #expect(outcome == .joined(simulation.engine(at: other).localID))
      } else {
        #expect(outcome == .failed(.wrongLabel))
      }
    }
    for node in simulation.nodeIndices {
      #expect(simulation.engine(at: node).memberCount == 2)
      #expect(simulation.engine(at: node).metrics.drops[.wrongLabel] > 0)
    }
  }

  @Test func `a member that leaves is seen to leave by all, expires, and never returns`() throws {
    var configuration = GossipConfiguration()
    configuration.memberExpiry = .seconds(10)
    let simulation = Simulation.cluster(6, seed: 56, configuration: configuration)
    try simulation.set(5, "key", "value")
    try simulation.requireConvergence(within: .seconds(10))
    let id = simulation.engine(at: 5).localID
    simulation.leave(5)
    try simulation.run(for: .seconds(1))
    let finished = simulation.events(of: 5).compactMap { observed -> [MemberID]? in
      if case .leaveFinished(_, let acknowledged) = observed.event { acknowledged } else { nil }
    }
    #expect(finished.count == 1)
    #expect(finished.first?.isEmpty == false)
    #expect(throws: StateError.hasLeft) { try simulation.set(5, "late", "write") }
    simulation.crash(5, .process)
    try simulation.run(for: .seconds(4))
    for node in 0..<5 {
      #expect(simulation.member(named: "node-5", at: node)?.hasLeft == true)
      #expect(simulation.member(named: "node-5", at: node)?.expiry != nil)
    }
    // One that comes meanwhile takes the age of the departure over.
    let newcomer = simulation.add(name: "newcomer", configuration: configuration)
    simulation.join(newcomer, to: 0)
    try simulation.run(for: .seconds(8))
    for node in 0..<5 {
      let told = simulation.memberEvents(of: node).filter { $0.member == id }
      #expect(told.count { $0 == .left(id) } == 1)
      #expect(told.last == .expired(id))
    }
    for node in [0, 1, 2, 3, 4, newcomer] {
      #expect(simulation.member(named: "node-5", at: node) == nil)
    }
    // Not by a newcomer, and not after a partition either.
    simulation.isolate([newcomer])
    try simulation.run(for: .seconds(20))
    simulation.healAll()
    try simulation.run(for: .seconds(20))
    for node in [0, 1, 2, 3, 4, newcomer] {
      #expect(simulation.member(named: "node-5", at: node) == nil)
    }
    try simulation.requireConvergence(within: .seconds(10))
  }

  /// Whom it asked may have died a moment ago, which nobody knows yet.
  @Test func `a leave waits for the silent as long as a stream may take, and no longer`() throws {
    let simulation = Simulation.cluster(4, seed: 59)
    try simulation.requireConvergence(within: .seconds(10))
    for node in [1, 2] { simulation.crash(node, .host) }
    let begin = simulation.now
    simulation.leave(3)
    try simulation.run(for: .seconds(1))
    #expect(simulation.member(named: "node-3", at: 0)?.hasLeft == true)
    try simulation.run(for: .seconds(15))
    let finished = simulation.events(of: 3).compactMap { observed -> (Instant, [MemberID])? in
      guard case .leaveFinished(let asked, let acknowledged) = observed.event else { return nil }
      #expect(asked.count == 3)
      return (observed.time, acknowledged)
    }
    #expect(finished.map(\.1) == [[simulation.engine(at: 0).localID]])
    let time = try #require(finished.first).0.since(begin)
    #expect(time <= GossipConfiguration().streamTimeout.wholeNanoseconds)
  }

  @Test func `a member that left during a partition does not live on behind it`() throws {
    var configuration = GossipConfiguration()
    configuration.memberExpiry = .seconds(5)
    let simulation = Simulation.cluster(4, seed: 57, configuration: configuration)
    try simulation.requireConvergence(within: .seconds(10))
    simulation.isolate([3])
    simulation.leave(2)
    try simulation.run(for: .seconds(3))
    simulation.crash(2, .process)
    try simulation.run(for: .seconds(20))
    #expect(simulation.member(named: "node-2", at: 0) == nil)
    // It was missed there, too, and judged to be down.
    #expect(simulation.member(named: "node-2", at: 3) == nil)
    simulation.healAll()
    try simulation.requireConvergence(within: .seconds(30))
    #expect(simulation.member(named: "node-2", at: 0)?.isLive != true)
    #expect(simulation.member(named: "node-2", at: 3)?.isLive != true)
  }

  @Test func `a name that left may come back with a later life`() throws {
    let simulation = Simulation.cluster(4, seed: 58)
    try simulation.requireConvergence(within: .seconds(10))
    simulation.leave(3)
    try simulation.run(for: .seconds(2))
    simulation.crash(3, .process)
    simulation.restart(3, generation: 2)
    simulation.join(3, to: 1)
    try simulation.requireConvergence(within: .seconds(10))
    for node in 0..<3 {
      #expect(simulation.member(named: "node-3", at: node)?.isLive == true)
      #expect(simulation.member(named: "node-3", at: node)?.generation == 2)
    }
  }
}
