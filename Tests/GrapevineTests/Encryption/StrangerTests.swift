import Grapevine
import GrapevineCore
import GrapevineEncryption
import GrapevineTransport
import Testing

extension EncryptionTests {
  /// What is left to who has no key, or another one.
  @Suite(.nodesStay) struct Strangers {
    private func makePair(_ ring: TestKeyring) async throws -> [Node] {
      try await makeCluster("alice", "bob") { configuration in
        configuration.gossip.streamTimeout = .milliseconds(500)
        configuration.sealer = ring
      }
    }

    private func refusals(_ node: Node) throws -> SealingMetrics {
      try #require(node.sealingMetrics)
    }

    @Test func `A node with another key can't join, and is counted`() async throws {
      let pair = try await makePair(try TestKeyring(.random()))
      let ring = try TestKeyring(.random())
      let stranger = try makeNode("mallory") { $0.sealer = ring }
      await #expect(throws: NodeError.self) {
        try await stranger.join([pair[0].address.description])
      }
      #expect(stranger.memberCount == 1 && pair.allSatisfy { $0.memberCount == 2 })
      #expect(try refusals(pair[0]).refusedStreams[.unknownKey] > 0)
      // It goes on to speak to the address by packet, as nodes do to their seeds.
      try await eventually("its packets are refused") {
        try refusals(pair[0]).refusedPackets[.unknownKey] > 0
      }
    }

    @Test func `A node of another label with the same key can't join`() async throws {
      let ring = try TestKeyring(.random())
      let pair = try await makePair(ring)
      let other = try makeNode("mallory") { configuration in
        configuration.sealer = ring
        configuration.gossip.label = "other"
      }
      await #expect(throws: NodeError.self) {
        try await other.join([pair[0].address.description])
      }
      #expect(try refusals(pair[0]).refusedStreams[.badTag] > 0)
    }

    @Test func `A node without a key can't join`() async throws {
      let pair = try await makePair(try TestKeyring(.random()))
      let plain = try makeNode("mallory")
      await #expect(throws: NodeError.self) {
        try await plain.join([pair[0].address.description])
      }
      #expect(try refusals(pair[0]).refusedStreams[.plain] > 0)
      try await eventually("its packets are refused") {
        try refusals(pair[0]).refusedPackets[.plain] > 0
      }
      #expect(plain.memberCount == 1 && pair.allSatisfy { $0.memberCount == 2 })
    }

    /// All that docs/security.md says of an attacker in a plain cluster is tried here.
    @Test func `Who has no key can neither read nor forge nor take a name over`() async throws {
      let pair = try await makePair(try TestKeyring(.random()))
      let target = pair[0].address
      try pair[0].set("password", "swordfish")
      let socket = RawDatagrams()
      let ids = pair.map(\.id)
      let before = pair[0].metrics
      var sent = 0
      for id in ids + [MemberID(name: "mallory", generation: 1)] {
        let forger = Forger(id)
        for packet in forger.oneOfEach(to: MemberKey(ids[0]), at: socket.endpoint) {
          socket.send(packet, to: target)
          sent += 1
        }
      }
      let lie = Forger.section(
        ids[1],
        isNamed: false,
        Standing(verdict: .left),
        at: pair[1].address
      )
      socket.send(Forger("liar").push(lie), to: target)
      // A later life of the node's own name, and a reader.
      let later = MemberID(name: "alice", generation: ids[0].generation + 1)
      let greetings = [Forger(later).hello(), Forger("reader").hello()]
      for greeting in greetings {
        let stream = RawStream(to: target)
        stream.sendAll(greeting + Forger.frame(.digest, Forger.entries()) + Forger.frame(.done))
        #expect(try #require(stream.readToEnd()).isEmpty)
      }
      try await eventually("all are refused") {
        try refusals(pair[0]).refusedPackets[.plain] == sent + 1
      }
      #expect(try refusals(pair[0]).refusedStreams[.plain] == greetings.count)
      #expect(socket.receiveAll().isEmpty)
      let after = pair[0].metrics
      #expect(after.drops == before.drops && after.pingsIn == before.pingsIn)
      #expect(pair.map(\.id) == ids && pair.allSatisfy { $0.liveMemberCount == 2 })
      try pair[0].set("still", "writes")
    }

    @Test(.hearsAll)
    func `Sealed packets that are changed, cut or made up are refused by their reason`()
      async throws
    {
      let tap = try WireTap()
      let ring = try TestKeyring(.random())
      let pair = try await makePair(ring)
      let port = pair[1].address.port
      try await eventually("some were heard") { tap.datagrams(to: port).count > 3 }
      let packet = tap.datagrams(to: port)[0]
      let socket = RawDatagrams()
      var badTags = 0
      var malformed = 0
      for index in packet.indices {
        var changed = packet
        changed[index] ^= 1
        // A change of the magic makes it plain, and one of the key's number an unknown key.
        switch index {
        case 1..<4: malformed += 1
        case 8...: badTags += 1
        default: continue
        }
        if index >= 32 { changed[31] ^= 0x10 }
        socket.send(changed, to: pair[1].address)
        socket.send(Array(packet[..<index]), to: pair[1].address)
        malformed += index < 64 ? 1 : 0
        badTags += index < 64 ? 0 : 1
      }
      try await eventually("all are refused") {
        try refusals(pair[1]).refusedPackets.total >= badTags + malformed
      }
      let found = try refusals(pair[1])
      #expect(found.refusedPackets[.malformed] == malformed)
      // One that is cut has a number that has come.
      let cut = found.refusedPackets[.replayed]
      #expect(found.refusedPackets[.badTag] + cut == badTags && cut > 0)
      #expect(found.sessions <= 2)
      #expect(pair.allSatisfy { $0.liveMemberCount == 2 })
    }

    /// Packets of somebody with the key, made by hand as docs/wire-format.md says.
    @Test func `Who has the key can't seal in one name and speak in another, nor count anew`()
      async throws
    {
      let ring = try TestKeyring(.random())
      let pair = try await makePair(ring)
      let socket = RawDatagrams()
      let insider = MemberID(name: "insider", generation: 1)
      func packet(_ number: UInt64, by speaker: MemberID) throws -> [UInt8] {
        let head = SealHead(
          kind: .packet,
          key: ring.keys.primary,
          sender: MemberKey(insider),
          session: 77,
          number: number
        )
        let context = Seal.context(.packets, label: [], [head])
        let cipher = try #require(ring.makeCipher(for: head.key, context: context))
        var bytes: [UInt8] = []
        head.write(to: &bytes)
        let associated = bytes
        let plain = Forger(speaker).ping(MemberKey(pair[0].id))
        #expect(
          cipher.seal(
            plain.span,
            number: number,
            authenticating: associated.span,
            into: &bytes
          )
        )
        return bytes
      }
      for (number, speaker) in [(5_000, insider), (4_999, insider), (4_999, insider)] {
        socket.send(try packet(UInt64(number), by: speaker), to: pair[0].address)
      }
      socket.send(try packet(5_001, by: pair[1].id), to: pair[0].address)
      socket.send(try packet(3_000, by: insider), to: pair[0].address)
      socket.send(try packet(.max, by: insider), to: pair[0].address)
      try await eventually("all but two are refused") {
        try refusals(pair[0]).refusedPackets.total == 4
      }
      let found = try refusals(pair[0])
      #expect(found.refusedPackets[.senderMismatch] == 1 && found.refusedPackets[.replayed] == 3)
      // Each answer is an ack of 28 bytes, sealed.
      let answers = [socket.receive(), socket.receive()].compactMap { $0 }
      #expect(answers.map(\.count) == [76, 76] && socket.receiveAll().isEmpty)
    }

    @Test func `Sessions that are made up leave nothing behind`() async throws {
      let ring = try TestKeyring(.random())
      let pair = try await makePair(ring)
      let socket = RawDatagrams()
      var random = Xoshiro256(seed: 5)
      let count = 20_000
      for index in 0..<count {
        let head = SealHead(
          kind: .packet,
          key: ring.keys.primary,
          sender: MemberKey(rawValue: random.next()),
          session: random.next(),
          number: random.next()
        )
        var packet: [UInt8] = []
        head.write(to: &packet)
        packet += [UInt8](repeating: UInt8(index % 251), count: 40 + index % 100)
        socket.send(packet, to: pair[0].address)
        // The kernel's queue is bounded, and what it loses would not be counted.
        guard index % 64 == 63 else { continue }
        try await eventually("they are taken") {
          try refusals(pair[0]).refusedPackets[.badTag] >= index / 2
        }
      }
      #expect(try refusals(pair[0]).sessions <= 2)
      try pair[1].set("news", "1")
      try await eventually("news come through") { pair[0].text(of: "news", member: "bob") == "1" }
    }

    @Test(arguments: SealingMode.allCases)
    func `A node that is busy says so as it is spoken to, and is joined when it is not`(
      mode: SealingMode
    ) async throws {
      let ring = try TestKeyring(.random())
      let busy = try makeNode("busy") { configuration in
        configuration.gossip.inboundStreamLimit = 1
        configuration.gossip.streamTimeout = .milliseconds(500)
        configuration.sealer = ring
        configuration.sealingMode = mode
      }
      let silent = RawStream(to: busy.address)
      try await eventually("its one stream is taken") { busy.metrics.streamsIn == 1 }
      let node = try makeNode("carol") { configuration in
        configuration.sealer = ring
        configuration.sealingMode = mode
      }
      #expect(try await node.join([busy.address.description]) == ["busy"])
      #expect(silent.isClosed && busy.metrics.streamsRefused > 0)
      #expect(node.sealingMetrics?.refusedStreams.total == 0)
      #expect(busy.sealingMetrics?.refusedStreams.total == 0)
    }

    @Test func `Streams that say little or nonsense are ended, and leave room for members`()
      async throws
    {
      let ring = try TestKeyring(.random())
      let pair = try await makePair(ring)
      var head: [UInt8] = []
      SealHead(
        kind: .opening,
        key: ring.keys.primary,
        sender: MemberKey(rawValue: 1),
        session: 2,
        number: 3
      ).write(to: &head)
      let openings: [[UInt8]] = [
        [], [SealHead.magic], Array(head.prefix(31)), head, head + [40], head + [40, 0],
        head + [0, 0], head + [16, 0], head + [255, 255],
        head + [17, 4] + [UInt8](repeating: 7, count: 1_041),
        head + [17, 0] + [UInt8](repeating: 7, count: 17),
        [UInt8](repeating: SealHead.magic, count: 100_000),
      ]
      // More than may be open at a time, so that some are turned away.
      let streams = (0..<15).flatMap { _ in
        openings.map { opening -> RawStream in
          let stream = RawStream(to: pair[0].address)
          stream.sendAll(opening)
          return stream
        }
      }
      try await eventually("all are ended") { streams.allSatisfy(\.isClosed) }
      #expect(try refusals(pair[0]).refusedStreams[.badTag] > 0)
      #expect(try refusals(pair[0]).refusedStreams[.malformed] > 0)
      #expect(try refusals(pair[0]).sessions <= 2)
      let newcomer = try makeNode("carol") { $0.sealer = ring }
      try await newcomer.join([pair[0].address.description])
      #expect(newcomer.memberCount == 3)
    }
  }
}
