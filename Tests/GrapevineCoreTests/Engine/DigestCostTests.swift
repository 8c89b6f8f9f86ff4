import Allocations
import GrapevineCore
import Testing

/// What the answer to a digest costs, and what it says, where far more is owed than it can hold.
@Suite(.timeLimit(.minutes(1))) struct DigestCostTests {
  private let stranger = Stranger()

  /// A node that knows the stranger, and `count` members more with entries of so many bytes.
  private func engine(
    knowing count: Int,
    valueSize: Int? = nil,
    entryCount: Version = 1
  ) -> Engine {
    var engine = Engine.alone()
    engine.hear(stranger.packet(.delta, [0] + stranger.section()))
    for index in 0..<count {
      let id = MemberID(name: "member-\(index)", generation: 1)
      engine.hear(stranger.packet(.delta, [0] + Stranger.section(of: id)))
      guard let valueSize else { continue }
      let value = String(repeating: "v", count: valueSize)
      let entries = (1...entryCount).map { Samples.entry("key-\($0)", value, at: $0) }
      let section = HandMadeSection(end: entryCount, entries: entries)
      engine.hear(stranger.packet(.delta, [0] + section.bytes(MemberKey(id))))
    }
    _ = engine.packets()
    return engine
  }

  /// A digest of the stranger's, who knows nobody.
  private var nobody: [UInt8] {
    var body: [UInt8] = []
    DigestRange(lower: .lowest, upper: .highest, body: .entries(count: 0)).write(to: &body)
    return stranger.packet(.digest, body)
  }

  private func answer(_ engine: inout Engine) throws -> (size: Int, deltas: [[UInt8]]) {
    let size = try Allocations.count { engine.hear(nobody) }.size
    let packets = engine.packets().filter { $0[3] == PacketKind.delta.rawValue }
    return (size, packets)
  }

  private func flags(_ packets: [[UInt8]]) -> [Delta.Flags] {
    packets.map { Delta.Flags(rawValue: $0[PacketHeader.size]) }
  }

  @Test func `who knows nobody is told as much by a large table as by one that fills the answer`()
    throws
  {
    var small = engine(knowing: 400)
    var large = engine(knowing: 8_000)
    _ = try answer(&small)
    _ = try answer(&large)
    let first = try answer(&small)
    let second = try answer(&large)
    for packet in second.deltas { #expect((1_300...1_400).contains(packet.count)) }
    let expected = [Delta.Flags](repeating: [], count: 6) + [[.final, .more]]
    #expect(flags(first.deltas) == expected && flags(second.deltas) == expected)
    // What is looked at is listed, which takes memory: of all it would be twenty times as much.
    #expect(second.size < 3 * first.size, "\(second.size), \(first.size)")
  }

  @Test func `members that are not listed count by the size of those that are`() throws {
    // At most 339 are listed; streams begin at 32,768 bytes of state.
    var few = engine(knowing: 400, valueSize: 30)
    #expect(try flags(answer(&few).deltas).last == [.final, .more])
    var many = engine(knowing: 2_000, valueSize: 30)
    #expect(try flags(answer(&many).deltas) == [[.final, .more, .stream]])
    var bare = engine(knowing: 2_000)
    #expect(try flags(answer(&bare).deltas).last == [.final, .more])
  }

  @Test func `who can get no stream hears of a thousand members by packets`() {
    var pump = Pump()
    pump.isStreamLost = { _, _ in true }
    let old = pump.add("old")
    let new = pump.add("new")
    for index in 0..<1_000 {
      let id = MemberID(name: "member-\(index)", generation: 1)
      pump.engines[old].hear(stranger.packet(.delta, [0] + Stranger.section(of: id)), now: pump.now)
    }
    pump.settle()
    pump.engines[new].hear(
      stranger.packet(
        .delta,
        [0] + Stranger.section(of: pump.engines[old].localID, at: pump.engines[old].localEndpoint)
      ),
      now: pump.now
    )
    pump.run(for: .seconds(2))
    #expect(pump.engines[new].memberCount > 1_000)
  }

  @Test func `who has no room for more members hears of those that it knows`() throws {
    // Of each of the others a part fits, whose rest is no news of one that is known.
    var engine = engine(knowing: 200, valueSize: 40, entryCount: 3)
    let known = MemberID(name: "member-7", generation: 1)
    // The stranger knows this one alone, and not its entry.
    let standing = try #require(engine.standing(of: MemberKey(known)))
    var body: [UInt8] = []
    DigestRange(lower: .lowest, upper: .highest, body: .entries(count: 1)).write(to: &body)
    DigestEntry(key: MemberKey(known), progress: .none, standingHash: standing.shortHash)
      .write(to: &body)
    engine.hear(stranger.packet(.digest, body))
    let deltas = engine.packets().filter { $0[3] == PacketKind.delta.rawValue }
    #expect(deltas.count == 7)
    let keys = try deltas.map { packet in
      var reader = WireReader(PacketHeader.size + 1..<packet.count)
      var keys: [MemberKey] = []
      while !reader.isAtEnd { keys.append(try Section.read(packet.span, &reader).key) }
      return keys
    }
    #expect(keys.last?.first == MemberKey(known))
  }

  @Test func `of many that one packet accuses as many are told as packets may follow`() {
    var engine = engine(knowing: 20)
    let ids = (0..<20).map { MemberID(name: "member-\($0)", generation: 1) }
    var body: [UInt8] = [0]
    for id in ids {
      let accuser = MemberKey(rawValue: 1)
      body += Stranger.section(of: id, Standing(incarnation: 1, accusers: [accuser]))
      body += Stranger.section(of: id, Standing(incarnation: 2))
    }
    engine.hear(stranger.packet(.delta, body))
    #expect(engine.packets().count { $0[3] == PacketKind.ping.rawValue } == 6)
  }

  @Test func `one that is accused again and again by one packet is told once`() {
    var engine = engine(knowing: 20)
    let ids = (0..<20).map { MemberID(name: "member-\($0)", generation: 1) }
    var body: [UInt8] = [0]
    // Three, as of four none is told; each is said to live on, time and again.
    for incarnation in 1...9 as ClosedRange<UInt64> {
      for id in ids.prefix(3) {
        body += Stranger.section(
          of: id,
          Standing(incarnation: incarnation, accusers: [MemberKey(rawValue: incarnation)])
        )
      }
    }
    engine.hear(stranger.packet(.delta, body))
    let pings = engine.packets().filter { $0[3] == PacketKind.ping.rawValue }
    #expect(pings.count == 3)
  }
}
