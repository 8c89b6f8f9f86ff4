import GrapevineCore
import Testing

/// A member that datagrams reach and streams do not.
struct PacketOnlyTests {
  /// Four engines that know each other, and then none of `others` has a stream to the last one.
  private func pump(without others: Set<Int>) throws -> Pump {
    var pump = Pump()
    for name in ["a", "b", "c", "d"] { _ = pump.add(name) }
    for index in 1..<4 { _ = pump.join(index, to: 0) }
    pump.run(for: .seconds(10))
    pump.isStreamLost = { from, to in
      (from == 3 && others.contains(to)) || (to == 3 && others.contains(from))
    }
    try pump.set(3, "large", String(repeating: "x", count: 5_000))
    pump.run(for: .seconds(60))
    try pump.set(3, "small", "value")
    pump.run(for: .seconds(10))
    for engine in pump.engines {
      #expect(engine.liveMemberCount == 4 && engine.metrics.accusationsOut == 0)
    }
    return pump
  }

  @Test func `what needs a stream comes by way of a member that has one`() throws {
    let pump = try pump(without: [0, 1])
    for engine in pump.engines {
      #expect(engine.entry("large", of: "d")?.value.count == 5_000)
      #expect(engine.entry("small", of: "d")?.text == "value")
    }
  }

  @Test func `one that was busy for long is asked again within a second of having room`() throws {
    var configuration = GossipConfiguration()
    configuration.inboundStreamLimit = 1
    configuration.streamTimeout = .seconds(600)
    var pump = Pump()
    let owner = pump.add("owner", configuration)
    let reader = pump.add("reader")
    _ = pump.join(reader, to: owner)
    let held = pump.engines[owner].streamAccepted(from: Stranger.endpoint, now: pump.now)
    pump.isStreamLost = { from, _ in from == owner }
    try pump.set(owner, "large", String(repeating: "x", count: 5_000))
    pump.run(for: .seconds(70))
    #expect(pump.engines[reader].entry("large", of: "owner") == nil)
    pump.engines[owner].streamClosed(held, .reset, now: pump.now)
    pump.run(for: .seconds(2))
    #expect(pump.engines[reader].entry("large", of: "owner")?.value.count == 5_000)
  }

  @Test func `without any stream it stays a member, and what was tried is counted`() throws {
    let pump = try pump(without: [0, 1, 2])
    for engine in pump.engines[..<3] {
      #expect(engine.entry("large", of: "d") == nil)
      #expect(engine.metrics.streamsFailed > 0)
    }
  }
}

/// A member that streams reach and datagrams do not.
struct StreamOnlyTests {
  /// Four engines that know each other, and then no datagram from or to the last one arrives.
  private func pump() -> Pump {
    var pump = Pump()
    for name in ["a", "b", "c", "d"] { _ = pump.add(name) }
    for index in 1..<4 { _ = pump.join(index, to: 0) }
    pump.run(for: .seconds(10))
    pump.isLost = { $0.from == 3 || $0.to == 3 }
    pump.forget()
    return pump
  }

  private func value(_ key: String, of name: String, at engine: Engine) -> String? {
    engine.entry(key, of: name)?.text
  }

  @Test func `changes reach it and leave it by stream`() throws {
    var pump = pump()
    for round in 1...3 {
      try pump.set(3, "key", "\(round)")
      try pump.set(0, "key", "\(round)")
      // A silence of some intervals, and the longest pause between two streams.
      pump.run(for: .seconds(10))
      for engine in pump.engines {
        #expect(value("key", of: "d", at: engine) == "\(round)")
        #expect(value("key", of: "a", at: engine) == "\(round)")
      }
    }
    #expect(Set(pump.engines.map(\.fingerprint)).count == 1)
    for engine in pump.engines { #expect(engine.liveMemberCount == 4) }
  }

  @Test func `a cluster without any datagram goes on by streams`() throws {
    var pump = pump()
    pump.isLost = { _ in true }
    for round in 1...3 {
      for index in 0..<4 { try pump.set(index, "key", "\(round)") }
      pump.run(for: .seconds(20))
      for engine in pump.engines {
        for name in ["a", "b", "c", "d"] {
          #expect(value("key", of: name, at: engine) == "\(round)")
        }
        #expect(engine.liveMemberCount == 4)
      }
    }
  }

  @Test func `while nothing changes it costs few streams`() {
    var pump = pump()
    pump.run(for: .seconds(60))
    let before = pump.engines.map(\.metrics.streamFallbacks)
    pump.run(for: .seconds(600))
    for (engine, count) in zip(pump.engines, before) {
      // One in eight intervals at most to each of three members.
      #expect(engine.metrics.streamFallbacks - count <= 3 * 150)
    }
    #expect(pump.engines[0].metrics.streamFallbacks - before[0] >= 50)
  }

  @Test func `no stream is opened for it any more when its datagrams are back`() {
    var pump = pump()
    pump.run(for: .seconds(60))
    pump.isLost = { _ in false }
    pump.run(for: .seconds(10))
    let before = pump.engines.map(\.metrics.streamsOut)
    pump.run(for: .seconds(600))
    #expect(pump.engines.map(\.metrics.streamsOut) == before)
  }
}
