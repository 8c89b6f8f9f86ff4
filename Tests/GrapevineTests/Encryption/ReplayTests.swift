import Grapevine
import GrapevineCore
import GrapevineEncryption
import GrapevineTransport
import Testing

extension EncryptionTests {
  /// What can be done with what was heard.
  @Suite(.nodesStay) struct Replay {
    @Test(.hearsAll) func `What was heard is refused when it comes again, and counted`()
      async throws
    {
      let tap = try WireTap()
      let ring = try TestKeyring(.random())
      let pair = try await makeCluster("alice", "bob") { $0.sealer = ring }
      let target = pair[0].address
      try await eventually("some were heard") { tap.datagrams(to: target.port).count > 50 }
      let packets = tap.datagrams(to: target.port)
      let streams = tap.streams(to: target.port)
      #expect(streams.count >= 1)
      let socket = RawDatagrams()
      for packet in packets { socket.send(packet, to: target) }
      for bytes in streams {
        let stream = RawStream(to: target)
        stream.sendAll(bytes)
        #expect(try #require(stream.readToEnd()).isEmpty)
      }
      try await eventually("all are refused") {
        pair[0].sealingMetrics?.refusedPackets[.replayed] == packets.count
      }
      #expect(pair[0].sealingMetrics?.refusedStreams[.replayed] == streams.count)
      #expect(socket.receiveAll().isEmpty)
      #expect(pair.allSatisfy { $0.liveMemberCount == 2 })
    }

    /// What docs/security.md says of a receiver that has forgotten: a greeting is heard once more,
    /// and nothing that came after it.
    @Test(.hearsAll)
    func `A stream that is brought to a node that starts anew ends after its greeting`()
      async throws
    {
      let tap = try WireTap()
      let witness = WitnessKeyring(try TestKeyring(.random()))
      let pair = try await makeCluster("alice", "bob") { $0.sealer = witness }
      let port = pair[0].address.port
      func greetingSize(_ bytes: [UInt8]) -> Int { 34 + Int(bytes[32]) + Int(bytes[33]) << 8 }
      try await eventually("more than the greeting was heard") {
        guard let bytes = tap.streams(to: port).first, bytes.count > 34 else { return false }
        return bytes.count > greetingSize(bytes)
      }
      let streams = tap.streams(to: port)
      #expect(streams.count == 1)
      let whole = try #require(streams.first)
      pair[0].close()

      let carol = try makeNode("carol") { $0.sealer = witness }
      let greeting = RawStream(to: carol.address)
      greeting.sendAll(Array(whole.prefix(greetingSize(whole))))
      // It answers, and waits for more until it gives up.
      let answer = try #require(greeting.readToEnd())
      #expect(answer.count > SealHead.size)
      // What it answered was sealed with a key that nobody had used for the first answer.
      #expect(witness.repeated == [] && witness.count > 0)
      let again = RawStream(to: carol.address)
      again.sendAll(whole)
      #expect(try #require(again.readToEnd()).isEmpty)
      #expect(carol.sealingMetrics?.refusedStreams[.replayed] == 1)

      let dave = try makeNode("dave") { $0.sealer = witness }
      let stream = RawStream(to: dave.address)
      stream.sendAll(whole)
      _ = try #require(stream.readToEnd())
      #expect(dave.sealingMetrics?.refusedStreams[.badTag] == 1)
      #expect(carol.memberCount == 1 && dave.memberCount == 1)
    }

    @Test func `No number is used twice under a key, whoever shares it and starts again`()
      async throws
    {
      let witness = WitnessKeyring(try TestKeyring(.random()))
      let names = ["alice", "bob", "carol"]
      var nodes: [Node] = []
      for round in 0..<3 {
        nodes.forEach { $0.close() }
        nodes = []
        for name in names {
          let node = try makeNode(name) { configuration in
            configuration.sealer = witness
            // The same life again: nothing but the session tells it from the one before.
            configuration.generation = 1
          }
          if let first = nodes.first { try await node.join([first.address.description]) }
          nodes.append(node)
        }
        let large = [UInt8](repeating: UInt8(round), count: 300_000)
        for node in nodes { try node.set("large", large) }
        try await eventually("all have all") {
          nodes.allSatisfy { node in
            names.allSatisfy { node.value(of: "large", member: $0) == large }
          }
        }
      }
      #expect(witness.repeated == [])
      #expect(witness.count > 200)
    }
  }
}
