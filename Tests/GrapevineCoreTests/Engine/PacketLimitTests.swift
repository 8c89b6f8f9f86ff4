import GrapevineCore
import Testing

/// How large packets are and how many of them one may cause.
struct PacketLimitTests {
  @Test func `packets of 512 bytes carry a cluster that does not fit in one of them`() throws {
    var configuration = GossipConfiguration()
    configuration.maximumPacketSize = 512
    var pump = Pump()
    let nodes = (0..<40).map { pump.add("node-\($0)", configuration) }
    for node in nodes.dropFirst() { _ = pump.join(node, to: 0) }
    pump.run(for: .seconds(3))
    #expect(Set(pump.engines.map(\.fingerprint)).count == 1)
    let streams = pump.engines.map(\.metrics.streamsOut)
    try pump.set(3, "key", "value")
    pump.run(for: .seconds(3))
    #expect(pump.engines.allSatisfy { $0.entry("key", of: "node-3")?.text == "value" })
    #expect(pump.engines.map(\.metrics.streamsOut) == streams)
    #expect(pump.largestDatagram <= 512)
  }
}

extension PacketLimitTests {
  @Test(arguments: [1, 2, 3, 8, 64])
  func `no packet causes more than burst packets`(burst: Int) throws {
    var configuration = GossipConfiguration()
    configuration.burst = burst
    configuration.streamThreshold = 1 << 20
    let member = Stranger()
    var engine = Engine.alone("node", configuration)
    var now = Engine.start
    for index in 0..<600 {
      let value = [UInt8](repeating: 1, count: 200)
      _ = try engine.update([.set(key: "key-\(index)", value: value)], now: now)
    }
    // One that is dead and buried, of which the digest speaks as live, and one that lacks all.
    let buried = MemberID(name: "buried", generation: 1)
    let dead = Stranger.section(of: buried, Standing(verdict: .left), age: 59_999)
    engine.hear(member.packet(.delta, [0] + member.section() + dead), now: now)
    now = now + .seconds(1)
    engine.advance(to: now)
    #expect(engine.memberCount == 2)
    _ = engine.packets()
    var digest: [UInt8] = []
    DigestRange(lower: .lowest, upper: .highest, body: .entries(count: 1)).write(to: &digest)
    DigestEntry(key: MemberKey(buried), progress: .none, standingHash: 1).write(to: &digest)
    engine.hear(member.packet(.digest, digest), now: now)
    let packets = engine.packets()
    #expect(packets.count <= burst)
    #expect(packets.count >= min(burst, 7))
    #expect(packets.allSatisfy { $0.count <= 1_400 })
    #expect(engine.streamActions() == [])
    engine.hear(member.packet(.digest, []), now: now)
    engine.hear(member.packet(.delta, [1]), now: now)
    #expect(engine.packets() == [])
  }
}

extension PacketLimitTests {
  @Test(arguments: [512, 513])
  func `a push is passed on if it is no larger than own packets may be`(size: Int) throws {
    var configuration = GossipConfiguration()
    configuration.maximumPacketSize = 512
    var engine = Engine.alone("node", configuration)
    let stranger = Stranger()
    let other = MemberID(name: "other", generation: 1)
    let members = stranger.section() + Stranger.section(of: other)
    engine.hear(stranger.packet(.delta, [0] + members))
    _ = engine.packets()
    var body: [UInt8] = []
    PushHead(hops: 1, arc: Arc(lower: .lowest, upper: .highest)).write(to: &body)
    // A field that nobody knows makes it as large as it is to be.
    let head = Section.begin(MemberKey(other), in: &body)
    let field = Section.begin(tag: 77, in: &body)
    body += [UInt8](repeating: 0, count: size - PacketHeader.size - body.count)
    Section.end(field, in: &body)
    Section.end(head, in: &body)
    engine.hear(stranger.packet(.push, body))
    let packets = engine.packets().filter { $0[3] == PacketKind.push.rawValue }
    #expect(packets.map(\.count) == (size <= 512 ? [512, 512] : []))
  }

  @Test(arguments: [1, 2, 3, 4, 8])
  func `who is held for live by a peer and buried here is told of, however small the burst`(
    burst: Int
  ) throws {
    var configuration = GossipConfiguration()
    configuration.burst = burst
    let member = Stranger()
    var engine = Engine.alone("node", configuration)
    var now = Engine.start
    let buried = Stranger(id: MemberID(name: "buried", generation: 1))
    let dead = Stranger.section(of: buried.id, Standing(verdict: .down), age: 59_999)
    engine.hear(member.packet(.delta, [0] + member.section() + dead), now: now)
    now = now + .seconds(1)
    engine.advance(to: now)
    #expect(engine.memberCount == 2)
    var digest: [UInt8] = []
    DigestRange(lower: .lowest, upper: .highest, body: .entries(count: 1)).write(to: &digest)
    DigestEntry(key: MemberKey(buried.id), progress: .none, standingHash: 1).write(to: &digest)
    let delta = [1] + Stranger.section(of: buried.id, Standing())
    for packet in [member.packet(.digest, digest), buried.packet(.delta, delta)] {
      var toldCount = 0
      for _ in 0..<10 {
        now = now + .seconds(2)
        engine.advance(to: now)
        _ = engine.packets()
        engine.hear(packet, now: now)
        let packets = engine.packets()
        #expect(packets.count <= burst)
        if packets.contains(where: { Self.tells($0, of: MemberKey(buried.id)) }) { toldCount += 1 }
      }
      #expect(toldCount == 10)
    }
  }

  /// Says whether a packet has a section, or a ping, of the member.
  private static func tells(_ packet: [UInt8], of key: MemberKey) -> Bool {
    guard packet[3] == PacketKind.delta.rawValue || packet[3] == PacketKind.ping.rawValue else {
      return false
    }
    var bytes: [UInt8] = []
    bytes.appendFixed(key.rawValue, size: 8)
    let body = packet.dropFirst(PacketHeader.size)
    return body.indices.contains { body[$0...].starts(with: bytes) }
  }
}
