import GrapevineCore
import Testing

/// “Before it, an optional `leaving` state (internal entry …) gives a window for hand-over”.
struct LeavingEntryTests {
  private static func cluster() -> Pump {
    var pump = Pump()
    for index in 0..<5 { _ = pump.add("node-\(index)") }
    for index in 1..<5 { _ = pump.join(index, to: 0) }
    pump.run(for: .seconds(3))
    return pump
  }

  private static func told(_ pump: Pump, _ engine: Int) -> Int {
    pump.events[engine].count { $0 == .member(.leaving(pump.engines[4].localID)) }
  }

  @Test func `others are told once that a member is about to leave, and see no entry of it`() throws
  {
    var pump = Self.cluster()
    try pump.engines[4].beginLeaving(now: pump.now)
    pump.settle()
    for index in 0..<4 {
      let member = try #require(pump.engines[index].member(named: "node-4", now: pump.now))
      #expect(member.isLeaving && member.isLive && !member.hasLeft && member.entries.isEmpty)
      #expect(pump.engines[index].entry(ReservedKeys.leaving, of: "node-4") == nil)
      #expect(Self.told(pump, index) == 1)
    }
    let version = pump.engines[4].version(of: "node-4")
    try pump.engines[4].beginLeaving(now: pump.now)
    try pump.set(4, "last", "word")
    pump.run(for: .seconds(3))
    #expect(pump.engines[4].version(of: "node-4") == version.map { $0 + 1 })
    for index in 0..<4 {
      #expect(Self.told(pump, index) == 1)
      #expect(pump.engines[index].entry("last", of: "node-4")?.text == "word")
    }
    #expect(pump.engines[4].localMember(now: pump.now).isLeaving)
  }

  @Test func `a newcomer is told of it, after it was told of the member`() throws {
    var pump = Self.cluster()
    try pump.engines[4].beginLeaving(now: pump.now)
    pump.run(for: .seconds(1))
    let late = pump.add("late")
    _ = pump.join(late, to: 0)
    pump.run(for: .seconds(1))
    let id = pump.engines[4].localID
    let told = pump.events[late].filter {
      $0 == .member(.joined(id)) || $0 == .member(.leaving(id))
    }
    #expect(told == [.member(.joined(id)), .member(.leaving(id))])
  }

  @Test func `one that has left is leaving no more`() throws {
    var pump = Self.cluster()
    try pump.engines[4].beginLeaving(now: pump.now)
    pump.run(for: .seconds(1))
    pump.leave(4)
    pump.run(for: .seconds(1))
    let member = try #require(pump.engines[0].member(named: "node-4", now: pump.now))
    #expect(member.hasLeft && !member.isLeaving)
    #expect(throws: StateError.hasLeft) { try pump.engines[4].beginLeaving(now: pump.now) }
  }

  @Test func `one at its limit of entries announces it, and others hold that`() throws {
    var configuration = GossipConfiguration()
    configuration.entryLimit = 2
    var pump = Pump()
    let nodes = (0..<2).map { pump.add("node-\($0)", configuration) }
    _ = pump.join(nodes[1], to: 0)
    try pump.set(1, "first", "value")
    try pump.set(1, "second", "value")
    try pump.engines[1].beginLeaving(now: pump.now)
    #expect(throws: StateError.tooManyEntries(limit: 2)) { try pump.set(1, "third", "value") }
    pump.run(for: .seconds(3))
    #expect(pump.engines[0].member(named: "node-1", now: pump.now)?.isLeaving == true)
    #expect(pump.engines[0].fingerprint == pump.engines[1].fingerprint)
  }
}

extension LeavingEntryTests {
  @Test func `one whose keys must be short can say that it leaves`() throws {
    var configuration = GossipConfiguration()
    configuration.keySizeLimit = 1
    var pump = Pump()
    for index in 0..<2 { _ = pump.add("node-\(index)", configuration) }
    _ = pump.join(1, to: 0)
    try pump.engines[1].beginLeaving(now: pump.now)
    pump.run(for: .seconds(3))
    #expect(pump.engines[0].member(named: "node-1", now: pump.now)?.isLeaving == true)
    #expect(pump.engines[0].metrics.stateRefused == 0)
  }
}
