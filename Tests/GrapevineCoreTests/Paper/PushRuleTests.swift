import GrapevineCore
import Testing

/// Tree push, sentence by sentence (design, section 7).
struct PushRuleTests {
  /// A cluster in which nothing but pushes, and what they cause, arrives from now on.
  private static func cluster(
    _ count: Int,
    _ configuration: GossipConfiguration = .init()
  ) -> Pump {
    var pump = Pump()
    for index in 0..<count { _ = pump.add("node-\(index)", configuration) }
    for index in 1..<count { _ = pump.join(index, to: 0) }
    pump.run(for: .seconds(6))
    pump.isLost = { $0.kind == .heartbeat }
    pump.forget()
    return pump
  }

  private static func holders(_ pump: Pump, _ key: String, of owner: Int) -> Int {
    pump.engines.count { $0.entry(key, of: "node-\(owner)") != nil }
  }

  private final class Counter {
    var count = 0
  }

  /// “64 nodes are reached in 2 hops … with N − 1 packets … It is done `redundancy` (2) times with
  /// other random choices”.
  @Test(arguments: [1, 2, 4])
  func `a change reaches all at once, in two hops at most`(redundancy: Int) throws {
    var configuration = GossipConfiguration()
    configuration.pushRedundancy = redundancy
    var pump = Self.cluster(20, configuration)
    let before = pump.now
    try pump.set(7, "key", "value")
    #expect(Self.holders(pump, "key", of: 7) == 20 && pump.now == before)
    #expect(pump.packets(.push).count == redundancy * 19)
    for index in 0..<20 where index != 7 {
      #expect((1...2).contains(pump.engines[index].metrics.pushHopsLast))
      #expect(pump.engines[index].metrics.pushesNew >= 1)
      #expect(pump.packets(.push).count { $0.to == index } == redundancy)
    }
    #expect(pump.packets(.push).allSatisfy { $0.to != 7 })
  }

  /// “so that a lost packet rarely costs a node”.
  @Test func `one lost packet of the first hop costs no node`() throws {
    var pump = Self.cluster(20)
    try pump.set(7, "probe", "value")
    let first = pump.packets(.push).filter { $0.from == 7 }.count
    for lost in 0..<first {
      pump.forget()
      pump.run(for: .seconds(1))
      let counter = Counter()
      pump.isLost = { packet in
        guard packet.kind == .push, packet.from == 7 else { return packet.kind == .heartbeat }
        counter.count += 1
        return counter.count == lost + 1
      }
      try pump.set(7, "key-\(lost)", "value")
      let count = Self.holders(pump, "key-\(lost)", of: 7)
      #expect(count == 20, "\(count) hold what packet \(lost) carried")
    }
  }

  /// “own changes are coalesced for 10 ms when more than one comes in that time”.
  @Test func `the first change goes out at once, and what follows within the pause goes together`()
    throws
  {
    var pump = Self.cluster(5)
    try pump.set(0, "a", "1")
    #expect(Self.holders(pump, "a", of: 0) == 5)
    for (index, key) in ["b", "c", "d"].enumerated() {
      pump.run(for: .milliseconds(index == 0 ? 3 : 2))
      try pump.set(0, key, "1")
    }
    #expect(Self.holders(pump, "b", of: 0) == 1)
    pump.run(for: .milliseconds(2))
    #expect(Self.holders(pump, "b", of: 0) == 1 && pump.engines[0].metrics.pushesOut >= 1)
    let pushes = pump.engines[0].metrics.pushesOut
    pump.run(for: .milliseconds(1))
    for key in ["b", "c", "d"] { #expect(Self.holders(pump, key, of: 0) == 5) }
    #expect(pump.engines[0].metrics.pushesOut == pushes + 1)
  }

  /// “at most 20 pushes per interval; beyond it … heartbeats and pulls carry them”.
  @Test(arguments: [1, 20])
  func `no more pushes go out in an interval than the limit`(limit: Int) throws {
    var configuration = GossipConfiguration()
    configuration.pushPause = .zero
    configuration.pushLimit = limit
    var pump = Self.cluster(4, configuration)
    let before = pump.engines[0].metrics.pushesOut
    for index in 0..<limit { try pump.set(0, "key-\(index)", "1") }
    #expect(pump.engines[0].metrics.pushesOut == before + limit)
    #expect(Self.holders(pump, "key-\(limit - 1)", of: 0) == 4)
    try pump.set(0, "beyond", "1")
    #expect(pump.engines[0].metrics.pushesOut == before + limit)
    #expect(Self.holders(pump, "beyond", of: 0) == 1)
    pump.isLost = { _ in false }
    pump.run(for: .seconds(1))
    #expect(Self.holders(pump, "beyond", of: 0) == 4)
    pump.isLost = { $0.kind == .heartbeat }
    try pump.set(0, "again", "1")
    #expect(Self.holders(pump, "again", of: 0) == 4)
  }

  /// “and for changes larger than a packet, heartbeats and pulls carry them”.
  @Test func `a change that fills a packet is pushed, and one byte more is left to heartbeats`()
    throws
  {
    var pump = Self.cluster(4)
    var largest = 0
    for size in 1_280..<1_380 {
      pump.run(for: .milliseconds(200))
      pump.forget()
      try pump.set(0, "k", String(repeating: "v", count: size))
      guard !pump.packets(.push).isEmpty else { break }
      largest = pump.packets(.push).map(\.bytes.count).max() ?? 0
    }
    #expect(largest == 1_400)
    #expect(pump.packets(.push).isEmpty && pump.engines[1].entry("k", of: "node-0") != nil)
    let size = pump.engines[0].entry("k", of: "node-0")?.value.count
    #expect(pump.engines[1].entry("k", of: "node-0")?.value.count != size)
    pump.isLost = { _ in false }
    pump.run(for: .seconds(1))
    #expect(pump.engines.allSatisfy { $0.entry("k", of: "node-0")?.value.count == size })
    #expect(pump.largestDatagram <= 1_400)
  }

  /// “`push: .off` leaves pure Scuttlebutt”.
  @Test func `without push heartbeats and pulls carry everything`() throws {
    var configuration = GossipConfiguration()
    configuration.push = .off
    var pump = Self.cluster(8, configuration)
    try pump.set(0, "key", "value")
    #expect(Self.holders(pump, "key", of: 0) == 1)
    pump.isLost = { _ in false }
    pump.run(for: .seconds(2))
    #expect(Self.holders(pump, "key", of: 0) == 8)
    pump.leave(3)
    pump.run(for: .seconds(2))
    #expect(pump.engines[0].member(named: "node-3", now: pump.now)?.hasLeft == true)
    #expect(pump.engines.allSatisfy { $0.metrics.pushPacketsOut == 0 && $0.metrics.pushesOut == 0 })
  }

  /// “A change (own write, new standing, new member) is pushed at once”.
  @Test func `that a member leaves, or is new, is pushed`() {
    var pump = Self.cluster(12)
    pump.leave(5)
    for (index, engine) in pump.engines.enumerated() where index != 5 {
      #expect(engine.member(named: "node-5", now: pump.now)?.hasLeft == true)
    }
    let late = pump.add("late")
    _ = pump.join(late, to: 0)
    for (index, engine) in pump.engines.enumerated() where index != 5 && index != late {
      #expect(engine.member(named: "late", now: pump.now)?.isLive == true, "\(index)")
    }
  }

  @Test func `who joins alone does not push whom it joined, as all that it can tell know that one`()
  {
    var pump = Self.cluster(12)
    let late = pump.add("late")
    _ = pump.join(late, to: 0)
    pump.run(for: .seconds(1))
    #expect(pump.engines[late].memberCount == 13)
    #expect(pump.engines[late].metrics.pushesOut == 0)
    #expect(pump.engines[0].metrics.pushesOut > 0)
  }

  @Test func `deletions and keys that ran out are pushed`() throws {
    var pump = Self.cluster(8)
    try pump.set(0, "key", "value")
    pump.run(for: .milliseconds(100))
    _ = try pump.engines[0].update([.delete(key: "key")], now: pump.now)
    pump.settle()
    #expect(Self.holders(pump, "key", of: 0) == 0)
    pump.run(for: .milliseconds(100))
    let change = Change.set(key: "lease", value: [1], timeToLive: .milliseconds(50))
    _ = try pump.engines[0].update([change], now: pump.now)
    pump.settle()
    #expect(Self.holders(pump, "lease", of: 0) == 8)
    pump.run(for: .milliseconds(50))
    #expect(Self.holders(pump, "lease", of: 0) == 0)
  }
}

/// What is done with a push that comes in.
struct ForwardingTests {
  private static func push(_ hops: UInt8, _ sections: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    PushHead(hops: hops, arc: Arc(lower: .lowest, upper: .highest)).write(to: &bytes)
    return bytes + sections
  }

  private static func state(
    _ base: Version,
    _ end: Version,
    of key: MemberKey
  ) -> [UInt8] {
    let entry = Samples.entry("key-\(end)", "value", at: end)
    return HandMadeSection(base: base, end: end, entries: [entry]).bytes(key)
  }

  /// “a gap triggers an immediate pull of that member from the sender”.
  @Test func `what a push shows to be missing is asked for at once, once for two copies`() throws {
    var stage = Stage(3)
    let section = Self.state(5, 6, of: stage.key(2))
    stage.say(1, .push, Self.push(1, section))
    let digests = stage.packets(.digest)
    #expect(digests.count == 1 && digests.first?.member == 1)
    stage.say(1, .push, Self.push(1, section))
    stage.say(0, .push, Self.push(2, section))
    #expect(stage.packets(.digest).count == 1 && stage.engine.metrics.pullsOut == 1)
    let bytes = try #require(digests.first).bytes
    var reader = WireReader(PacketHeader.size..<bytes.count)
    let range = try DigestRange.read(bytes.span, &reader)
    #expect(range.body == .wanted(count: 1))
    let wanted = try DigestEntry.read(bytes.span, &reader)
    #expect(wanted.key == stage.key(2) && wanted.progress == .none)
    // One that goes further is another gap; and what did not come in time is asked for again.
    stage.say(0, .push, Self.push(2, Self.state(6, 7, of: stage.key(2))))
    #expect(stage.packets(.digest).count == 2 && stage.packets(.digest).last?.member == 0)
    stage.run(for: .milliseconds(25))
    stage.forget()
    stage.say(0, .push, Self.push(2, Self.state(6, 7, of: stage.key(2))))
    #expect(stage.packets(.digest).count == 1)
  }

  @Test func `a member of whom a push speaks and nobody has told is asked for`() {
    var stage = Stage(3)
    let unknown = MemberKey(MemberID(name: "unknown", generation: 1))
    stage.say(1, .push, Self.push(1, Self.state(0, 1, of: unknown)))
    #expect(stage.packets(.digest).count == 1 && stage.packets(.digest).first?.member == 1)
  }

  @Test func `what a push brings whole is applied, and nothing is asked for`() {
    var stage = Stage(3)
    stage.say(1, .push, Self.push(1, Self.state(0, 1, of: stage.key(2))))
    #expect(stage.engine.version(of: "member-2") == 1)
    #expect(stage.packets(.digest).isEmpty && stage.engine.metrics.pushesNew == 1)
  }

  @Test func `a push by someone unknown is applied, and not passed on`() {
    var stage = Stage(6)
    let stranger = Stranger()
    let section = Self.state(0, 1, of: stage.key(2))
    let packet = stranger.packet(.push, Self.push(1, section))
    stage.hear(packet)
    #expect(stage.engine.version(of: "member-2") == 1 && stage.packets(.push).isEmpty)
    #expect(stage.engine.metrics.pushPacketsIn == 1)
  }

  /// “Forwarding happens whether or not the content was new; the content is forwarded as it came”.
  @Test func `a push is passed on as it came, new or not`() {
    var stage = Stage(6)
    var section = Self.state(0, 1, of: stage.key(2))
    // A field that this version does not know.
    let head = Section.begin(stage.key(3), in: &section)
    let field = Section.begin(tag: 77, in: &section)
    section += [1, 2, 3]
    Section.end(field, in: &section)
    Section.end(head, in: &section)
    for round in 1...2 {
      stage.forget()
      stage.say(1, .push, Self.push(3, section))
      let pushes = stage.packets(.push)
      #expect(pushes.count == 6 && Set(pushes.map(\.member)).count == 6, "round \(round)")
      for push in pushes {
        #expect(push.bytes[PacketHeader.size] == 4)
        #expect(Array(push.bytes[(PacketHeader.size + PushHead.size)...]) == section)
      }
    }
    #expect(stage.engine.metrics.pushesNew == 1)
  }

  /// “a hop limit of 16”.
  @Test(arguments: [1, 16, 64])
  func `a push that has come as far as the limit goes no further`(limit: Int) {
    var configuration = Stage.wide
    configuration.pushHopLimit = limit
    var stage = Stage(6, configuration)
    let section = Self.state(0, 1, of: stage.key(2))
    for hops in [limit, limit + 1, 255] {
      stage.say(1, .push, Self.push(UInt8(hops), section))
      #expect(stage.packets(.push).isEmpty)
    }
    #expect(stage.engine.version(of: "member-2") == 1)
    guard limit > 1 else { return }
    stage.say(1, .push, Self.push(UInt8(limit - 1), section))
    #expect(stage.packets(.push).count == 6)
    #expect(stage.packets(.push).allSatisfy { $0.bytes[PacketHeader.size] == UInt8(limit) })
  }

  @Test func `a node without push takes pushes, and passes none on`() {
    var configuration = Stage.wide
    configuration.push = .off
    var stage = Stage(6, configuration)
    stage.say(1, .push, Self.push(1, Self.state(0, 1, of: stage.key(2))))
    #expect(stage.engine.version(of: "member-2") == 1 && stage.packets(.push).isEmpty)
  }

  @Test(arguments: [16, 40])
  func `pushes about members alone are passed on as far as the budget goes`(limit: Int) {
    var configuration = Stage.wide
    configuration.membershipPushLimit = limit
    var stage = Stage(6, configuration)
    let standing = Stage.section(of: stage.members[2].id, 2, Standing(incarnation: 1))
    for _ in 0..<20 { stage.say(1, .push, Self.push(1, standing)) }
    #expect(stage.packets(.push).count == limit)
    // What members say of themselves is not held up by that.
    stage.say(1, .push, Self.push(1, Self.state(0, 1, of: stage.key(2))))
    #expect(stage.packets(.push).count == limit + 6)
    // Nor is the own refutation.
    stage.forget()
    let own = stage.engine.localID
    var body: [UInt8] = []
    Ping(sequence: 5, target: MemberKey(own)).writeHead(to: &body)
    let head = Section.begin(MemberKey(own), in: &body)
    let claim = Section.Claim(
      standing: Standing(verdict: .down),
      age: 0,
      endpoint: stage.engine.localEndpoint
    )
    Section.write(claim, to: &body)
    Section.end(head, in: &body)
    stage.say(1, .ping, body)
    stage.run(for: .milliseconds(20))
    #expect(Set(stage.packets(.push).map(\.member)).count == 6)
  }
}
