import Grapevine
import GrapevineCore
import GrapevineTransport
import Testing

extension HostileTests {
  /// More of everything than a cluster has.
  @Suite(.nodesStay) struct Masses {
    /// What a flood is made of.
    enum Load: String, CaseIterable, CustomStringConvertible {
      /// Noise, dropped at its first byte.
      case noise
      /// Heartbeats with other fingerprints, each of which is answered.
      case heartbeats
      /// Digests and deltas, which cost the most for their size.
      case mixture

      var description: String { rawValue }
    }

    @Test(arguments: Load.allCases)
    func `A flood of packets does not keep a node from its cluster`(load: Load) async throws {
      let arena = try await Arena()
      let key = MemberKey(arena.victimID)
      let packets = Self.packets(of: load, to: key, others: arena.honest.map(\.id))
      let duration = Duration.seconds(Arena.hasFullSize ? 30 : 2)
      let seen = try await arena.counter("packets")
      let drops = try await arena.counter("drops")
      let start = MonotonicClock.now()
      let sent = Locked(0)
      try await arena.withstand("a flood of \(load)") {
        let count = try? Flood.run(packets, to: arena.target, for: duration)
        sent.withLock { $0 = count ?? 0 }
      }
      let taken = try await arena.counter("packets") - seen
      let seconds = Double(MonotonicClock.now().since(start)) / 1e9
      let count = sent.withLock { $0 }
      print(
        """
        hostile: a flood of \(load): \(count) packets sent, \
        \(Int(Double(count) / seconds)) a second, \(taken) taken
        """
      )
      #expect(taken > count / 100)
      if load == .noise { #expect(try await arena.counter("drops") - drops > taken / 2) }
      // Nobody joined, and nobody is missing.
      #expect(try await arena.counter("known") == 3)
    }

    private static func packets(of load: Load, to key: MemberKey, others: [MemberID]) -> [[UInt8]] {
      let stranger = Forger("stranger")
      let crowd = (0..<80).map { MemberKey(rawValue: UInt64($0) << 56) }
      switch load {
      case .noise:
        return [[UInt8](repeating: 9, count: 100)]
      case .heartbeats:
        return [stranger.heartbeat()]
      case .mixture:
        let gap = Forger.Claim(base: 1_000, end: 1_001, entries: [(1_001, "key", [1])])
        let sections = others.flatMap { Forger.section($0, isNamed: false, nil, gap) }
        return [
          stranger.heartbeat(), stranger.digest(Forger.entries()),
          stranger.digest(Forger.entries(crowd, isWanted: true)),
          stranger.digest(Forger.entries(crowd)), stranger.delta([.final, .more], sections),
          Forger(others[0]).push(arc: Arc(lower: .lowest, upper: .highest), sections),
          stranger.ping(key), stranger.packet(.pingRequest, Forger.pingBody(key, 3)),
        ]
      }
    }

    @Test func `1600 invented members are forgotten again`() async throws {
      let arena = try await Arena()
      let socket = RawDatagrams()
      let key = MemberKey(arena.victimID)
      let inventions = Self.inventions(1_600, at: socket.endpoint.with(port: 9))
      let start = MonotonicClock.now()
      try await arena.withstand("1600 invented members", allowsDowns: true) {
        socket.send(inventions, to: arena.target, of: key)
      }
      #expect(try await arena.counter("known") > 1_000)
      var slowest: UInt64 = 0
      // The detector takes its time; that all of them go is seen with fewer, below.
      let rest = Arena.hasFullSize ? 3 : Arena.isSanitized ? 1_550 : 1_400
      while try await arena.counter("known") > rest {
        slowest = max(slowest, try await arena.exchange(within: .seconds(60)))
        try #require(MonotonicClock.now().since(start) < 600_000_000_000)
        try await Task.sleep(for: .milliseconds(20))
      }
      print(
        """
        hostile: of 1600 invented members all but \(rest - 3) are forgotten after \
        \(MonotonicClock.now().since(start) / 1_000_000) ms, news meanwhile in at most \
        \(slowest / 1_000_000) ms, memory then \(arena.watch.memory >> 20) MiB, \
        at most \(arena.watch.memoryPeak >> 20) MiB
        """
      )
      try await arena.expectVictimToLive()
      try await arena.exchange()
    }

    @Test func `No more members are held than the limit says`() async throws {
      let limit = 50
      let arena = try await Arena(options: ["member-limit=\(limit)"])
      let socket = RawDatagrams()
      let key = MemberKey(arena.victimID)
      let inventions = Self.inventions(1_600, at: socket.endpoint.with(port: 9))
      try await arena.withstand("1600 members beyond a limit of \(limit)", allowsDowns: true) {
        socket.send(inventions, to: arena.target, of: key)
      }
      #expect(try await arena.counter("known") <= limit)
      #expect(try await arena.counter("limited") >= 1_600 - limit)
      try await arena.expectLimitedStrangers(0, within: .seconds(120))
      try await arena.expectNewcomer()
    }

    /// Packets that introduce members, a few in each.
    private static func inventions(_ count: Int, at endpoint: Endpoint) -> [[UInt8]] {
      stride(from: 0, to: count, by: 10).map { first in
        let sections = (first..<min(first + 10, count)).flatMap {
          Forger.section(MemberID(name: "invented-\($0)", generation: 1), at: endpoint)
        }
        return Forger("invented-\(first)").delta(.final, sections)
      }
    }
  }
}
