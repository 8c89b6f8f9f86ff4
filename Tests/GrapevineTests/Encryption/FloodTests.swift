#if Encryption
  import Grapevine
  import GrapevineCore
  import GrapevineEncryption
  import GrapevineTransport
  import Testing

  extension EncryptionTests {
    /// Masses of what has no right tag, on a node in a process of its own.
    @Suite(.nodesStay) struct Floods {
      private struct Field {
        let arena: Arena
        let ring: Keyring

        init() async throws {
          let digits = (0..<64).map { _ in String("0123456789abcdef".randomElement() ?? "0") }
            .joined()
          ring = try Keyring(try SealingKey(hexadecimal: digits))
          arena = try await Arena(options: ["key=\(digits)"], sealer: ring)
        }

        func head(_ kind: SealHead.Kind, _ random: inout Xoshiro256) -> [UInt8] {
          var bytes: [UInt8] = []
          SealHead(
            kind: kind,
            key: ring.keys.primary,
            sender: MemberKey(rawValue: random.next()),
            session: random.next(),
            number: random.next() >> 1
          ).write(to: &bytes)
          return bytes
        }
      }

      @Test(.hearsAll) func `Floods of packets that nobody sealed use up neither memory nor time`()
        async throws
      {
        let field = try await Field()
        let arena = field.arena
        let duration = Duration.seconds(Arena.hasFullSize ? 30 : 3)
        var random = Xoshiro256(seed: 11)
        let madeUp = (0..<1_024).map { index in
          field.head(.packet, &random) + [UInt8](repeating: 1, count: 40 + index)
        }
        let plain = Forger("mallory").oneOfEach(
          to: MemberKey(arena.victimID),
          at: Endpoint(ipv4: 0x7F00_0001, port: 9)
        )
        let tap = try WireTap()
        try await arena.exchange()
        let heard = try #require(tap.datagrams(to: arena.target.port).first)
        for (name, packets) in [("made up", madeUp), ("plain", plain), ("replayed", [heard])] {
          let counts = Locked(0)
          try await arena.withstand("packets that are \(name)") {
            let count = try? Flood.run(packets, to: arena.target, for: duration)
            counts.withLock { $0 = count ?? 0 }
          }
          let rate = counts.withLock { $0 } / Int(duration / .seconds(1))
          print("encryption: \(rate) packets a second that are \(name)")
          #expect(rate > 0)
        }
      }

      @Test func `Masses of streams that nobody sealed use up no memory`() async throws {
        let field = try await Field()
        let arena = field.arena
        let count = Arena.hasFullSize ? 5_000 : 1_000
        try await arena.withstand("\(count) openings that are made up") {
          var random = Xoshiro256(seed: 12)
          let streams = (0..<count).map { index -> RawStream in
            let stream = RawStream(to: arena.target)
            let rest = [UInt8](repeating: 7, count: index % 5 == 0 ? 60_000 : index % 1_042)
            stream.send(field.head(.opening, &random) + [17, 4] + rest)
            return stream
          }
          arena.expectClosed(streams, "of those that have no key")
        }
        let newcomer = try makeNode("newcomer") { configuration in
          configuration.gossip.interval = Arena.interval
          configuration.sealer = field.ring
        }
        #expect(try await newcomer.join([arena.target.description]) == ["victim"])
      }
    }
  }
#endif
