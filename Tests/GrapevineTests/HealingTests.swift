import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// Names and seeds that are asked again and again, so that who lost each other finds each other.
@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct HealingTests {
  private let names = NameServer()

  /// Starts a node that asks the test's names, all of them every 100 ms.
  private func makeAsker(
    _ name: String,
    _ adjust: (inout Node.Configuration) -> Void = { _ in }
  ) throws -> Node {
    let loop = try names.makeLoop()
    return try makeNode(name) {
      $0.loop = loop
      $0.seedInterval = .milliseconds(100)
      adjust(&$0)
    }
  }

  @Test func `A name is followed where it leads later`() async throws {
    let islands = [try makeNode("a"), try makeNode("b")]
    let asker = try makeAsker("asker")
    names.set("cluster.test", islands[0])
    #expect(try await asker.join(["cluster.test:7000"]) == ["a"])
    // Not alone, and still the name is asked for again.
    try await eventually("it asks again") { names.questionCount("cluster.test") > 3 }
    #expect(asker.liveMemberCount == 2)
    names.set("cluster.test", islands[0], islands[1])
    try await eventually("all find each other") {
      (islands + [asker]).allSatisfy { $0.liveMemberCount == 3 }
    }
  }

  @Test func `A name that led nowhere when it was given is remembered`() async throws {
    let asker = try makeAsker("asker")
    let error = await #expect(throws: NodeError.self) { try await asker.join(["later.test"]) }
    #expect(error?.code == .joinFailed)
    let a = try makeNode("a")
    names.set("later.test", a)
    try await eventually("they find each other") { asker.member(named: "a")?.isLive == true }
  }

  @Test func `All addresses of a name are tried, of both families`() async throws {
    let four = try makeNode("four")
    let six = try makeNode("six") { $0.bind = "[::1]:0" }
    let asker = try makeAsker("asker") { $0.bind = ":0" }
    names.set("both.test", four, six, asker)
    #expect(try await asker.join(["both.test"]).sorted() == ["four", "six"])
  }

  @Test func `Islands that each have members grow together by a seed's name`() async throws {
    let first = try await makeCluster("a", "b")
    let second = try await makeCluster("c", "d")
    names.set("cluster.test", first[0], first[1], second[0], second[1])
    #expect((first + second).allSatisfy { $0.liveMemberCount == 2 })
    let asker = try makeAsker("asker") { $0.seeds = { ["cluster.test"] } }
    try await eventually("all know all") {
      (first + second + [asker]).allSatisfy { $0.liveMemberCount == 5 }
    }
  }

  @Test func `One whose only peer crashed asks its seeds at once`() async throws {
    let peers = [try makeNode("a"), try makeNode("b")]
    names.set("cluster.test", peers[0])
    let asker = try makeAsker("asker") {
      $0.seeds = { ["cluster.test"] }
      // Only the loss of the peer lets it ask within the test's time.
      $0.seedInterval = .seconds(3_600)
    }
    try await eventually("it finds a") { asker.liveMemberCount == 2 }
    // One more question was due while it was alone.
    try await Task.sleep(for: .milliseconds(300))
    names.set("cluster.test", peers[1])
    peers[0].close()
    try await eventually("it finds b") { asker.member(named: "b")?.isLive == true }
  }

  @Test func `One that crashed and came back elsewhere is found by its name`() async throws {
    let asker = try makeAsker("asker")
    let first = try makeNode("web")
    names.set("web.test", first)
    #expect(try await asker.join(["web.test"]) == ["web"])
    let recorder = Recorder()
    asker.watch(recorder)
    let old = first.id
    first.close()
    try await eventually("it is down") { asker.member(named: "web")?.isDown == true }
    // It knows nobody itself.
    let second = try makeNode("web")
    names.set("web.test", second)
    try await eventually("they find each other") {
      asker.member(named: "web")?.isLive == true && second.liveMemberCount == 2
    }
    try await eventually("the watcher is told") { recorder.events.count == 2 }
    #expect(recorder.events == [.down(old), .replaced(old, by: second.id)])
  }

  @Test func `One that left asks no more`() async throws {
    let a = try makeNode("a")
    names.set("cluster.test", a)
    let asker = try makeAsker("asker") { $0.seeds = { ["cluster.test"] } }
    try await eventually("it finds a") { asker.liveMemberCount == 2 }
    try await asker.leave()
    // One question may be under way.
    let count = names.questionCount("cluster.test")
    try await Task.sleep(for: .milliseconds(500))
    #expect(names.questionCount("cluster.test") <= count + 1)
    #expect(asker.localMember.hasLeft)
  }

  @Test(arguments: [Duration.zero, .milliseconds(9), .seconds(86_401)])
  func `An interval out of its range is refused`(_ interval: Duration) {
    let error = #expect(throws: NodeError.self) { try makeNode { $0.seedInterval = interval } }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.reason.contains("seedInterval") == true)
  }
}
