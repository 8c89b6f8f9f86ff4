import GrapevineCore
import Testing

/// How joins end: every one with one outcome, in bounded time.
struct JoinTests {
  private func silentEndpoint(_ index: Int) -> Endpoint {
    Endpoint(ipv4: 0x0D00_0000 + UInt32(index), port: 7_000)
  }

  @Test func `a join waits for its turn behind silent addresses and is then tried`() {
    var pump = Pump()
    let seed = pump.add("seed")
    let node = pump.add("node")
    for index in 0..<20 {
      pump.silent.insert(silentEndpoint(index))
      _ = pump.engines[node].join(silentEndpoint(index), now: pump.now)
    }
    let ticket = pump.join(node, to: seed)
    pump.run(for: .seconds(31))
    let outcomes = pump.events[node].compactMap { event -> JoinOutcome? in
      if case .joinFinished(_, let outcome) = event { outcome } else { nil }
    }
    #expect(outcomes.count == 21)
    #expect(outcomes.count { $0 == .failed(.timedOut) } == 20)
    let joined = JoinOutcome.joined(MemberID(name: "seed", generation: 1))
    #expect(pump.events[node].contains(.joinFinished(ticket, joined)))
  }

  @Test func `a join to a closed port, or to one that is silent, says so`() {
    var pump = Pump()
    let node = pump.add("node")
    let refused = pump.engines[node].join(silentEndpoint(0), now: pump.now)
    pump.silent.insert(silentEndpoint(1))
    let silent = pump.engines[node].join(silentEndpoint(1), now: pump.now)
    pump.run(for: .seconds(11))
    #expect(
      pump.events[node] == [
        .joinFinished(refused, .failed(.refused)), .joinFinished(silent, .failed(.timedOut)),
      ]
    )
    #expect(pump.engines[node].nextDeadline > pump.now)
  }

  @Test func `a seed that is removed is not contacted any more`() {
    var engine = Engine.alone()
    for index in 0..<2 { _ = engine.join(silentEndpoint(index), now: Engine.start) }
    engine.removeSeeds([silentEndpoint(1)], now: Engine.start)
    var targets: Set<Endpoint> = []
    var bytes: [UInt8] = []
    while engine.nextDeadline < Engine.start + .seconds(60) {
      engine.advance(to: engine.nextDeadline)
      while let target = engine.nextDatagram(into: &bytes) { targets.insert(target) }
      _ = engine.streamActions()
    }
    #expect(targets == [silentEndpoint(0)])
  }

  @Test func `as many joins as are allowed wait, and one more fails at once`() {
    var configuration = GossipConfiguration()
    configuration.joinLimit = 3
    var engine = Engine.alone("node", configuration)
    for index in 0..<3 { _ = engine.join(silentEndpoint(index), now: Engine.start) }
    #expect(engine.pulledEvents() == [])
    let ticket = engine.join(silentEndpoint(3), now: Engine.start)
    #expect(engine.pulledEvents() == [.joinFinished(ticket, .failed(.busy))])
  }

  @Test func `a join that is called off ends at once and frees its stream`() {
    var engine = Engine.alone()
    let ticket = engine.join(Stranger.endpoint, now: Engine.start)
    guard case .open(let stream, Stranger.endpoint)? = engine.streamActions().first else {
      Issue.record("no stream was opened")
      return
    }
    engine.cancelJoin(ticket, now: Engine.start)
    engine.cancelJoin(ticket, now: Engine.start)
    #expect(engine.streamActions() == [.abort(stream)])
    #expect(engine.pulledEvents() == [.joinFinished(ticket, .failed(.closed))])
    engine.streamOpened(stream, now: Engine.start)
    engine.streamClosed(stream, .reset, now: Engine.start)
    #expect(engine.streamActions() == [] && engine.pulledEvents() == [])
  }

  @Test(
    arguments: [
      ([0, 0, 0, 0], .notGrapevine), ([0x16, 3, 1, 0, 5], .notGrapevine),
      (Array("HTTP/1.1 400 Bad Request\r\n".utf8), .notGrapevine),
      ([2, 1, 0, 0, 2], .wrongLabel), ([2, 1, 0, 0, 5], .closed), ([2, 1, 0, 0, 9], .notGrapevine),
      ([2, 3, 0, 0, 3, 7, 9], .versionMismatch(lowest: 7, highest: 9)),
      ([5, 0, 0, 0], .notGrapevine),
    ] as [([UInt8], JoinFailure)]
  )
  func `an answer that is not a greeting ends the join`(bytes: [UInt8], failure: JoinFailure) {
    var engine = Engine.alone()
    let ticket = engine.join(Stranger.endpoint, now: Engine.start)
    guard case .open(let stream, _)? = engine.streamActions().first else {
      Issue.record("no stream was opened")
      return
    }
    engine.streamOpened(stream, now: Engine.start)
    engine.hear(stream, bytes)
    #expect(engine.pulledEvents() == [.joinFinished(ticket, .failed(failure))])
    engine.checkInvariants()
  }

  @Test func `a busy peer is tried again until it has room`() throws {
    var configuration = GossipConfiguration()
    configuration.inboundStreamLimit = 1
    var pump = Pump()
    pump.carriesDatagrams = false
    let seed = pump.add("seed", configuration)
    let node = pump.add("node")
    let held = pump.engines[seed].streamAccepted(from: Stranger.endpoint, now: pump.now)
    let ticket = pump.join(node, to: seed)
    pump.run(for: .seconds(2))
    #expect(pump.events[node] == [])
    #expect((8...100).contains(pump.engines[seed].metrics.streamsRefused))
    pump.engines[seed].streamClosed(held, .reset, now: pump.now)
    pump.run(for: .milliseconds(300))
    let joined = JoinOutcome.joined(MemberID(name: "seed", generation: 1))
    #expect(pump.events[node].contains(.joinFinished(ticket, joined)))
  }

  @Test func `a peer that stays busy is given up after the time-out`() {
    var configuration = GossipConfiguration()
    configuration.inboundStreamLimit = 1
    configuration.streamTimeout = .seconds(600)
    var pump = Pump()
    pump.carriesDatagrams = false
    let seed = pump.add("seed", configuration)
    let node = pump.add("node")
    _ = pump.engines[seed].streamAccepted(from: Stranger.endpoint, now: pump.now)
    let ticket = pump.join(node, to: seed)
    pump.run(for: .seconds(11))
    #expect(pump.events[node] == [.joinFinished(ticket, .failed(.busy))])
  }

  @Test(arguments: [("prod", nil), (nil, "prod"), ("prod", "test")] as [(String?, String?)])
  func `nodes of different labels never merge`(label: String?, other: String?) {
    var configuration = GossipConfiguration()
    configuration.label = label
    var strange = GossipConfiguration()
    strange.label = other
    var pump = Pump()
    let node = pump.add("node", configuration)
    let peer = pump.add("peer", strange)
    let ticket = pump.join(node, to: peer)
    #expect(pump.events[node] == [.joinFinished(ticket, .failed(.wrongLabel))])
    pump.run(for: .seconds(20))
    #expect(pump.engines.allSatisfy { $0.memberCount == 1 })
    #expect(pump.engines[peer].metrics.drops[.wrongLabel] >= 10)
    #expect(pump.engines[peer].metrics.packetsOut == 0)
  }
}
