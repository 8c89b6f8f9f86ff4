import Glibc
import Grapevine
import GrapevineCore
import GrapevineTransport
import Testing

extension HostileTests {
  /// What strangers can do by tunnels to a node that takes packets by these.
  @Suite(.nodesStay) struct Tunnels {
    private func sockets(_ word: Substring, of arena: Arena) async throws -> Int {
      try await arena.victim.count(word, of: "sockets")
    }

    @Test func `A thousand connections that say nothing leave room for members`() async throws {
      let arena = try await Arena(transport: .streams)
      try await arena.withstand("1000 silent connections") {
        let streams = (0..<1_000).map { _ in RawStream(to: arena.target) }
        arena.expectClosed(streams, "of those that never say a word")
      }
      #expect(try await sockets("displaced", of: arena) > 0)
      #expect(try await sockets("late", of: arena) > 0)
      try await arena.expectNewcomer()
    }

    @Test func `A thousand tunnels leave room for members`() async throws {
      let arena = try await Arena(transport: .streams)
      try await arena.withstand("1000 tunnels") {
        for round in 0..<3 {
          let tunnels = (0..<1_000).map { RawTunnel(to: arena.target, from: address($0)) }
          for (index, tunnel) in tunnels.enumerated() {
            tunnel.send([Forger("crowd-\(round)-\(index)").heartbeat()])
          }
        }
      }
      #expect(try await sockets("taken", of: arena) > 300)
      #expect(try await sockets("displaced", of: arena) > 0)
      try await arena.expectNewcomer()
    }

    @Test func `Preambles that are none, and lengths that no packet has, end a tunnel`()
      async throws
    {
      let arena = try await Arena(transport: .streams)
      try await arena.withstand("400 tunnels of nonsense") {
        let wrong: [[UInt8]] = [
          [0x54, 9, 9, 9], TunnelFormat.preamble(of: address(1)) + [0xFF, 0xFF],
          TunnelFormat.preamble(of: address(1)) + [0, 0],
          TunnelFormat.preamble(of: address(0).with(port: 0)),
        ]
        let streams = (0..<400).map { index in
          let stream = RawStream(to: arena.target)
          stream.sendAll(wrong[index % wrong.count])
          return stream
        }
        arena.expectClosed(streams, "of those that talk nonsense")
      }
      #expect(try await sockets("malformed", of: arena) > 300)
      try await arena.expectNewcomer()
    }

    @Test func `Preambles that trickle are cut off in time`() async throws {
      let arena = try await Arena(transport: .streams)
      let preamble = TunnelFormat.preamble(of: address(1))
      try await arena.withstand("64 preambles that trickle") {
        let streams = (0..<64).map { _ in RawStream(to: arena.target) }
        for byte in preamble.dropLast() {
          for stream in streams { stream.send([byte]) }
          RawPause.wait(Arena.streamTimeout / 5)
        }
        arena.expectClosed(streams, "of those that trickle")
      }
      #expect(try await sockets("late", of: arena) >= 64)
    }

    @Test func `Packets that come by half do not fill the memory`() async throws {
      let arena = try await Arena(transport: .streams)
      try await arena.withstand("250 packets of 64 KiB without an end") {
        let packet = TunnelFormat.frame([UInt8](repeating: 1, count: 65_507).span).dropLast()
        let tunnels = (0..<250).map { RawTunnel(to: arena.target, from: address($0)) }
        for tunnel in tunnels { tunnel.stream.sendAll(Array(packet)) }
        // 4 MiB of these are held at most.
        let end = MonotonicClock.now() + .seconds(20)
        while tunnels.count(where: { $0.stream.isClosed }) < 180, MonotonicClock.now() < end {
          RawPause.wait(.milliseconds(10))
        }
        if tunnels.count(where: { $0.stream.isClosed }) < 180 { arena.complain("all are held") }
      }
      try await arena.expectNewcomer()
    }

    @Test func `Who claims others' addresses takes nothing of theirs`() async throws {
      let arena = try await Arena(transport: .streams)
      let claimed = try #require(Endpoint(arena.honest[0].address.description))
      try await arena.withstand("tunnels in another's address") {
        for round in 0..<200 {
          let tunnel = RawTunnel(to: arena.target, from: claimed)
          let asker = Forger("asker-\(round)")
          for _ in 0..<10 { tunnel.send([asker.heartbeat(), asker.digest(Forger.entries())]) }
          // What comes back is the acceptance, and nothing that was asked for.
          RawPause.wait(.milliseconds(5))
          var buffer = [UInt8](repeating: 0, count: 4_096)
          let count = recv(tunnel.stream.descriptor, &buffer, buffer.count, 0)
          if count > TunnelFormat.acceptance.count { arena.complain("\(count) bytes came back") }
        }
      }
    }

    @Test func `Addresses that lead nowhere do not cost the tunnels of others`() async throws {
      let arena = try await Arena(transport: .streams)
      // The system takes connections there, and nobody ever answers.
      let listener = try StreamListener(bind: Endpoint(ipv4: 0, port: 0))
      let port = listener.boundEndpoint.port
      try await arena.withstand("claims of 2000 addresses that are nobody's") {
        for index in 0..<2_000 {
          let nowhere = Endpoint(ipv4: 0x7F01_0000 + UInt32(index), port: port)
          RawTunnel(to: arena.target, from: nowhere).send([Forger("lost-\(index)").heartbeat()])
        }
      }
      #expect(try await sockets("displaced", of: arena) > 0)
      #expect(try await sockets("withoutTunnel", of: arena) > 0)
      try await arena.expectNewcomer()
    }

    @Test func `Who takes tunnels and reads nothing fills neither memory nor queues`()
      async throws
    {
      let arena = try await Arena(transport: .streams)
      try await arena.victim.ask("fill 100 1000", answer: "filled")
      let deaf = DeafListeners(200)
      try await arena.withstand("200 that take tunnels and never read") {
        let askers = deaf.endpoints.map { RawTunnel(to: arena.target, from: $0) }
        let question = Forger("asker").digest(Forger.entries())
        // A dozen answers fill what waits for one that is deaf, here and in the kernel.
        for _ in 0..<8 {
          for asker in askers { asker.send([[UInt8]](repeating: question, count: 10)) }
        }
        if deaf.takenCount == 0 { arena.complain("nothing was opened to the deaf") }
        deaf.close()
      }
      #expect(try await sockets("withoutRoom", of: arena) > 0)
      try await arena.expectNewcomer()
    }
  }
}

/// An address of this machine where nobody listens.
private func address(_ index: Int) -> Endpoint {
  Endpoint(ipv4: 0x7F00_0200 + UInt32(index), port: 9)
}
