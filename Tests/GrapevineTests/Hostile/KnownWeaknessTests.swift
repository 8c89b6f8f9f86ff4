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

    @Test func `A verdict in the names of true members stands until it is refuted`() async throws {
      let arena = try await Arena()
      let socket = RawDatagrams()
      let member = arena.honest[0]
      var standing = Standing(verdict: .down)
      standing.accuse(MemberKey(arena.honest[1].id))
      standing.accuse(MemberKey(arena.victimID))
      let section = Forger.section(member.id, isNamed: false, standing, at: member.address)
      let start = MonotonicClock.now()
      socket.send(Forger(arena.honest[1].id).push(section), to: arena.target)
      let name = "honest-b#"
      try await eventually("it is called down, and refutes that") {
        arena.victim.first("event up \(name)", after: start) != nil
      }
      let down = try #require(arena.victim.first("event down \(name)", after: start))
      let up = try #require(arena.victim.first("event up \(name)", after: start))
      print(
        "hostile: a forged verdict stands for \(up.time.since(down.time) / 1_000) µs"
      )
      #expect(up.time.since(down.time) < 2_000_000_000)
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
