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

  @Test(arguments: [[1_000, 1_005], [1_005, 1_000], [1_000, 1_000]] as [[UInt64]], [true, false])
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
