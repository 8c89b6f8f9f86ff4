import GrapevineCore
import Testing

struct EngineTests {
  @Test func `a joiner and its seed hold the same at once`() throws {
    var pump = Pump()
    let seed = pump.add("seed")
    let joiner = pump.add("joiner")
    try pump.set(seed, "role", "web")
    try pump.set(joiner, "role", "db")
    let ticket = pump.join(joiner, to: seed)
    let seedID = MemberID(name: "seed", generation: 1)
    #expect(pump.events[joiner].contains(.joinFinished(ticket, .joined(seedID))))
    #expect(pump.engines[seed].fingerprint == pump.engines[joiner].fingerprint)
    #expect(pump.engines[joiner].entry("role", of: "seed")?.text == "web")
    #expect(pump.engines[seed].entry("role", of: "joiner")?.text == "db")
  }

  @Test func `sixteen nodes learn of an update by packets alone`() throws {
    var pump = Pump()
    let nodes = (0..<16).map { pump.add("node-\($0)") }
    for node in nodes.dropFirst() { _ = pump.join(node, to: 0) }
    pump.run(for: .seconds(5))
    #expect(Set(pump.engines.map(\.fingerprint)).count == 1)
    #expect(pump.engines.allSatisfy { $0.memberCount == 16 })
    let streams = pump.engines.map(\.metrics.streamsOut).reduce(0, +)
    try pump.set(3, "key", "value")
    pump.run(for: .seconds(3))
    #expect(pump.engines.allSatisfy { $0.entry("key", of: "node-3")?.text == "value" })
    #expect(pump.engines.map(\.metrics.streamsOut).reduce(0, +) == streams)
    #expect(pump.largestDatagram <= 1_400)
  }

  @Test func `a cluster that is in sync sends heartbeats, and a ping now and then`() {
    var pump = Pump()
    let nodes = (0..<8).map { pump.add("node-\($0)") }
    for node in nodes.dropFirst() { _ = pump.join(node, to: 0) }
    pump.run(for: .seconds(5))
    let before = pump.engines[2].metrics
    pump.run(for: .seconds(100))
    let after = pump.engines[2].metrics
    let heartbeats = after.heartbeatsOut - before.heartbeatsOut
    // Each ping to this node is answered.
    let pings = after.pingsOut - before.pingsOut + after.pingsIn - before.pingsIn
    #expect(after.pingsOut - before.pingsOut <= 200 / 16 + 1)
    #expect(after.packetsOut - before.packetsOut == heartbeats + pings)
    #expect((630...670).contains(heartbeats), "\(heartbeats) heartbeats in 200 rounds")
    #expect(after.packetBytesOut - before.packetBytesOut == 26 * heartbeats + 28 * pings)
    #expect(after.digestsOut == before.digestsOut)
  }

  @Test func `a value of a megabyte travels by stream`() throws {
    var pump = Pump()
    for index in 0..<3 { _ = pump.add("node-\(index)") }
    _ = pump.join(1, to: 0)
    _ = pump.join(2, to: 0)
    pump.run(for: .seconds(2))
    let value = [UInt8](repeating: 7, count: 1_048_576)
    _ = try pump.engines[0].update([.set(key: "large", value: value)], now: pump.now)
    try pump.set(0, "small", "after")
    pump.run(for: .seconds(5))
    for engine in pump.engines {
      #expect(engine.entry("large", of: "node-0")?.value == value)
      #expect(engine.entry("small", of: "node-0")?.text == "after")
      #expect(engine.metrics.streamQueuePeak <= 262_144)
    }
  }

  @Test func `a leave is acknowledged, spread, and forgotten after the expiry`() {
    var pump = Pump()
    for index in 0..<6 { _ = pump.add("node-\(index)") }
    for index in 1..<6 { _ = pump.join(index, to: 0) }
    pump.run(for: .seconds(3))
    pump.leave(5)
    let report = pump.events[5].compactMap { event -> Int? in
      guard case .leaveFinished(let asked, let acknowledged) = event else { return nil }
      #expect(asked.count == 3)
      return acknowledged.count
    }
    #expect(report == [3])
    pump.run(for: .seconds(2))
    #expect(pump.engines[0].member(named: "node-5", now: pump.now)?.hasLeft == true)
    pump.run(for: .seconds(70))
    #expect(pump.engines[0].memberCount == 5)
    let id = MemberID(name: "node-5", generation: 1)
    let told = pump.events[0].filter { $0 == .member(.left(id)) || $0 == .member(.expired(id)) }
    #expect(told == [.member(.left(id)), .member(.expired(id))])
  }

  @Test func `a later life replaces the earlier one with one event`() throws {
    var pump = Pump()
    for index in 0..<4 { _ = pump.add("node-\(index)") }
    for index in 1..<4 { _ = pump.join(index, to: 0) }
    try pump.set(3, "old", "life")
    pump.run(for: .seconds(3))
    let old = pump.engines[3].localID
    let new = MemberID(name: "node-3", generation: 2)
    pump.engines[3] = Engine(
      id: new,
      endpoint: pump.engines[3].localEndpoint,
      configuration: .init(),
      seed: 99,
      now: pump.now
    )
    _ = pump.join(3, to: 1)
    pump.run(for: .seconds(3))
    for index in 0..<3 {
      #expect(pump.engines[index].memberCount == 4)
      #expect(pump.engines[index].entry("old", of: "node-3") == nil)
      let replaced = pump.events[index].filter { $0 == .member(.replaced(old, by: new)) }
      #expect(replaced.count == 1)
    }
  }

  @Test func `a clock that stepped back does no harm`() throws {
    var pump = Pump()
    _ = pump.add("node-0")
    _ = pump.add("node-1", generation: 1_000)
    _ = pump.join(1, to: 0)
    pump.run(for: .seconds(1))
    pump.engines[1] = Engine(
      id: MemberID(name: "node-1", generation: 500),
      endpoint: pump.engines[1].localEndpoint,
      configuration: .init(),
      seed: 99,
      now: pump.now
    )
    let ticket = pump.join(1, to: 0)
    pump.run(for: .seconds(3))
    #expect(pump.engines[1].localID.generation == 1_001)
    let seed = MemberID(name: "node-0", generation: 1)
    #expect(pump.events[1].contains(.joinFinished(ticket, .joined(seed))))
    #expect(pump.engines[0].member(named: "node-1", now: pump.now)?.generation == 1_001)
  }

  @Test func `of two live nodes with one name the one in the cluster goes on`() {
    var pump = Pump()
    _ = pump.add("node-0")
    _ = pump.add("twin", generation: 7)
    _ = pump.join(1, to: 0)
    pump.run(for: .seconds(1))
    let late = pump.add("twin", generation: 7)
    let ticket = pump.join(late, to: 0)
    pump.run(for: .seconds(5))
    let rival = MemberID(name: "twin", generation: 7)
    let failure = JoinFailure.nameTaken(by: rival, at: pump.engines[1].localEndpoint)
    #expect(pump.events[late].contains(.joinFinished(ticket, .failed(failure))))
    #expect(pump.events[1].contains { if case .member(.nameConflict) = $0 { true } else { false } })
    #expect(pump.engines[0].memberCount == 2)
    let packets = pump.engines[late].metrics.packetsOut
    pump.run(for: .seconds(30))
    #expect(pump.engines[late].metrics.packetsOut == packets)
    #expect(pump.engines[0].fingerprint == pump.engines[1].fingerprint)
  }
}
