import Glibc
import Grapevine
import GrapevineCore
import GrapevineTransport
import Testing

@Suite struct NodeRuntimeTests {
  /// What a runtime told, and whether `deliver` came after `collect` and outside the lock.
  final class Listener: NodeRuntimeDelegate {
    struct State {
      var events: [EngineEvent] = []
      var undelivered = 0
      var delivered = 0
    }

    let state = Locked(State())

    func collect(_ event: EngineEvent, now: Instant) {
      state.withLock {
        $0.events.append(event)
        $0.undelivered += 1
      }
    }

    func deliver() {
      state.withLockNotifying {
        $0.delivered += $0.undelivered
        $0.undelivered = 0
      }
    }

    /// The members that have joined, as far as they were delivered.
    func waitForMembers(_ count: Int) -> Set<String>? {
      state.wait(atMost: .seconds(20)) { state in
        guard state.undelivered == 0 else { return nil }
        var names: Set<String> = []
        for case .member(.joined(let id)) in state.events { names.insert(id.name) }
        return names.count >= count ? names : nil
      }
    }
  }

  static let loopback4 = Endpoint(ipv4: 0x7F00_0001, port: 0)
  /// Addresses that no other test uses, with a port that the system gives to nobody: for ports that
  /// are bound again.
  static func ownAddress(_ number: UInt32) -> Endpoint {
    Endpoint(ipv4: 0x7F00_0100 + number, port: 20_100)
  }
  static let loopback6 = Endpoint(ipv6: 0, 1, port: 0)

  static func makeRuntime(
    _ name: String,
    bind: Endpoint = loopback4,
    on loop: EventLoop,
    delegate: (any NodeRuntimeDelegate)? = nil,
    sendLoss: SendLoss? = nil,
    streamTimeout: Duration = .seconds(10),
    adjust: (inout GossipConfiguration) -> Void = { _ in }
  ) throws -> NodeRuntime {
    try NodeRuntime(
      bind: bind,
      loop: loop,
      delegate: delegate,
      sendLoss: sendLoss,
      streamTimeout: streamTimeout
    ) { bound in
      var configuration = GossipConfiguration()
      configuration.interval = .milliseconds(50)
      adjust(&configuration)
      return Engine(
        id: MemberID(name: name, generation: 1),
        endpoint: bound,
        configuration: configuration,
        seed: SecureRandom.number(),
        now: MonotonicClock.now()
      )
    }
  }

  private func set(_ key: String, _ value: [UInt8], on runtime: NodeRuntime) throws {
    _ = try runtime.withEngine { (engine, now) throws(StateError) in
      try engine.update([.set(key: key, value: value)], now: now)
    }
  }

  /// Waits until `runtime` holds the value, asking without any pause of the loop.
  private func waitFor(
    _ key: String,
    _ value: [UInt8],
    of name: String,
    on runtime: NodeRuntime
  ) async throws {
    try await eventually("\(key) has arrived") {
      runtime.inspectEngine { engine, _ in engine.entry(key, of: name)?.value == value }
    }
  }

  @Test(arguments: [loopback4, loopback6])
  func `Two runtimes on one loop join by stream and gossip by packet`(
    _ address: Endpoint
  ) async throws {
    let loop = try EventLoop()
    let listener = Listener()
    let first = try Self.makeRuntime("first", bind: address, on: loop)
    let second = try Self.makeRuntime("second", bind: address, on: loop, delegate: listener)
    try first.start()
    try second.start()
    _ = second.withEngine { engine, now in engine.join(first.boundEndpoint, now: now) }
    #expect(listener.waitForMembers(1) == ["first"])
    try set("small", [1, 2, 3], on: first)
    try await waitFor("small", [1, 2, 3], of: "first", on: second)
    // Larger than packets may carry: by stream again.
    let large = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try set("large", large, on: first)
    try await waitFor("large", large, of: "first", on: second)
    #expect(second.transportMetrics == TransportMetrics())
    let metrics = first.inspectEngine { engine, _ in engine.metrics }
    #expect(metrics.streamQueuePeak <= 262_144)
    first.close()
    second.close()
  }

  @Test func `Runtimes on loops of their own find each other too`() async throws {
    let seed = try Self.makeRuntime("seed", on: EventLoop())
    try seed.start()
    let others = try (0..<8).map { index in
      let listener = Listener()
      let loop = try EventLoop()
      return (try Self.makeRuntime("n\(index)", on: loop, delegate: listener), listener)
    }
    for (runtime, _) in others {
      try runtime.start()
      _ = runtime.withEngine { engine, now in engine.join(seed.boundEndpoint, now: now) }
    }
    for (_, listener) in others { #expect(listener.waitForMembers(8)?.count == 8) }
    for (runtime, _) in others { runtime.close() }
    seed.close()
  }

  @Test func `Joining a port where nobody listens is refused`() async throws {
    let loop = try EventLoop()
    let listener = Listener()
    let runtime = try Self.makeRuntime("alone", on: loop, delegate: listener)
    try runtime.start()
    let closed = try StreamListener(bind: Self.loopback4).boundEndpoint
    let ticket = runtime.withEngine { engine, now in engine.join(closed, now: now) }
    let outcome = listener.state.wait(atMost: .seconds(20)) { state -> JoinOutcome? in
      for case .joinFinished(ticket, let outcome) in state.events { return outcome }
      return nil
    }
    #expect(outcome == .failed(.refused))
    runtime.close()
  }

  @Test func `Nothing moves before the start`() throws {
    let loop = try EventLoop()
    let peer = try DatagramSocket(bind: Self.loopback4)
    let runtime = try Self.makeRuntime("idle", on: loop)
    runtime.withEngine { engine, now in engine.addSeeds([peer.boundEndpoint], now: now) }
    let inbox = DatagramInbox()
    try inbox.receive(from: peer)
    #expect(inbox.count == 0)
    runtime.close()
  }

  @Test func `A port in use is an error before any engine is made`() throws {
    let loop = try EventLoop()
    let first = try Self.makeRuntime("first", on: loop)
    let error = #expect(throws: SystemError.self) {
      try NodeRuntime(bind: first.boundEndpoint, loop: loop, delegate: nil) { _ in
        preconditionFailure("an engine without a port")
      }
    }
    #expect(error?.code == EADDRINUSE)
  }

  @Test func `An error of the engine's maker frees the port`() throws {
    struct Refusal: Error {}
    let loop = try EventLoop()
    let bound = Locked<Endpoint?>(nil)
    #expect(throws: Refusal.self) {
      try NodeRuntime(bind: Self.ownAddress(1), loop: loop, delegate: nil) { endpoint in
        bound.withLock { $0 = endpoint }
        throw Refusal()
      }
    }
    let endpoint = try #require(bound.withLock { $0 })
    #expect(throws: Never.self) { try bindingAgain { try PortPair(bind: endpoint) } }
  }

  @Test func `Closing frees the port at once, twice is harmless, and the engine can be read`()
    throws
  {
    let loop = try EventLoop()
    let runtime = try Self.makeRuntime("short", bind: Self.ownAddress(2), on: loop)
    try runtime.start()
    runtime.close()
    runtime.close()
    #expect(throws: Never.self) {
      try bindingAgain { try PortPair(bind: runtime.boundEndpoint) }
    }
    #expect(runtime.inspectEngine { engine, _ in engine.localID.name } == "short")
    runtime.withEngine { engine, now in engine.addSeeds([Self.loopback4.with(port: 9)], now: now) }
  }

  @Test func `A runtime that is closed before its start does not start`() throws {
    let loop = try EventLoop()
    let runtime = try Self.makeRuntime("never", bind: Self.ownAddress(3), on: loop)
    runtime.close()
    try runtime.start()
    #expect(throws: Never.self) {
      try bindingAgain { try PortPair(bind: runtime.boundEndpoint) }
    }
  }

  @Test func `Many threads may use and close one runtime`() async throws {
    let loop = try EventLoop()
    let peer = try Self.makeRuntime("peer", on: loop)
    let runtime = try Self.makeRuntime("busy", on: loop, delegate: Listener())
    try peer.start()
    try runtime.start()
    _ = runtime.withEngine { engine, now in engine.join(peer.boundEndpoint, now: now) }
    let finished = Locked(0)
    for thread in 0..<4 {
      try NativeThread.start(name: "user") {
        for round in 0..<200 {
          let change = Change.set(key: "k\(thread)", value: [UInt8(round)])
          _ = try? runtime.withEngine { (engine, now) throws(StateError) in
            try engine.update([change], now: now)
          }
          _ = runtime.inspectEngine { engine, now in engine.memberCount }
        }
        runtime.close()
        finished.withLockNotifying { $0 += 1 }
      }
    }
    #expect(finished.wait(atMost: .seconds(20)) { $0 == 4 ? true : nil } == true)
    #expect(runtime.inspectEngine { engine, now in engine.localMember(now: now).version } == 800)
    peer.close()
  }

  @Test func `Loss on purpose is repaired and counted`() async throws {
    let loop = try EventLoop()
    let loss = SendLoss(rate: 0.5, seed: 7)
    let first = try Self.makeRuntime("first", on: loop, sendLoss: loss)
    let second = try Self.makeRuntime("second", on: loop, sendLoss: loss)
    try first.start()
    try second.start()
    _ = second.withEngine { engine, now in engine.join(first.boundEndpoint, now: now) }
    for number: UInt8 in 0..<20 {
      try set("number", [number], on: first)
      try await waitFor("number", [number], of: "first", on: second)
    }
    #expect(first.transportMetrics.sendsLostOnPurpose > 0)
    first.close()
    second.close()
  }

  @Test func `A connection that ends in any way leaves the node working`() async throws {
    let loop = try EventLoop()
    let runtime = try Self.makeRuntime("target", on: loop)
    try runtime.start()
    for index in 0..<30 {
      let connection = try StreamConnection(connectingTo: runtime.boundEndpoint)
      connection.enqueue([UInt8](repeating: UInt8(index), count: index * 100))
      _ = try? connection.flush()
      if index % 3 == 0 { connection.resetOnClose() }
      if index % 3 == 1 { try? connection.shutdownSending() }
    }
    let listener = Listener()
    let other = try Self.makeRuntime("other", on: loop, delegate: listener)
    try other.start()
    _ = other.withEngine { engine, now in engine.join(runtime.boundEndpoint, now: now) }
    #expect(listener.waitForMembers(1) == ["target"])
    runtime.close()
    other.close()
  }

  @Test func `A refused peer reads why, then the end, and is cut off if it stays`() async throws {
    let loop = try EventLoop()
    let runtime = try Self.makeRuntime("busy", on: loop, streamTimeout: .milliseconds(300)) {
      $0.inboundStreamLimit = 1
      // The first one says nothing and is to keep its place, however slow the machine is.
      $0.streamTimeout = .seconds(600)
    }
    try runtime.start()
    let first = try StreamConnection(connectingTo: runtime.boundEndpoint)
    try await eventually("the first is taken") {
      runtime.inspectEngine { engine, _ in engine.metrics.streamsIn } == 1
    }
    let second = try StreamConnection(connectingTo: runtime.boundEndpoint)
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1_000)
    defer { buffer.deallocate() }
    var outcomes: [StreamConnection.ReadOutcome] = []
    try await eventually("the refusal has come") {
      let outcome = try second.read(into: buffer)
      if outcome != .nothing { outcomes.append(outcome) }
      return outcome == .ended
    }
    #expect(outcomes.count >= 2)
    var failure: SystemError?
    try await eventually("the runtime has closed its end") {
      second.enqueue([0])
      do throws(SystemError) {
        _ = try second.flush()
      } catch {
        failure = error
      }
      return failure != nil
    }
    #expect(failure.map { StreamClosure($0) } == .reset)
    runtime.close()
    withExtendedLifetime(first) {}
  }

  @Test func `Out of descriptors, a node neither spins nor stops, and accepts again later`() async {
    await #expect(processExitsWith: .success) {
      let loop = try EventLoop()
      let listener = Listener()
      let target = try NodeRuntimeTests.makeRuntime("target", on: loop)
      let other = try NodeRuntimeTests.makeRuntime("other", on: loop, delegate: listener)
      try other.start()
      // The kernel connects it before anyone accepts.
      let connection = try StreamConnection(connectingTo: target.boundEndpoint)
      var limits = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
      let original = limits.rlim_cur
      limits.rlim_cur = 3
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
      let start = MonotonicClock.now()
      try target.start()
      // No task may sleep now: that can take a descriptor, too.
      while target.transportMetrics.acceptsExhausted < 3 { usleep(1_000) }
      precondition(MonotonicClock.now().since(start) >= 200_000_000)
      limits.rlim_cur = original
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
      try await eventually("the connection is accepted") {
        target.inspectEngine { engine, _ in engine.metrics.streamsIn } == 1
      }
      _ = other.withEngine { engine, now in engine.join(target.boundEndpoint, now: now) }
      precondition(listener.waitForMembers(1) == ["target"])
      withExtendedLifetime(connection) {}
    }
  }

  @Test func `A runtime that is let go of stops, and leaves no socket`() async {
    await #expect(processExitsWith: .success) {
      func socketCount() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return -1 }
        defer { closedir(directory) }
        var sockets = 0
        while let entry = readdir(directory) {
          var status = stat()
          let number = Int32(atoi(&entry.pointee.d_name.0))
          if fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { sockets += 1 }
        }
        return sockets
      }
      let before = socketCount()
      for round in 0..<10 {
        let loop = try EventLoop()
        let first = try NodeRuntimeTests.makeRuntime("first", on: loop, delegate: Listener())
        let second = try NodeRuntimeTests.makeRuntime("second", on: loop, delegate: Listener())
        try first.start()
        try second.start()
        _ = second.withEngine { engine, now in engine.join(first.boundEndpoint, now: now) }
        if round % 2 == 0 {
          try await eventually("joined") {
            first.inspectEngine { engine, _ in engine.memberCount } == 2
          }
        }
      }
      // The testing library may open or close a few of its own meanwhile; each runtime had two.
      try await eventually("all sockets are closed") { socketCount() <= before + 4 }
    }
  }
}
