import GrapevineCore
import Testing

/// Each reason by which what a peer sent is dropped and counted; none is answered.
struct DropTests {
  private let stranger = Stranger()

  private func expectDrop(
    _ reason: Metrics.DropReason,
    _ packet: [UInt8],
    _ configuration: GossipConfiguration = .init()
  ) {
    var engine = Engine.alone("node", configuration)
    let fingerprint = engine.fingerprint
    engine.hear(packet)
    #expect(engine.metrics.drops[reason] == 1)
    #expect(engine.metrics.drops.total == 1)
    #expect(engine.fingerprint == fingerprint)
    #expect(engine.packets() == [] && engine.pulledEvents() == [])
  }

  private func heartbeat(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
    var body: [UInt8] = []
    Heartbeat(fingerprint: 5, memberCount: 3, isScheduled: true).write(to: &body)
    var packet = stranger.packet(.heartbeat, body)
    change(&packet)
    return packet
  }

  @Test func `what is no packet of this cluster is counted by its reason`() {
    expectDrop(.tooShort, [])
    expectDrop(.tooShort, heartbeat { $0.removeLast($0.count - 15) })
    expectDrop(.wrongMagic, heartbeat { $0[0] = 0x16 })
    expectDrop(.wrongVersion, heartbeat { $0[1] = 2 })
    expectDrop(.sealed, heartbeat { $0[0] = 0x53 })
    expectDrop(.sealed, heartbeat { $0[2] = 1 })
    expectDrop(.wrongLabel, heartbeat { $0[4] = 1 })
    for kind in [0, 10, 11, 255] as [UInt8] { expectDrop(.unknownKind, heartbeat { $0[3] = kind }) }
    expectDrop(.malformed, heartbeat { $0.append(0) })
    expectDrop(.malformed, heartbeat { $0[2] = 0x80 })
  }

  @Test func `a name that is not UTF-8, or not the key's, is dropped`() {
    let section = stranger.section()
    var broken = section
    broken[16] = 0xFF
    expectDrop(.notUTF8, stranger.packet(.delta, [0] + broken))
    broken[16] = UInt8(ascii: "S")
    expectDrop(.malformed, stranger.packet(.delta, [0] + broken))
  }

  @Test func `a ping for another, and a request to ping someone unknown, are misdirected`() {
    var ping: [UInt8] = []
    Ping(sequence: 7, target: MemberKey(rawValue: 5)).writeHead(to: &ping)
    expectDrop(.misdirected, stranger.packet(.ping, ping))
    expectDrop(.misdirected, stranger.packet(.pingRequest, ping))
    expectDrop(.malformed, stranger.packet(.pingRequest, ping + [0]))
  }

  @Test func `a question of an unknown topic is dropped`() {
    expectDrop(.unknownKind, stranger.packet(.request, [1, 0, 0, 0, 3]))
    expectDrop(.unknownKind, stranger.packet(.reply, [1, 0, 0, 0, 3, 9]))
  }

  @Test func `a push without hops or without a section is malformed`() {
    var body: [UInt8] = []
    PushHead(hops: 1, arc: Arc(lower: .lowest, upper: .highest)).write(to: &body)
    expectDrop(.malformed, stranger.packet(.push, body))
    body[0] = 0
    expectDrop(.malformed, stranger.packet(.push, body + stranger.section()))
  }

  @Test func `an own packet from elsewhere is dropped`() {
    var engine = Engine.alone()
    engine.advance(to: Engine.start)
    let packet = Stranger(id: engine.localID).packet(.heartbeat, [UInt8](repeating: 0, count: 9))
    engine.hear(packet)
    #expect(engine.metrics.drops[.fromSelf] == 1 && engine.packets() == [])
  }

  @Test func `a section about an unknown member without its name is a gap`() {
    var bytes: [UInt8] = [0]
    let head = Section.begin(MemberKey(rawValue: 5), in: &bytes)
    Section.end(head, in: &bytes)
    expectDrop(.gap, stranger.packet(.delta, bytes))
  }

  @Test func `an earlier life of a known name is stale`() {
    var engine = Engine.alone()
    let late = Stranger(id: MemberID(name: "stranger", generation: 9))
    engine.hear(stranger.packet(.delta, [0] + late.section()))
    engine.hear(stranger.packet(.delta, [0] + stranger.section()))
    #expect(engine.metrics.drops[.stale] == 1 && engine.metrics.drops.total == 1)
    #expect(engine.member(named: "stranger", now: Engine.start)?.generation == 9)
  }

  @Test func `state beyond what is held is a gap, and what may lose a deletion is refused`() {
    var engine = Engine.alone()
    let key = MemberKey(stranger.id)
    engine.hear(stranger.packet(.delta, [0] + stranger.section()))
    let entry = Samples.entry("key", "value", at: 3)
    let first = HandMadeSection(end: 3, entries: [entry])
    engine.hear(stranger.packet(.delta, [0] + first.bytes(key)))
    #expect(engine.version(of: "stranger") == 3)
    let far = HandMadeSection(base: 7, end: 9, entries: [Samples.entry("a", "b", at: 8)])
    engine.hear(stranger.packet(.delta, [0] + far.bytes(key)))
    #expect(engine.metrics.drops[.gap] == 1)
    let compacted = HandMadeSection(compacted: 5, end: 9, entries: [entry])
    engine.hear(stranger.packet(.delta, [0] + compacted.bytes(key)))
    #expect(engine.metrics.drops[.refused] == 1)
    #expect(engine.metrics.drops.total == 2 && engine.version(of: "stranger") == 3)
  }

  @Test func `members up to the limit are taken, and the next is refused`() {
    var configuration = GossipConfiguration()
    configuration.memberLimit = 3
    var engine = Engine.alone("node", configuration)
    for name in ["one", "two", "three", "four"] {
      let section = Stranger.section(of: MemberID(name: name, generation: 1))
      engine.hear(stranger.packet(.delta, [0] + section))
    }
    #expect(engine.memberCount == 3)
    #expect(engine.metrics.drops[.limit] == 2 && engine.metrics.stateRefused == 2)
    let third = MemberID(name: "three", generation: 1)
    let refusals = engine.pulledEvents().suffix(2)
    #expect(refusals.last == .stateRefused(third, limit: "memberLimit"))
    #expect(refusals.first == .member(.joined(MemberID(name: "two", generation: 1))))
    engine.checkInvariants()
  }

  @Test func `entries up to the limit are taken, and the next is refused and told once`() {
    var configuration = GossipConfiguration()
    configuration.entryLimit = 1
    configuration.keySizeLimit = 40
    configuration.valueSizeLimit = 4
    let key = MemberKey(stranger.id)
    let long = String(repeating: "k", count: 41)
    // And those by which an owner says something to the library.
    let last = Version(1 + ReservedKeys.count)
    let taken = (1...last).map { Samples.entry("key-\($0)", "1234", at: $0) }
    let beyond = [
      Samples.entry("c", "v", at: last + 1), Samples.entry(long, "v", at: last + 1),
      Samples.entry("key-1", "value", at: last + 1),
    ]
    for entry in beyond {
      var engine = Engine.alone("node", configuration)
      engine.hear(stranger.packet(.delta, [0] + stranger.section()))
      _ = engine.pulledEvents()
      for _ in 0..<2 {
        let section = HandMadeSection(end: last + 1, entries: taken + [entry])
        engine.hear(stranger.packet(.delta, [0] + section.bytes(key)))
      }
      #expect(engine.version(of: "stranger") == last)
      #expect(engine.metrics.drops[.limit] == 2)
      let refusals = engine.pulledEvents().filter {
        if case .stateRefused = $0 { true } else { false }
      }
      #expect(refusals.count == 1)
    }
  }

  @Test func `state beyond the budget is refused and told once`() {
    let key = MemberKey(stranger.id)
    func section(_ name: String, _ size: Int, _ base: Version) -> HandMadeSection {
      let value = String(repeating: "v", count: size)
      let entry = Samples.entry(name, value, at: base + 1)
      return HandMadeSection(base: base, end: base + 1, entries: [entry])
    }
    let first = stranger.packet(.delta, [0] + section("a", 350, 0).bytes(key))
    var roomy = Engine.alone("node")
    roomy.hear(stranger.packet(.delta, [0] + stranger.section()))
    roomy.hear(first)
    var configuration = GossipConfiguration()
    configuration.remoteStateLimit = roomy.stateSize
    var engine = Engine.alone("node", configuration)
    engine.hear(stranger.packet(.delta, [0] + stranger.section()))
    _ = engine.pulledEvents()
    engine.hear(first)
    #expect(engine.version(of: "stranger") == 1)
    let held = engine.stateSize
    engine.hear(stranger.packet(.delta, [0] + section("b", 1, 1).bytes(key)))
    engine.hear(stranger.packet(.delta, [0] + section("b", 1, 1).bytes(key)))
    #expect(engine.version(of: "stranger") == 1 && engine.stateSize == held)
    #expect(engine.metrics.stateRefused == 2)
    let limit = EngineEvent.stateRefused(stranger.id, limit: "remoteStateLimit")
    #expect(engine.pulledEvents().filter { $0 == limit }.count == 1)
  }
}
