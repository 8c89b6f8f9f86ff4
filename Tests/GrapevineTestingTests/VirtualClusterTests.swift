import GrapevineTesting
import Testing

/// What a user's own tests do with a cluster in virtual time.
struct VirtualClusterTests {
  @Test func `a cluster comes together, and a change reaches all`() throws {
    let cluster = try VirtualCluster(["a", "b", "c", "d"])
    let time = try cluster.converge()
    #expect(time > .zero && time < .seconds(5) && cluster.elapsed == time)
    for node in cluster.nodes { #expect(node.liveNames == ["a", "b", "c", "d"]) }
    try cluster["b"].set("role", "web")
    try cluster.run(atMost: .seconds(5)) { try $0["d"].text(of: "role", member: "b") == "web" }
    #expect(try cluster["b"].text(of: "role", member: "b") == "web")
    try cluster["b"].delete("role")
    try cluster.run(atMost: .seconds(5)) { try $0["d"].text(of: "role", member: "b") == nil }
    #expect(try cluster["d"].counters.entriesIn >= 2)
  }

  @Test func `a crash is told as down, a leave as left, a restart as replaced`() throws {
    let cluster = try VirtualCluster(["a", "b", "c", "d"])
    try cluster.converge()
    let (a, b, c) = (try cluster["a"], try cluster["b"], try cluster["c"])
    let first = b.id
    try b.crash()
    #expect(!b.isAlive)
    try cluster.run(atMost: .seconds(10)) { _ in a.member(named: "b")?.isDown == true }
    #expect(a.events.contains(.down(first)) && a.liveNames == ["a", "c", "d"])
    try b.restart()
    try cluster.converge()
    #expect(b.id.generation == first.generation + 1 && a.liveNames == ["a", "b", "c", "d"])
    #expect(a.events.contains(.replaced(first, by: b.id)))
    try c.leave()
    try cluster.run(atMost: .seconds(10)) { _ in a.member(named: "c")?.hasLeft == true }
    #expect(a.events.contains(.left(c.id)) && !a.events.contains(.down(c.id)))
  }

  @Test func `a split is noticed on both sides, and heals`() throws {
    let cluster = try VirtualCluster(["a", "b", "c", "d"])
    try cluster.converge()
    let cut = try cluster.cut(["a", "b"])
    try cluster.run(atMost: .seconds(30)) {
      try $0["a"].liveNames == ["a", "b"] && $0["d"].liveNames == ["c", "d"]
    }
    try cluster["a"].set("side", "left")
    cluster.heal(cut)
    try cluster.converge()
    #expect(try cluster["d"].text(of: "side", member: "a") == "left")
    // One way alone is no reason to call anybody down.
    try cluster.cut(["a"], from: ["b"], .oneWay)
    try cluster.run(for: .seconds(60))
    #expect(try cluster["b"].liveNames.count == 4)
    cluster.healAll()
  }

  @Test func `one that sleeps is down, and comes up again`() throws {
    let cluster = try VirtualCluster(["a", "b", "c"])
    try cluster.converge()
    let (a, b) = (try cluster["a"], try cluster["b"])
    try b.pause()
    try cluster.run(atMost: .seconds(10)) { _ in a.liveNames == ["a", "c"] }
    try b.resume()
    try cluster.converge()
    #expect(a.events.contains(.up(b.id)))
  }

  @Test func `one seed gives one run, and another one another`() throws {
    func run(_ seed: UInt64) throws -> [Duration] {
      let network = VirtualNetwork(loss: 0.1, duplication: 0.1, reordering: 0.1)
      let cluster = try VirtualCluster(["a", "b", "c", "d"], seed: seed, network: network)
      let first = try cluster.converge()
      try cluster["a"].crashHost()
      let second = try cluster.run(atMost: .seconds(60)) { try !$0["d"].liveNames.contains("a") }
      return [first, second]
    }
    #expect(try run(7) == run(7))
    #expect(try run(7) != run(8))
  }

  @Test func `what does not come to hold says how the nodes differ`() throws {
    let cluster = try VirtualCluster(["a", "b"])
    try cluster.converge()
    try cluster.cut(["a"])
    try cluster["a"].set("key", "value")
    let error = #expect(throws: VirtualClusterError.self) {
      try cluster.run(atMost: .seconds(1)) { try $0["b"].text(of: "key", member: "a") != nil }
    }
    #expect(error?.code == .timeIsUp)
    #expect(error?.reason.contains("node 0 and node 1 differ") == true)
    struct Mine: Error {}
    #expect(throws: Mine.self) { try cluster.run(atMost: .seconds(1)) { _ in throw Mine() } }
  }

  @Test func `what can't be done is a typed error`() throws {
    let cluster = try VirtualCluster(["a"])
    func code(_ body: () throws -> Void) -> VirtualClusterError.Code? {
      do {
        try body()
        return nil
      } catch {
        return (error as? VirtualClusterError)?.code
      }
    }
    #expect(code { _ = try cluster["b"] } == .unknownNode)
    #expect(code { try cluster.start("a") } == .nameInUse)
    #expect(code { try cluster.start("") } == .invalidValue)
    #expect(code { try cluster.start("b", joining: "x") } == .unknownNode)
    #expect(code { try cluster.cut(["b"]) } == .unknownNode)
    var configuration = GossipConfiguration()
    configuration.interval = .zero
    #expect(code { try cluster.start("b", configuration: configuration) } == .invalidValue)
    for network in [
      VirtualNetwork(loss: 1.1), VirtualNetwork(duplication: -0.1),
      VirtualNetwork(reordering: .nan),
      VirtualNetwork(latency: .zero...(.seconds(11))), VirtualNetwork(datagramSizeLimit: 65_508),
    ] {
      #expect(code { try cluster.setNetwork(network) } == .invalidValue)
    }
    let a = try cluster["a"]
    #expect(code { try a.set("", "x") } == .invalidValue)
    #expect(code { try a.restart() } == .stillRunning)
    #expect(code { try a.resume() } == .notPaused)
    try a.pause()
    #expect(code { try a.set("x", "x") } == .notRunning)
    try a.crash()
    for body in [{ try a.crash() }, { try a.pause() }, { try a.leave() }] {
      #expect(code(body) == .notRunning)
    }
    try a.restart()
    try a.set("x", "x")
    try cluster.setNetwork(VirtualNetwork(loss: 1))
    #expect(cluster.network.loss == 1)
  }
}
