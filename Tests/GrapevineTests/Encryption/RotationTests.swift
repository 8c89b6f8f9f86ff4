import Grapevine
import GrapevineEncryption
import GrapevineTransport
import Testing

extension EncryptionTests {
  /// Keys that change while the cluster is at work.
  @Suite(.nodesStay) struct Rotation {
    /// A cluster in which each node has a ring of its own, as in processes of their own.
    private struct Team {
      let nodes: [Node]
      let rings: [TestKeyring]
      let downs = Locked<[String]>([])
      private let rounds = Locked(0)

      init(_ count: Int, _ mode: SealingMode, _ makeRing: () throws -> TestKeyring) async throws {
        var nodes: [Node] = []
        var rings: [TestKeyring] = []
        for index in 0..<count {
          let ring = try makeRing()
          let node = try makeNode("node-\(index)") { configuration in
            configuration.gossip.interval = .milliseconds(100)
            configuration.sealer = ring
            configuration.sealingMode = mode
          }
          let downs = downs
          node.watch(.down) { member in downs.withLock { $0.append("\(member)") } }
          if let first = nodes.first { try await node.join([first.address.description]) }
          nodes.append(node)
          rings.append(ring)
        }
        self.nodes = nodes
        self.rings = rings
        let all = nodes
        try await eventually("all know all") { all.allSatisfy { $0.liveMemberCount == count } }
      }

      /// Has each node change something, and waits until all hold all of it.
      func update() async throws {
        let round = rounds.withLock { rounds in
          rounds += 1
          return "\(rounds)"
        }
        for node in nodes { try node.set("round", round) }
        let nodes = nodes
        try await eventually("round \(round) is everywhere") {
          nodes.allSatisfy { node in
            nodes.indices.allSatisfy { node.text(of: "round", member: "node-\($0)") == round }
          }
        }
      }

      /// Waits until all nodes know of all members that `condition` holds of what they publish.
      func agree(_ what: Comment, _ condition: (Member) -> Bool) async throws {
        let nodes = nodes
        try await eventually(what) {
          nodes.allSatisfy { $0.memberSummaries.allSatisfy(condition) }
        }
      }

      var faults: [SealingMetrics] {
        nodes.compactMap(\.sealingMetrics).filter {
          $0.refusedPackets.total > 0 || $0.refusedStreams.total > 0
        }
      }
    }

    @Test func `Sixteen live nodes change their key and lose nothing`() async throws {
      let old = TestKey.random()
      let new = TestKey.random()
      let team = try await Team(16, .require) { try TestKeyring(old) }
      try await team.agree("the old key") { $0.sealedWith == old.id }
      for ring in team.rings {
        try ring.add(new)
        try team.nodes[0].set("adding", "\(ring.keys.all.count)")
      }
      try await team.update()
      try await team.agree("all have the new key") { $0.sealing?.all.contains(new.id) == true }
      for (index, ring) in team.rings.enumerated() {
        try ring.use(new.id)
        if index % 4 == 1 { try await team.update() }
      }
      try await team.update()
      try await team.agree("all use the new key") { $0.sealedWith == new.id }
      for (index, ring) in team.rings.enumerated() {
        try ring.remove(old.id)
        if index % 4 == 1 { try await team.update() }
      }
      try await team.update()
      try await team.agree("none has the old key") { $0.sealing?.all == [new.id] }
      #expect(team.downs.withLock { $0 } == [])
      #expect(team.faults == [])
    }

    @Test func `A live plain cluster comes to require keys step by step`() async throws {
      let key = TestKey.random()
      let team = try await Team(5, .accept) { try TestKeyring(key) }
      // One that knows of no keys yet is in it, as long as nobody seals.
      let late = try makeNode("late") { $0.gossip.interval = .milliseconds(100) }
      try await late.join([team.nodes[0].address.description])
      try await eventually("all know it") { team.nodes.allSatisfy { $0.liveMemberCount == 6 } }
      #expect(team.nodes.allSatisfy { $0.member(named: "late")?.sealing == nil })
      #expect(team.nodes.allSatisfy { $0.sealingMetrics?.packetsSealed == 0 })
      try await late.leave()
      late.close()
      for mode in [SealingMode.seal, .require] {
        for node in team.nodes {
          try node.setSealingMode(mode)
          try await team.update()
        }
        try await eventually("all say \(mode)") {
          team.nodes.allSatisfy { node in
            node.members.filter(\.isLive).allSatisfy {
              $0.sealing?.mode == mode && $0.sealedWith == key.id
            }
          }
        }
      }
      #expect(team.downs.withLock { $0 } == [])
      let plain = team.nodes.compactMap(\.sealingMetrics?.packetsTakenPlain)
      try await team.update()
      #expect(team.nodes.compactMap(\.sealingMetrics?.packetsTakenPlain) == plain)
      #expect(team.faults == [])
    }

    @Test func `A key that is removed opens nothing any more`()
      async throws
    {
      let old = TestKey.random()
      let new = TestKey.random()
      let rings = [try TestKeyring(old, others: [new]), try TestKeyring(old, others: [new])]
      let nodes = try rings.indices.map { index in
        try makeNode("node-\(index)") { $0.sealer = rings[index] }
      }
      try await nodes[1].join([nodes[0].address.description])
      try rings[0].use(new.id)
      try rings[0].remove(old.id)
      try await eventually("what is sealed with it is refused") {
        (nodes[0].sealingMetrics?.refusedPackets[.unknownKey] ?? 0) > 0
      }
      await #expect(throws: NodeError.self) {
        try await nodes[1].join([nodes[0].address.description])
      }
      try rings[1].use(new.id)
      try nodes[1].set("key", "new")
      try await eventually("they talk again") {
        nodes[0].text(of: "key", member: "node-1") == "new"
      }
    }

    @Test func `A mode can't be set where there is no key`() throws {
      let node = try makeNode("plain")
      let error = #expect(throws: NodeError.self) { try node.setSealingMode(.seal) }
      #expect(error?.code == .invalidConfiguration)
      #expect(node.sealingMode == nil && node.sealingMetrics == nil)
      #expect(node.localMember.sealing == nil && node.localMember.sealedWith == nil)
    }
  }
}
