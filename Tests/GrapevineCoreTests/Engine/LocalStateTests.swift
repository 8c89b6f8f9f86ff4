import GrapevineCore
import Testing

/// What a user may do to the own state, and what time does to it.
struct LocalStateTests {
  @Test func `keys of the reserved space are refused, and others like them are not`() throws {
    var engine = Engine.alone()
    let reserved = ReservedKeys.prefix + "x"
    #expect(throws: StateError.reservedKey(key: reserved)) {
      try engine.update([.set("a", to: "b"), .set(reserved, to: "v")], now: Engine.start)
    }
    #expect(throws: StateError.reservedKey(key: ReservedKeys.prefix)) {
      try engine.update([.delete(key: ReservedKeys.prefix)], now: Engine.start)
    }
    #expect(engine.version(of: "node") == 0)
    let like = String(ReservedKeys.prefix.dropLast())
    #expect(try engine.update([.set(like, to: "v")], now: Engine.start) == 1)
  }

  @Test func `keys, values and entries up to their limits are taken, and one past is not`() throws {
    var configuration = GossipConfiguration()
    configuration.keySizeLimit = 4
    configuration.valueSizeLimit = 8
    configuration.entryLimit = 2
    var engine = Engine.alone("node", configuration)
    let now = Engine.start
    #expect(throws: StateError.emptyKey) { try engine.update([.set("", to: "v")], now: now) }
    #expect(throws: StateError.keyTooLong(key: "éééa", size: 7, limit: 4)) {
      try engine.update([.set("éééa", to: "v")], now: now)
    }
    #expect(throws: StateError.valueTooLarge(key: "k", size: 9, limit: 8)) {
      try engine.update([.set("k", to: "123456789")], now: now)
    }
    // Twice the same key in a batch is one entry; the version counts both.
    _ = try engine.update([.set("éé", to: "1234567"), .set("éé", to: "12345678")], now: now)
    _ = try engine.update([.set("b", to: "")], now: now)
    #expect(throws: StateError.tooManyEntries(limit: 2)) {
      try engine.update([.set("c", to: "v")], now: now)
    }
    _ = try engine.update([.delete(key: "b"), .set("éé", to: "new")], now: now)
    #expect(throws: StateError.tooManyEntries(limit: 2)) {
      try engine.update([.set("c", to: "v")], now: now)
    }
    #expect(engine.version(of: "node") == 5)
  }

  @Test func `a key is deleted when its time is over, unless it was set again`() throws {
    var engine = Engine.alone()
    var now = Engine.start
    func set(_ key: String, _ seconds: Int?) throws {
      let duration = seconds.map { Duration.seconds($0) }
      _ = try engine.update([.set(key: key, value: [1], timeToLive: duration)], now: now)
    }
    for key in ["short", "kept", "later"] { try set(key, 2) }
    now = now + .seconds(1)
    try set("kept", nil)
    try set("later", 2)
    #expect(engine.version(of: "node") == 3)
    engine.advance(to: now)
    now = now + .seconds(1)
    #expect(engine.entry("short", of: "node") != nil)
    engine.advance(to: now)
    #expect(engine.entry("short", of: "node") == nil && engine.entry("later", of: "node") != nil)
    now = now + .seconds(1)
    engine.advance(to: now)
    #expect(engine.entry("later", of: "node") == nil && engine.entry("kept", of: "node") != nil)
    #expect(engine.version(of: "node") == 5)
    #expect(throws: StateError.timeToLiveNotPositive(key: "k", timeToLive: .zero)) {
      try engine.update([.set(key: "k", value: [], timeToLive: .zero)], now: now)
    }
    try set("far", Int(Int64.max))
    engine.advance(to: now)
    #expect(engine.nextDeadline > now)
  }

  @Test func `tombstones are compacted when enough of them are old enough`() throws {
    var configuration = GossipConfiguration()
    configuration.compactThreshold = 3
    configuration.memberExpiry = .seconds(60)
    var engine = Engine.alone("node", configuration)
    var now = Engine.start
    let deleted = { (engine: Engine) in
      engine.localMember(now: now).allEntries.filter(\.isDeleted).map(\.key)
    }
    // One tombstone is a key's that is set again: it counts for nothing.
    for key in ["again", "a", "b"] {
      _ = try engine.update([.set(key, to: "v"), .delete(key: key)], now: now)
    }
    _ = try engine.update([.set("again", to: "v")], now: now)
    now = now + .seconds(30)
    _ = try engine.update([.set("c", to: "v"), .delete(key: "c")], now: now)
    now = now + .seconds(31)
    engine.advance(to: now)
    #expect(deleted(engine) == ["a", "b", "c"])
    now = now + .seconds(28)
    engine.advance(to: now)
    #expect(deleted(engine) == ["a", "b", "c"])
    now = now + .seconds(2)
    engine.advance(to: now)
    #expect(deleted(engine) == [])
    #expect(engine.entry("again", of: "node") != nil && engine.version(of: "node") == 9)
    engine.checkInvariants()
  }

  @Test func `seeds that are no live members are heard from every second round`() {
    var engine = Engine.alone()
    let member = Stranger()
    let other = Endpoint(ipv4: 0x0C00_0002, port: 9_000)
    engine.hear(member.packet(.delta, [0] + member.section()))
    engine.addSeeds(
      [Stranger.endpoint, other, engine.localEndpoint, other],
      now: Engine.start
    )
    var targets: [Endpoint] = []
    var now = Engine.start
    var buffer: [UInt8] = []
    for _ in 0..<40 {
      now = now + .seconds(1)
      engine.advance(to: now)
      while let target = engine.nextDatagram(into: &buffer) { targets.append(target) }
    }
    #expect(targets.count { $0 == other } == 20)
    #expect(!targets.contains(engine.localEndpoint))
  }
}
