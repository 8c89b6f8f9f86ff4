import Glibc
import GrapevineCore
import GrapevineTransport
import Testing

/// Sockets on a memory network, as a loop sees them.
@Suite struct MemoryTests {
  private let network = MemorySwitch()

  /// Sends one datagram from a socket.
  private func send(_ bytes: [UInt8], from socket: DatagramSocket, to target: Endpoint) {
    let outbox = DatagramOutbox()
    _ = outbox.append { arena in
      arena += bytes
      return target
    }
    var metrics = TransportMetrics()
    outbox.send(through: socket, counting: &metrics)
    #expect(metrics == TransportMetrics())
  }

  @Test func `Datagrams arrive whole, in order, and say where they came from`() throws {
    let (near, far) = (
      try DatagramSocket(bind: loopback4, on: network),
      try DatagramSocket(bind: loopback6, on: network)
    )
    for size in 0..<100 {
      send([UInt8](repeating: UInt8(size), count: size), from: near, to: far.boundEndpoint)
    }
    let inbox = DatagramInbox()
    var sizes: [Int] = []
    for expected in [64, 36, 0] {
      try inbox.receive(from: far)
      #expect(inbox.count == expected)
      for index in 0..<inbox.count {
        #expect(!inbox.isTruncated(at: index) && inbox.source(at: index) == near.boundEndpoint)
        inbox.withDatagram(at: index) { bytes in
          sizes.append(bytes.count)
          #expect(bytes.indices.allSatisfy { bytes[$0] == UInt8(bytes.count) })
        }
      }
    }
    #expect(sizes == Array(0..<100))
  }

  @Test func `The largest datagram goes through and a larger one is counted`() throws {
    let (near, far) = (
      try DatagramSocket(bind: loopback4, on: network),
      try DatagramSocket(bind: loopback4, on: network)
    )
    let outbox = DatagramOutbox()
    for size in [65_507, 65_508] {
      _ = outbox.append { arena in
        arena += [UInt8](repeating: 5, count: size)
        return far.boundEndpoint
      }
    }
    var metrics = TransportMetrics()
    outbox.send(through: near, counting: &metrics)
    #expect(metrics.sendsTooLarge == 1 && outbox.count == 0)
    let inbox = DatagramInbox()
    try inbox.receive(from: far)
    #expect(inbox.count == 1)
    inbox.withDatagram(at: 0) { #expect($0.count == 65_507) }
  }

  @Test func `A mailbox that nobody empties takes a megabyte and no more`() throws {
    let (near, far) = (
      try DatagramSocket(bind: loopback4, on: network),
      try DatagramSocket(bind: loopback4, on: network)
    )
    let bytes = [UInt8](repeating: 1, count: 1_000)
    for _ in 0..<2_000 { send(bytes, from: near, to: far.boundEndpoint) }
    let fitting = UInt64((1 << 20) / 1_256)
    #expect(network.counts.delivered == fitting)
    #expect(network.counts.crowdedOut == 2_000 - fitting)
    let inbox = DatagramInbox()
    try inbox.receive(from: far)
    for _ in 0..<100 { send(bytes, from: near, to: far.boundEndpoint) }
    #expect(network.counts.delivered == fitting + 64)
    withExtendedLifetime(far) {}
  }

  @Test func `Datagrams to nobody, and across a cut, are counted and end nothing`() throws {
    let near = try DatagramSocket(bind: loopback4, on: network)
    var far: DatagramSocket? = try DatagramSocket(bind: loopback4, on: network)
    let target = try #require(far?.boundEndpoint)
    let cut = network.cut(MemoryCut(near: [target], far: nil, isOneWay: true))
    send([1], from: near, to: target)
    #expect(network.counts.delivered == 1)
    far.map { send([1], from: $0, to: near.boundEndpoint) }
    #expect(network.counts.cutOff == 1)
    network.heal(cut)
    far.map { send([1], from: $0, to: near.boundEndpoint) }
    #expect(network.counts.delivered == 2)
    far = nil
    send([1], from: near, to: target)
    #expect(network.counts.unclaimed == 1)
    // The address is free, and of others' networks nobody is here.
    _ = try DatagramSocket(bind: target, on: network)
    #expect(throws: SystemError.self) {
      _ = try DatagramSocket(bind: near.boundEndpoint, on: network)
    }
    _ = try DatagramSocket(bind: near.boundEndpoint, on: MemorySwitch())
  }

  /// What a client on a loop holds, and how often it was called for each.
  private struct Watched {
    let datagrams: DatagramSocket
    let listener: StreamListener
    var connections: [StreamConnection] = []
    var registrations: [RegistrationID] = []
    var client = ClientID(rawValue: 0)
    var callCounts = [0, 0, 0]
    var received = 0
    var pokeCount = 0

    init(on network: MemorySwitch) throws {
      datagrams = try DatagramSocket(bind: loopback4, on: network)
      listener = try StreamListener(bind: datagrams.boundEndpoint, on: network)
    }
  }

  private func makeWatcher(_ watched: sending Watched) -> TestClient<Watched> {
    TestClient(
      watched,
      onAttach: { watched, context, id throws(SystemError) in
        watched.client = id
        watched.registrations = [
          try context.register(watched.datagrams, .readable, as: 0, for: id),
          try context.register(watched.listener, .readable, as: 1, for: id),
        ]
      },
      onReady: { watched, source, readiness, context in
        watched.callCounts[Int(source)] += 1
        switch source {
        case 0:
          #expect(throws: Never.self) { try context.inbox.receive(from: watched.datagrams) }
          watched.received += context.inbox.count
        case 1:
          guard let accepted = try? watched.listener.accept(),
            let registration = try? context.register(
              accepted.connection,
              .readable,
              as: 2,
              for: watched.client
            )
          else { return }
          watched.connections.append(accepted.connection)
          watched.registrations.append(registration)
        default:
          #expect(readiness.contains(.readable))
          for connection in watched.connections {
            while case .bytes(let count)? = try? connection.read(into: context.streamBuffer) {
              watched.received += count
            }
          }
        }
      },
      onPoke: { watched, _ in watched.pokeCount += 1 },
      onDetach: { watched, context in
        context.deregister(watched.datagrams, watched.registrations[0])
        context.deregister(watched.listener, watched.registrations[1])
        for (connection, id) in zip(watched.connections, watched.registrations[2...]) {
          context.deregister(connection, id)
        }
      }
    )
  }

  @Test func `A loop is called once for what comes, and not at all while nothing does`() throws {
    let loop = try EventLoop()
    let watcher = makeWatcher(try Watched(on: network))
    let target = watcher.state.withLock { $0.listener.boundEndpoint }
    let id = try loop.add(watcher)
    defer { loop.remove(id) }
    let near = try DatagramSocket(bind: loopback4, on: network)
    /// Lets the loop turn ten times, and says how often it was called for each socket in all.
    func callCountsAfterTurns() throws -> [Int] {
      for _ in 0..<10 {
        let count = watcher.state.withLock { $0.pokeCount }
        loop.poke(id)
        try watcher.state.eventually { $0.pokeCount > count ? () : nil }
      }
      return watcher.state.withLock { $0.callCounts }
    }
    #expect(try callCountsAfterTurns() == [0, 0, 0])
    send([1, 2, 3], from: near, to: target)
    try watcher.state.eventually { $0.received == 1 ? () : nil }
    #expect(try callCountsAfterTurns() == [1, 0, 0])
    let connection = try StreamConnection(connectingTo: target, from: loopback4, on: network)
    try watcher.state.eventually { $0.connections.count == 1 ? () : nil }
    #expect(try callCountsAfterTurns() == [1, 1, 0])
    connection.enqueue([1])
    #expect(try connection.flush() == 1)
    try watcher.state.eventually { $0.received == 2 ? () : nil }
    #expect(try callCountsAfterTurns() == [1, 1, 1])
    withExtendedLifetime(connection) {}
  }

  @Test func `Who wants to write is called when there is room, and not before`() throws {
    struct Writer {
      var connection: StreamConnection
      var registration: RegistrationID?
      var writableCount = 0
      var pokeCount = 0
    }
    let listener = try StreamListener(bind: loopback4, on: network)
    let writer = TestClient(
      Writer(
        connection: try StreamConnection(
          connectingTo: listener.boundEndpoint,
          from: loopback4,
          on: network
        )
      ),
      onAttach: { writer, context, id throws(SystemError) in
        writer.connection.enqueue([UInt8](repeating: 1, count: 70_000))
        #expect(try writer.connection.flush() == 65_536)
        let interest: Interest = [.readable, .writable]
        writer.registration = try context.register(writer.connection, interest, as: 0, for: id)
      },
      onReady: { writer, _, readiness, context in
        #expect(readiness == .writable)
        writer.writableCount += 1
        #expect(throws: Never.self) { try writer.connection.flush() }
        guard let id = writer.registration, writer.connection.queuedByteCount == 0 else { return }
        context.setInterest(.readable, of: writer.connection, id)
      },
      onPoke: { writer, _ in writer.pokeCount += 1 },
      onDetach: { writer, context in
        if let id = writer.registration { context.deregister(writer.connection, id) }
      }
    )
    let loop = try EventLoop()
    let id = try loop.add(writer)
    func turn() throws {
      let count = writer.state.withLock { $0.pokeCount }
      loop.poke(id)
      try writer.state.eventually { $0.pokeCount > count ? () : nil }
    }
    for _ in 0..<10 { try turn() }
    #expect(writer.state.withLock { $0.writableCount } == 0)
    let reader = try #require(try listener.accept()).connection
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 65_536)
    defer { buffer.deallocate() }
    #expect(try reader.read(into: buffer) == .bytes(65_536))
    try writer.state.eventually { $0.connection.queuedByteCount == 0 ? () : nil }
    for _ in 0..<10 { try turn() }
    #expect(writer.state.withLock { $0.writableCount } == 1)
    #expect(try reader.read(into: buffer) == .bytes(70_000 - 65_536))
    loop.remove(id)
    withExtendedLifetime(reader) {}
  }

  @Test func `No datagram of many threads is left lying`() throws {
    let loop = try EventLoop()
    let watcher = makeWatcher(try Watched(on: network))
    let target = watcher.state.withLock { $0.listener.boundEndpoint }
    let id = try loop.add(watcher)
    defer { loop.remove(id) }
    let network = network
    let finished = Locked(0)
    for _ in 0..<4 {
      try NativeThread.start(name: "send") {
        for _ in 0..<5_000 { network.send([1], from: loopback4, to: target) }
        finished.withLockNotifying { $0 += 1 }
      }
    }
    try finished.eventually { $0 == 4 ? () : nil }
    let counts = network.counts
    #expect(counts.delivered + counts.crowdedOut == 20_000)
    // After the last one nobody knocks any more, and still all are taken.
    try watcher.state.eventually { UInt64($0.received) == counts.delivered ? () : nil }
  }

  @Test func `Nothing is left of connections of every end`() async {
    await #expect(processExitsWith: .success) {
      let before = ProcessResources()
      let network = MemorySwitch()
      do {
        let pair = try PortPair(bind: loopback4, on: network)
        for index in 0..<50 {
          let near = try pair.connect(to: pair.endpoint)
          let far = index % 5 == 0 ? nil : try pair.listener.accept()
          near.enqueue([1, 2, 3])
          _ = try near.flush()
          if index % 2 == 0 { near.resetOnClose() }
          if index % 3 == 0 { try? far?.connection.shutdownSending() }
        }
        for _ in 0..<20 { _ = try? PortPair(bind: pair.endpoint, on: network) }
        for _ in 0..<20 { _ = try pair.connect(to: loopback4) }
      }
      precondition(network.connectionCount == 0, "\(network.connectionCount)")
      precondition(ProcessResources().hasNoLeak(since: before), "\(ProcessResources())")
    }
  }

  @Test func `Out of descriptors, accepting says so and works again later`() async {
    await #expect(processExitsWith: .success) {
      let pair = try PortPair(bind: loopback4, on: MemorySwitch())
      let near = try pair.connect(to: pair.endpoint)
      var limits = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
      let original = limits.rlim_cur
      limits.rlim_cur = 3
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
      do throws(SystemError) {
        _ = try pair.listener.accept()
        preconditionFailure("accepted without a descriptor")
      } catch {
        precondition(error.isExhaustion)
      }
      limits.rlim_cur = original
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
      let accepted = try pair.listener.accept()
      precondition(accepted != nil)
      withExtendedLifetime(near) {}
    }
  }
}
