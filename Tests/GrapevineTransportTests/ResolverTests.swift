import GrapevineCore
import GrapevineTransport
import Testing

@Suite struct ResolverTests {
  @Test func `An address is its own answer`() async throws {
    let resolver = Resolver()
    #expect(
      try await resolver.resolve("10.1.2.3", port: 7) == [Endpoint(ipv4: 0x0A01_0203, port: 7)]
    )
    #expect(try await resolver.resolve("::1", port: 7) == [loopback6.with(port: 7)])
  }

  @Test func `The name localhost has loopback addresses, each once and with the port asked for`()
    async throws
  {
    let endpoints = try await Resolver().resolve("localhost", port: 7_000)
    #expect(!endpoints.isEmpty)
    #expect(endpoints.allSatisfy { $0.isLoopback && $0.port == 7_000 })
    #expect(Set(endpoints).count == endpoints.count)
  }

  @Test(arguments: ["", "a\0b", "grapevine.invalid", String(repeating: "x", count: 300)])
  func `A name that does not resolve is an error that names it`(_ host: String) async {
    let error = await #expect(throws: ResolutionError.self) {
      try await Resolver().resolve(host, port: 1)
    }
    #expect(error?.host == host)
    #expect(error?.description.contains(host) == true)
  }

  @Test func `More questions than threads are all answered`() throws {
    let resolver = Resolver(threadLimit: 2)
    let answerCount = Locked(0)
    for _ in 0..<50 {
      resolver.resolve("localhost", port: 1) { answer in
        answerCount.withLockNotifying { $0 += (try? answer.get()) == nil ? 0 : 1 }
      }
    }
    try answerCount.eventually { $0 == 50 ? () : nil }
  }

  @Test func `A cancelled question ends at once`() async {
    let resolver = Resolver(threadLimit: 1)
    let gate = Locked(false)
    // The only thread is held up, so the question can't be answered.
    resolver.resolve("localhost", port: 1) { _ in gate.wait { $0 ? () : nil } }
    let task = Task { try await resolver.resolve("localhost", port: 1) }
    task.cancel()
    let error = await #expect(throws: ResolutionError.self) { try await task.value }
    #expect(error?.reason == .cancelled)
    gate.withLockNotifying { $0 = true }
  }

  @Test func `A cancelled question leaves its place to others`() async throws {
    let gate = Locked(false)
    let asked = Locked<[String]>([])
    let resolver = Resolver(threadLimit: 1) { host, _ in
      asked.withLock { $0.append(host) }
      gate.wait { $0 ? () : nil }
      return .success([])
    }
    let held = Task { try await resolver.resolve("first", port: 1) }
    // To block here could keep the task from ever having a thread.
    while asked.withLock({ $0.isEmpty }) { await Task.yield() }
    // More than may wait at a time.
    for index in 0..<1_100 {
      let task = Task { try await resolver.resolve("host-\(index)", port: 1) }
      while resolver.waitingCount == 0 { await Task.yield() }
      task.cancel()
      let error = await #expect(throws: ResolutionError.self) { try await task.value }
      #expect(error?.reason == .cancelled)
      while resolver.waitingCount > 0 { await Task.yield() }
    }
    let last = Task { try await resolver.resolve("last", port: 1) }
    gate.withLockNotifying { $0 = true }
    #expect(try await last.value == [])
    _ = try await held.value
    #expect(asked.withLock { $0 } == ["first", "last"])
  }
}
