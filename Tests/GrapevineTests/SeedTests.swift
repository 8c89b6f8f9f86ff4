import Grapevine
import GrapevineCore
import GrapevineTransport
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct SeedTests {
  @Test func `A node asks its seeds at the start`() async throws {
    let a = try makeNode("a")
    let address = a.address.description
    let b = try makeNode("b") { $0.seeds = { ["not an address", address] } }
    try await eventually("they find each other") {
      a.liveMemberCount == 2 && b.liveMemberCount == 2
    }
  }

  @Test func `Alone it asks again`() async throws {
    let addresses = Locked<[String]>([])
    let askedCount = Locked(0)
    let b = try makeNode("b") {
      $0.seeds = {
        askedCount.withLock { $0 += 1 }
        return addresses.withLock { $0 }
      }
    }
    try await eventually("it was asked three times") { askedCount.withLock { $0 } >= 3 }
    let a = try makeNode("a")
    addresses.withLock { $0 = [a.address.description] }
    try await eventually("they find each other") { b.liveMemberCount == 2 }
  }

  @Test func `One that is alone again asks soon`() async throws {
    let addresses = Locked<[String]>([])
    let a = try makeNode("a")
    let first = try makeNode("first")
    addresses.withLock { $0 = [first.address.description] }
    let node = try makeNode("node") { $0.seeds = { addresses.withLock { $0 } } }
    try await eventually("it found the first") { node.liveMemberCount == 2 }
    addresses.withLock { $0 = [a.address.description] }
    try await first.leave()
    first.close()
    // Well before the 30 s after which a node that is not alone asks.
    try await eventually("it finds the other", within: .seconds(15)) {
      node.member(named: "a")?.isLive == true
    }
  }

  @Test func `An address that the seeds lead to no more is forgotten, but for a given one`()
    async throws
  {
    // Nobody reads there; what comes waits, and is counted.
    let (left, given, stays) = (StrangePeer(.silent), StrangePeer(.silent), StrangePeer(.silent))
    let addresses = Locked([left.address, given.address, stays.address])
    let askedInVain = Locked(0)
    let node = try makeNode {
      $0.seeds = {
        let told = addresses.withLock { $0 }
        if told.isEmpty { askedInVain.withLock { $0 += 1 } }
        return told
      }
      $0.seedInterval = .milliseconds(50)
      $0.gossip.streamTimeout = .milliseconds(100)
    }
    _ = try? await node.join([given.address])
    func seeds() -> Set<String> {
      Set(node.runtime.inspectEngine { engine, _ in engine.seedEndpoints.map(\.description) })
    }
    try await eventually("it knows all") { seeds().count == 3 }
    addresses.withLock { $0 = [] }
    // The second time, what came of the first has been seen to.
    try await eventually("they are asked in vain") { askedInVain.withLock { $0 } >= 2 }
    #expect(seeds().count == 3)
    addresses.withLock { $0 = [stays.address] }
    try await eventually("one is forgotten") { seeds() == [given.address, stays.address] }
  }

  @Test(arguments: [true, false])
  func `What a name leads to no more is forgotten, whatever others lead to`(
    hasOtherName: Bool
  ) async throws {
    let names = NameServer()
    let loop = try names.makeLoop()
    // The one never resolves; without it the seeds never have anything to tell.
    let told = hasOtherName ? ["nowhere.test"] : []
    let node = try makeNode {
      $0.loop = loop
      $0.seeds = { told }
      $0.seedInterval = .milliseconds(50)
      $0.gossip.streamTimeout = .milliseconds(100)
    }
    let (left, stays) = (StrangePeer(.silent), StrangePeer(.silent))
    func seeds() -> Set<String> {
      Set(node.runtime.inspectEngine { engine, _ in engine.seedEndpoints.map(\.description) })
    }
    names.set("cluster.test", [left.address, stays.address].compactMap { Endpoint($0) })
    _ = try? await node.join(["cluster.test:7000"])
    #expect(seeds() == [left.address, stays.address])
    names.set("cluster.test", [stays.address].compactMap { Endpoint($0) })
    try await eventually("one is forgotten") { seeds() == [stays.address] }
    names.set("cluster.test", [])
    let count = names.questionCount("cluster.test")
    try await eventually("it is asked in vain") { names.questionCount("cluster.test") > count + 1 }
    #expect(seeds() == [stays.address])
  }

  @Test func `An address that led to the node itself is tried again`() async throws {
    let addresses = Locked<[String]>([])
    let node = try makeNode {
      $0.bind = ":0"
      $0.advertise = "127.0.0.1"
      $0.seeds = { addresses.withLock { $0 } }
      $0.seedInterval = .milliseconds(50)
    }
    // Behind an address that is shared, such as this one, another may answer the next time.
    addresses.withLock { $0 = ["127.0.0.2:\(node.address.port)"] }
    try await eventually("it reaches itself, again and again") { node.metrics.streamsOut >= 3 }
    #expect(node.memberCount == 1)
  }

  @Test func `A seed that is an address does not wait for one that is a name`() async throws {
    let gate = Gate()
    defer { gate.open() }
    let isAnswered = Locked(false)
    let resolver = Resolver { _, _ in
      gate.pass()
      isAnswered.withLock { $0 = true }
      return .success([])
    }
    let a = try makeNode("a")
    let seeds = [a.address.description, "slow.test:7000"]
    let loop = try Node.Loop(resolver: resolver)
    let b = try makeNode("b") {
      $0.loop = loop
      $0.seeds = { seeds }
    }
    try await eventually("they find each other") { b.liveMemberCount == 2 }
    try await eventually("the name is asked for") { gate.hasVisitor }
    #expect(!isAnswered.withLock { $0 })
  }

  @Test func `Seeds that take their time delay nobody`() async throws {
    let gate = Gate()
    let a = try makeNode("a") {
      $0.seeds = {
        gate.pass()
        return []
      }
    }
    try await eventually("the seeds are asked") { gate.hasVisitor }
    let b = try makeNode("b")
    try await b.join([a.address.description])
    try b.set("key", "value")
    try await eventually("gossip goes on") { a.text(of: "key", member: "b") == "value" }
    a.close()
    gate.open()
  }

  @Test func `Seeds are not asked any more after close`() async throws {
    let askedCount = Locked(0)
    let node = try makeNode {
      $0.seeds = {
        askedCount.withLock { $0 += 1 }
        return []
      }
    }
    try await eventually("it was asked") { askedCount.withLock { $0 } >= 1 }
    node.close()
    // One may be under way.
    let count = askedCount.withLock { $0 }
    try await Task.sleep(for: .milliseconds(300))
    #expect(askedCount.withLock { $0 } <= count + 1)
  }
}
