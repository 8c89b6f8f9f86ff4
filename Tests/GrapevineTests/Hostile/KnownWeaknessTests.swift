import Grapevine
import GrapevineCore
import GrapevineTransport
import Testing

extension HostileTests {
  /// What an attacker can do while nothing is authenticated, as docs/security.md says.
  ///
  /// Where one of these fails since the node has become stronger, the page is to say so.
  @Suite(.nodesStay) struct KnownWeaknesses {
    @Test func `A later life of a node's name takes it over by a single stream`() async throws {
      let arena = try await Arena()
      let later = MemberID(name: "victim", generation: arena.victimID.generation + 1)
      let stream = RawStream(to: arena.target)
      stream.sendAll(Forger(later).hello())
      try await eventually("the victim falls silent") {
        arena.victim.tell("set key value")
        return arena.victim.first("failed", after: .zero) != nil
      }
    }

    @Test func `Whoever asks by stream is told all keys and values`() async throws {
      let arena = try await Arena()
      try await arena.victim.ask("set password swordfish", answer: "version")
      let stream = RawStream(to: arena.target)
      let digest = Forger.frame(.digest, Forger.entries())
      stream.sendAll(Forger("reader").hello() + digest + Forger.frame(.done))
      let answer = try #require(stream.readToEnd(within: Arena.streamTimeout * 6))
      #expect(String(decoding: answer, as: UTF8.self).contains("swordfish"))
    }

    @Test func `That a member has left is believed of anyone, and it takes a later life`()
      async throws
    {
      let arena = try await Arena()
      let socket = RawDatagrams()
      let member = arena.honest[0]
      let id = member.id
      let section = Forger.section(id, isNamed: false, Standing(verdict: .left), at: member.address)
      let start = MonotonicClock.now()
      socket.send(Forger("liar").push(section), to: arena.target)
      try await eventually("it is replaced by itself") {
        arena.victim.first("event replaced \(id)", after: start) != nil
      }
      let left = try #require(arena.victim.first("event left \(id)", after: start))
      let replaced = try #require(arena.victim.first("event replaced \(id)", after: start))
      print("hostile: a forged leave stands for \(replaced.time.since(left.time) / 1_000) µs")
      #expect(member.id.generation > id.generation)
      try await arena.exchange()
    }

    @Test func `A crash is hidden by heartbeats in the name of the dead`() async throws {
      let arena = try await Arena()
      let socket = RawDatagrams()
      let dead = arena.honest[1]
      let ghost = Forger(dead.id)
      dead.close()
      // Every node must be deceived: who is not would tell the others.
      let targets = [arena.target, arena.honest[0].address]
      let end = MonotonicClock.now() + Arena.interval * 40
      while MonotonicClock.now() < end {
        for target in targets { socket.send(ghost.heartbeat(), to: target) }
        RawPause.wait(Arena.interval / 4)
      }
      #expect(arena.victim.first("event down honest-c#", after: .zero) == nil)
      try await eventually("then it is seen") {
        arena.victim.first("event down honest-c#", after: .zero) != nil
      }
    }
  }
}
