import GrapevineCore
import Testing

/// One name, one node: what a node makes of itself, of its earlier lives, and of twins.
struct NameTests {
  @Test func `a node that reaches itself by another address goes on as it is`() {
    var pump = Pump()
    let node = pump.add("node")
    let loopback = Endpoint(ipv4: 0x7F00_0001, port: 7_000)
    pump.aliases[loopback] = node
    pump.engines[node].addSeeds([loopback], now: pump.now)
    pump.run(for: .seconds(30))
    #expect(pump.engines[node].metrics.drops[.fromSelf] == 1)
    #expect(pump.engines[node].localID == MemberID(name: "node", generation: 1))
    #expect(pump.events[node] == [])
  }

  @Test func `own packets from an address where nobody answers change nothing`() {
    var pump = Pump()
    let node = pump.add("node")
    let sample = pump.add("sample")
    pump.engines[node].addSeeds([pump.engines[sample].localEndpoint], now: pump.now)
    var packet: [UInt8] = []
    while pump.engines[node].nextDatagram(into: &packet) == nil {
      pump.now = pump.engines[node].nextDeadline
      pump.engines[node].advance(to: pump.now)
    }
    for port in 1...20 as ClosedRange<UInt16> {
      let source = Endpoint(ipv4: 0x0B00_0001, port: port)
      pump.engines[node].receive(packet.span, from: source, now: pump.now)
      pump.settle()
    }
    #expect(pump.engines[node].metrics.drops[.fromSelf] == 20)
    #expect(pump.engines[node].localID == MemberID(name: "node", generation: 1))
    #expect(pump.events[node] == [])
  }
}

extension NameTests {
  /// Two seeds that know nothing of each other, each of which held a life of `name` that is gone.
  private func seedsWithDeadLives(
    _ pump: inout Pump,
    _ generations: [UInt64],
    haveLeft: Bool
  ) {
    for (index, generation) in generations.enumerated() {
      let seed = pump.add("seed-\(index)")
      let life = pump.add("name", generation: generation)
      _ = pump.join(life, to: seed)
      if haveLeft { pump.leave(life) }
      pump.cut(life)
    }
  }

  @Test(
    arguments: [[1_000, 1_005], [1_005, 1_000], [1_000, 1_000]] as [[UInt64]],
    [true, false]
  )
  func `a node that joins two clusters at once takes a life above both`(
    generations: [UInt64],
    haveLeft: Bool
  ) throws {
    var pump = Pump()
    seedsWithDeadLives(&pump, generations, haveLeft: haveLeft)
    let node = pump.add("name", generation: 1)
    let tickets = [0, 2].map { seed in
      pump.engines[node].join(pump.engines[seed].localEndpoint, now: pump.now)
    }
    pump.run(for: .seconds(20))
    for (ticket, seed) in zip(tickets, ["seed-0", "seed-1"]) {
      let outcome = JoinOutcome.joined(MemberID(name: seed, generation: 1))
      #expect(pump.events[node].contains(.joinFinished(ticket, outcome)))
    }
    let highest = try #require(generations.max())
    #expect(pump.engines[node].localID.generation == highest + 1)
    let raised = pump.events[node].filter {
      if case .generationRaised = $0 { true } else { false }
    }
    #expect(raised.count <= Set(generations).count)
    for seed in [0, 2] {
      #expect(pump.engines[seed].member(named: "name", now: pump.now)?.generation == highest + 1)
    }
  }

  @Test func `a name that turns out to be free does not bring a node back that has left`() {
    var pump = Pump()
    seedsWithDeadLives(&pump, [1_000], haveLeft: false)
    let friend = pump.add("friend")
    let node = pump.add("name", generation: 1)
    _ = pump.join(node, to: friend)
    pump.silent.insert(pump.engines[1].localEndpoint)
    _ = pump.join(node, to: 0)
    pump.leave(node)
    pump.run(for: .seconds(5))
    #expect(pump.engines[node].localID.generation == 1)
    #expect(pump.engines[node].localMember(now: pump.now).hasLeft)
    #expect(pump.engines[friend].member(named: "name", now: pump.now)?.hasLeft == true)
  }
}

extension NameTests {
  @Test func `a life that has left does not return under its own generation`() {
    var pump = Pump()
    for name in ["friend", "other", "node"] { _ = pump.add(name) }
    for node in 1...2 { _ = pump.join(node, to: 0) }
    pump.run(for: .seconds(1))
    pump.leave(2)
    pump.run(for: .seconds(1))
    let old = pump.engines[2].localID
    pump.engines[2] = Engine(
      id: old,
      endpoint: pump.engines[2].localEndpoint,
      configuration: .init(),
      seed: 99,
      now: pump.now
    )
    _ = pump.join(2, to: 1)
    pump.run(for: .seconds(3))
    let new = MemberID(name: "node", generation: 2)
    let events: [EngineEvent] = [
      .member(.joined(old)), .member(.left(old)), .member(.replaced(old, by: new)),
    ]
    for node in 0...1 {
      #expect(pump.events[node].filter { events.contains($0) } == events)
      #expect(!pump.events[node].contains(.member(.up(old))))
    }
    #expect(pump.engines[2].localID == new)
  }

  @Test func `above the highest generation there is none, so the name stays taken`() {
    var pump = Pump()
    let seed = pump.add("seed")
    let old = pump.add("node", generation: .max)
    _ = pump.join(old, to: seed)
    pump.cut(old)
    let node = pump.add("node", generation: 1)
    let ticket = pump.join(node, to: seed)
    pump.run(for: .seconds(5))
    let rival = MemberID(name: "node", generation: .max)
    let failure = JoinFailure.nameTaken(by: rival, at: pump.engines[node].localEndpoint)
    #expect(pump.events[node].contains(.joinFinished(ticket, .failed(failure))))
    #expect(throws: StateError.nameTaken(by: rival)) {
      try pump.set(node, "key", "value")
    }
  }

  @Test func `a twin that joins the other one's cluster and has the lower address stays`() {
    var pump = Pump()
    for name in ["friend", "twin", "other", "twin"] { _ = pump.add(name) }
    _ = pump.join(1, to: 0)
    _ = pump.join(3, to: 2)
    let ticket = pump.join(1, to: 2)
    pump.run(for: .seconds(20))
    let joined = JoinOutcome.joined(MemberID(name: "other", generation: 1))
    #expect(pump.events[1].contains(.joinFinished(ticket, joined)))
    let winner = pump.engines[1].localID
    #expect(winner == MemberID(name: "twin", generation: 2))
    let address = pump.engines[1].localEndpoint
    #expect(pump.events[3].contains(.superseded(by: winner, at: address)))
    #expect(Set([0, 1, 2].map { pump.engines[$0].fingerprint }).count == 1)
  }

  @Test(arguments: [1, 3])
  func `when two clusters with one identity in each merge, one holder goes on`(
    further: Int
  ) throws {
    var pump = Pump()
    for name in ["left-friend", "twin", "right-friend", "twin"] { _ = pump.add(name) }
    _ = pump.join(1, to: 0)
    _ = pump.join(3, to: 2)
    try pump.set(1, "side", "left")
    try pump.set(3, "side", "right")
    try pump.set(further, "more", "than the other")
    pump.run(for: .seconds(1))
    _ = pump.join(2, to: 0)
    pump.run(for: .seconds(30))
    let superseded = [1, 3].filter { node in
      pump.events[node].contains { if case .superseded = $0 { true } else { false } }
    }
    #expect(superseded.count == 1)
    let winner = superseded == [1] ? 3 : 1
    for node in [0, 2] {
      #expect(pump.engines[node].fingerprint == pump.engines[winner].fingerprint)
    }
    let packets = superseded.map { pump.engines[$0].metrics.packetsOut }
    pump.run(for: .seconds(30))
    #expect(superseded.map { pump.engines[$0].metrics.packetsOut } == packets)
  }
}

extension NameTests {
  @Test func `a stranger with the key of the node's next life does not stop that life`() {
    var engine = Engine.alone()
    let own = MemberID(name: "node", generation: 1)
    let next = MemberID(name: "node", generation: 2)
    // Behind any name of eight bytes there is a generation for each key.
    let impostor = MemberID(name: "impostor", generation: 18_098_935_855_094_384_385)
    #expect(MemberKey(impostor) == MemberKey(next))
    let stranger = Stranger()
    engine.hear(stranger.packet(.delta, [0] + Stranger.section(of: impostor)))
    #expect(engine.memberCount == 2)
    engine.hear(stranger.packet(.delta, [0] + Stranger.section(of: own, Standing(verdict: .left))))
    engine.checkInvariants()
    #expect(engine.localID == MemberID(name: "node", generation: 3))
    #expect(engine.memberCount == 2)
  }
}
