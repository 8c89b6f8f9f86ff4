import Grapevine
import GrapevineCore
import GrapevineTransport
import Testing

extension HostileTests {
  /// Packets that are broken, doubled or in the name of someone else.
  @Suite(.nodesStay) struct Packets {
    @Test func `Packets that are cut off are dropped and counted`() async throws {
      let arena = try await Arena()
      let socket = RawDatagrams()
      let forger = Forger("forger")
      let key = MemberKey(arena.victimID)
      let packets = forger.oneOfEach(to: key, at: socket.endpoint)
      let drops = try await arena.counter("drops")
      let sent = Locked(0)
      try await arena.withstand("truncated packets") {
        for packet in packets {
          let cuts = (0..<packet.count).map { Array(packet[..<$0]) }
          socket.send(cuts, to: arena.target, of: key)
          sent.withLock { $0 += cuts.count }
        }
      }
      // What is cut between two sections or ranges is whole again.
      let broken = try await arena.counter("drops") - drops
      #expect(broken >= sent.withLock { $0 } * 3 / 4, "\(broken) of \(sent.withLock { $0 })")
    }

    @Test func `Packets with bytes of chance in them do no harm`() async throws {
      let arena = try await Arena()
      let socket = RawDatagrams()
      let count = Arena.hasFullSize ? 1_000_000 : 20_000
      let key = MemberKey(arena.victimID)
      let packets = Forger("forger").oneOfEach(to: key, at: socket.endpoint)
      let seen = try await arena.counter("packets")
      try await arena.withstand("\(count) mutated packets") {
        var random = Xoshiro256(seed: 7)
        let mutated = (0..<count).lazy.map { index -> [UInt8] in
          var packet = packets[index % packets.count]
          for _ in 0...random.below(4) {
            // The magic, the version and the label stay, so that the rest is looked at.
            let place = 16 + Int(random.below(UInt64(packet.count - 16)))
            packet[place] = UInt8(truncatingIfNeeded: random.next())
          }
          return packet
        }
        socket.send(mutated, to: arena.target, of: key)
      }
      #expect(try await arena.counter("packets") >= seen + count)
      try await arena.expectLimitedStrangers(2)
    }

    @Test func `Bytes of chance are dropped`() async throws {
      let arena = try await Arena()
      let socket = RawDatagrams()
      let drops = try await arena.counter("drops")
      let key = MemberKey(arena.victimID)
      let count = 5_000
      try await arena.withstand("\(count) packets of noise") {
        var random = Xoshiro256(seed: 8)
        let noise = (0..<count).lazy.map { _ -> [UInt8] in
          let size = Int(random.below(1 << random.below(16)))
          return (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
        socket.send(noise, to: arena.target, of: key)
      }
      #expect(try await arena.counter("drops") >= drops + count)
    }

    @Test func `Packets that are played again take nothing back`() async throws {
      let arena = try await Arena()
      let socket = RawDatagrams()
      let spy = Forger("spy")
      let key = MemberKey(arena.victimID)
      // As a member the spy is sent what members send each other.
      socket.send(
        spy.delta(.final, Forger.section(spy.id, at: socket.endpoint)),
        to: arena.target
      )
      let recorded = Locked<[[UInt8]]>([])
      for value in ["old", "older"] {
        try arena.honest[0].set("key", value)
        try await arena.exchange()
        recorded.withLock { $0 += socket.receiveAll() }
      }
      let genuine = recorded.withLock { $0 }
      #expect(genuine.contains { $0[3] == PacketKind.push.rawValue }, "the spy saw no push")
      try arena.honest[0].set("key", "new")
      try await arena.withstand("\(genuine.count) packets played again 200 times") {
        for _ in 0..<200 { socket.send(genuine, to: arena.target, of: key) }
      }
      let words = try await arena.victim.ask("value honest-b key", answer: "value").words
      #expect(words[1] == "new")
    }

    @Test func `Packets in the names of members do no harm`() async throws {
      let arena = try await Arena()
      let socket = RawDatagrams()
      let stranger = MemberID(name: "stranger", generation: 1)
      let key = MemberKey(arena.victimID)
      let names = arena.honest.map(\.id) + [arena.victimID, stranger]
      let count = Arena.hasFullSize ? 10_000 : 500
      try await arena.withstand("packets forged in the names of members") {
        let spoken = [PacketKind.delta.rawValue, PacketKind.push.rawValue]
        let forged = names.flatMap { id in
          Forger(id).oneOfEach(to: key, at: socket.endpoint).filter { !spoken.contains($0[3]) }
        }
        for _ in 0..<count { socket.send(forged, to: arena.target, of: key) }
      }
      #expect(arena.honest[0].member(named: "victim")?.id == arena.victimID)
    }
  }
}

extension Arena {
  /// Waits until the attacked node knows no more than `limit` members beside the honest ones.
  func expectLimitedStrangers(
    _ limit: Int,
    within time: Duration = .seconds(20),
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let end = MonotonicClock.now() + time
    var count = try await counter("known") - 3
    while count > limit, MonotonicClock.now() < end {
      try await Task.sleep(for: .milliseconds(50))
      count = try await counter("known") - 3
    }
    #expect(count <= limit, "\(count) strangers are left", sourceLocation: sourceLocation)
  }
}
