import Grapevine
import GrapevineCore
import GrapevineEncryption
import GrapevineTransport
import Testing

extension EncryptionTests {
  /// What can be read on the path.
  @Suite(.nodesStay) struct Wire {
    private static let keyText = "password-of-the-vault"
    private static let valueText = "swordfish-swordfish"

    /// Has a secret pass between two nodes by packet and by stream; returns what was heard of it.
    private func passSecret(
      _ adjust: (inout Node.Configuration) -> Void
    ) async throws -> (pieces: [WireTap.Piece], nodes: [Node]) {
      let tap = try WireTap()
      let nodes = try await makeCluster("alice", "bob") { configuration in
        configuration.gossip.label = "prod"
        adjust(&configuration)
      }
      try nodes[0].set(Self.keyText, Self.valueText)
      let large = Array(String(repeating: Self.valueText, count: 10_000).utf8)
      try nodes[1].set("large", large)
      try await eventually("both have both") {
        nodes[1].text(of: Self.keyText, member: "alice") == Self.valueText
          && nodes[0].value(of: "large", member: "bob") == large
      }
      // They go on for some rounds, so that every kind of packet that an idle pair sends is there.
      let rounds = nodes[0].metrics.heartbeatsOut + 10
      try await eventually("ten rounds") { nodes[0].metrics.heartbeatsOut >= rounds }
      return (tap.pieces(nodes[0].address.port, nodes[1].address.port), nodes)
    }

    @Test(.hearsAll) func `Nothing that is told can be read, whatever way it takes`() async throws {
      let ring = try TestKeyring(.random())
      let (pieces, nodes) = try await passSecret { $0.sealer = ring }
      let packets = pieces.filter(\.isDatagram)
      let segments = pieces.filter { !$0.isDatagram }
      #expect(packets.count > 20 && segments.reduce(0) { $0 + $1.bytes.count } > 180_000)
      for text in [Self.keyText, Self.valueText, "large", "alice", "prod"] {
        #expect(!pieces.contains { $0.contains(text) }, "\(text)")
      }
      #expect(packets.allSatisfy { $0.bytes[0] == SealHead.magic })
      let limit = GossipConfiguration().maximumPacketSize
      let largest = packets.map(\.bytes.count).max() ?? 0
      #expect(largest <= limit)
      print("encryption: \(packets.count) packets, the largest of \(largest) bytes of \(limit)")
      for node in nodes {
        let metrics = try #require(node.sealingMetrics)
        #expect(metrics.refusedPackets.total == 0 && metrics.refusedStreams.total == 0)
        #expect(metrics.packetsSentPlain == 0 && metrics.packetsTakenPlain == 0)
        #expect(metrics.packetsSealed > 0 && metrics.packetsOpened > 0)
        #expect(metrics.recordsSealed > 0 && metrics.recordsOpened > 0)
      }
    }

    /// Shows that the test above would see it.
    @Test(.hearsAll) func `Without a seal all that is told can be read`() async throws {
      let (pieces, _) = try await passSecret { _ in }
      for isDatagram in [true, false] {
        let heard = pieces.filter { $0.isDatagram == isDatagram }
        #expect(heard.contains { $0.contains(Self.valueText) })
      }
      #expect(pieces.contains { $0.contains(Self.keyText) })
    }

    @Test(.hearsAll) func `A full packet is as large as is allowed, and none is larger`()
      async throws
    {
      let tap = try WireTap()
      let ring = try TestKeyring(.random())
      let nodes = try await makeCluster("alice", "bob") { configuration in
        configuration.sealer = ring
        configuration.gossip.maximumPacketSize = 700
      }
      for round in 0..<20 {
        let changes = (0..<40).map { index in
          Change.set("\(round)-\(index)", to: String(repeating: "x", count: 8 + index))
        }
        try nodes[0].update(changes)
        let version = nodes[0].localMember.version
        try await eventually("bob has them") { nodes[1].version(of: "alice") == version }
      }
      let ports = nodes.map(\.address.port)
      let sizes = tap.pieces(ports[0], ports[1]).filter(\.isDatagram).map(\.bytes.count)
      let largest = try #require(sizes.max())
      #expect(largest <= 700 && largest > 600)
      // A heartbeat of few members is the smallest: 26 bytes, and 48 of the seal.
      #expect(sizes.min() == 26 + 48)
    }

    @Test func `A packet too small to hold a seal as well is refused`() throws {
      var configuration = Node.Configuration()
      configuration.gossip.maximumPacketSize = 559
      try configuration.validate()
      configuration.sealer = try TestKeyring(.random())
      let error = #expect(throws: InvalidConfiguration.self) { try configuration.validate() }
      #expect(error?.name == "gossip.maximumPacketSize")
      configuration.gossip.maximumPacketSize = 560
      try configuration.validate()
      configuration.gossip.valueSizeLimit = 8
      let other = #expect(throws: InvalidConfiguration.self) { try configuration.validate() }
      #expect(other?.name == "gossip.valueSizeLimit")
    }
  }
}
