import Grapevine
import GrapevineCore
import GrapevineTransport
import Testing

extension HostileTests {
  /// What comes back to an address that is no member's.
  ///
  /// At most eight times what came from it, or one packet: for all kinds and many senders that is
  /// shown on engines; here it is on real sockets.
  @Suite(.nodesStay) struct Amplification {
    @Test func `No packet of a stranger brings back more than eight times its bytes`()
      async throws
    {
      let arena = try await Arena()
      let key = MemberKey(arena.victimID)
      // So that there is something to say: for the node itself, and for the members that it knows.
      try await arena.victim.ask("fill 100 300", answer: "filled")
      for index in 0..<50 {
        try arena.honest[0].set("key-\(index)", [UInt8](repeating: 1, count: 500))
      }
      try await arena.exchange()
      let socket = RawDatagrams()
      var worst = (sent: 1, answered: 0, kind: UInt8(0))
      let senders = arena.honest.map(\.id) + [MemberID(name: "stranger", generation: 1)]
      for sender in senders {
        for packet in Self.questions(of: sender, to: key, arena.honest.map(\.id)) {
          socket.send(packet, to: arena.target)
          let answered = socket.settle(arena.target, of: key).reduce(0) { $0 + $1.count }
          #expect(answered <= max(8 * packet.count, 1_400), "kind \(packet[3])")
          if answered * worst.sent > worst.answered * packet.count {
            worst = (packet.count, answered, packet[3])
          }
        }
      }
      print("hostile: amplification: at most \(worst.answered) bytes for \(worst.sent)")
      #expect(worst.answered > 500, "there was nothing to say")
    }

    private static func questions(
      of sender: MemberID,
      to key: MemberKey,
      _ members: [MemberID]
    ) -> [[UInt8]] {
      let forger = Forger(sender)
      let keys = members.map { MemberKey($0) } + [key]
      let gap = Forger.Claim(base: 90_000, end: 90_001, entries: [(90_001, "key", [1])])
      let lies = members.map { Forger.section($0, isNamed: false, nil, gap) }
      return [
        forger.heartbeat(), forger.digest(), forger.digest(Forger.entries()),
        forger.digest(Forger.sum(1, members: 5)),
        forger.digest(Forger.entries(keys, version: 0, hash: 0, isWanted: true)),
        forger.digest(Forger.entries(keys, version: 0)),
        forger.digest(Forger.entries(keys + (1...50).map { MemberKey(rawValue: $0) })),
        forger.delta([.final, .more], lies[0], lies[1]), forger.push(lies[0], lies[1]),
        forger.ping(key), forger.ping(key, Forger.emptySection(key)),
        forger.packet(.pingRequest, Forger.pingBody(keys[0], 3)),
        forger.packet(.pingRequest, Forger.pingBody(key, 3)),
        forger.packet(.ack, Forger.pingBody(key, 3)),
        forger.packet(.request, [1, 2, 3, 4, Inquiry.versionTopic]),
        forger.packet(.reply, [1, 2, 3, 4, Inquiry.versionTopic, 9]),
      ]
    }

    @Test func `No stream brings back more before it has greeted as it should`() async throws {
      let arena = try await Arena()
      try await arena.victim.ask("fill 100 300", answer: "filled")
      let hello = Forger("stranger").hello()
      let twin = Forger(MemberID(name: "victim", generation: 1))
      let garbage = [UInt8](repeating: 0x47, count: 200)
      let digest = Forger.frame(.digest, Forger.entries())
      let questions: [[UInt8]] = [
        [], [1], Array(hello.dropLast()), garbage, digest, digest + hello,
        Forger("stranger").hello(label: 99), Forger("stranger").hello(.ping),
        twin.hello(), twin.hello(.ping),
        Array(hello.prefix(4)) + [0x67, 9, 9] + hello.dropFirst(7),
        Forger.frame(.done), Forger.frame(.refusal, [1]), Forger.frame(.leaveAcknowledged),
      ]
      let streams = questions.map { question -> RawStream in
        let stream = RawStream(to: arena.target)
        stream.sendAll(question)
        return stream
      }
      for (question, stream) in zip(questions, streams) {
        let answer = try #require(stream.readToEnd(within: Arena.streamTimeout * 6), "\(question)")
        #expect(answer.count <= max(8 * question.count, 1_400), "\(question)")
      }
      try await arena.exchange()
    }
  }
}
