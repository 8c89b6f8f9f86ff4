import Glibc
import GrapevineCore
import GrapevineTransport
import Testing

@Suite struct StreamTests {
  /// One end of a connection on a loop: writes what it is given and keeps what it reads.
  struct End {
    var connection: StreamConnection?
    var registration: RegistrationID?
    var id = ClientID(rawValue: 0)
    var isConnecting = false
    /// Whether what is read is sent back instead of kept.
    var isEcho = false
    /// Whether nothing is read.
    var isDeaf = false
    var received: [UInt8] = []
    var hasEnded = false
    var error: SystemError?

    mutating func watch(_ context: EventLoop.Context) {
      guard let connection, let registration else { return }
      var interest: Interest = isDeaf ? [] : .readable
      if isConnecting || connection.queuedByteCount > 0 { interest.insert(.writable) }
      context.setInterest(interest, of: connection, registration)
    }

    mutating func work(_ readiness: Readiness, _ context: EventLoop.Context) {
      guard let connection else { return }
      do {
        if isConnecting {
          try connection.checkConnected()
          isConnecting = false
        }
        if !isDeaf {
          switch try connection.read(into: context.streamBuffer) {
          case .nothing: break
          case .ended:
            hasEnded = true
            isDeaf = true
          case .bytes(let count):
            let bytes = Array(context.streamBuffer[..<count])
            if isEcho { connection.enqueue(bytes) } else { received += bytes }
          }
        }
        _ = try connection.flush()
        watch(context)
      } catch {
        self.error = error
        leave(context)
      }
    }

    mutating func leave(_ context: EventLoop.Context) {
      if let connection, let registration { context.deregister(connection, registration) }
      connection = nil
    }
  }

  private func makeEnd(_ end: sending End) -> TestClient<End> {
    TestClient(
      end,
      onAttach: { end, context, id throws(SystemError) in
        guard let connection = end.connection else { return }
        end.id = id
        let interest: Interest = end.isConnecting ? .writable : .readable
        end.registration = try context.register(connection, interest, as: 9, for: id)
        end.watch(context)
      },
      onReady: { end, _, readiness, context in end.work(readiness, context) },
      onPoke: { end, context in end.work([], context) },
      onDetach: { end, context in end.leave(context) }
    )
  }

  /// Takes the connection that is on its way.
  private func accept(from listener: StreamListener) throws -> StreamConnection {
    var accepted: StreamConnection?
    let hasCome = eventually {
      accepted = try? listener.accept()?.connection
      return accepted != nil
    }
    #expect(hasCome)
    return try #require(accepted)
  }

  @Test(arguments: Ground.all)
  func `Two megabytes come back whole through an echo that is slower than the sender`(
    _ ground: Ground
  ) throws {
    let loop = try EventLoop()
    let listener = try ground.listen()
    let connection = try ground.connect(to: listener.boundEndpoint)
    let sent = (0..<2 << 20).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
    for start in stride(from: 0, to: sent.count, by: 50_000) {
      connection.enqueue(Array(sent[start..<min(start + 50_000, sent.count)]))
    }
    var near = End(connection: connection)
    near.isConnecting = true
    let client = makeEnd(near)
    let clientID = try loop.add(client)
    var far = End(connection: try accept(from: listener))
    far.isEcho = true
    let echo = makeEnd(far)
    let echoID = try loop.add(echo)
    let received = try client.state.eventually {
      $0.received.count >= sent.count ? $0.received : nil
    }
    #expect(received == sent)
    loop.remove(clientID)
    loop.remove(echoID)
  }

  @Test(arguments: Ground.all)
  func `A peer that reads nothing leaves the rest in the queue`(_ ground: Ground) throws {
    let listener = try ground.listen()
    let sender = try ground.connect(to: listener.boundEndpoint)
    let receiver = try accept(from: listener)
    try sender.checkConnected()
    let size = 64 << 20
    sender.enqueue([UInt8](repeating: 7, count: size))
    var written = try sender.flush()
    #expect(written < size)
    #expect(sender.queuedByteCount == size - written)
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 65_536)
    defer { buffer.deallocate() }
    var read = 0
    let hasArrived = eventually {
      while case .bytes(let count)? = try? receiver.read(into: buffer) { read += count }
      written += (try? sender.flush()) ?? 0
      return read == size
    }
    #expect(hasArrived)
    #expect(written == size)
    #expect(sender.queuedByteCount == 0)
  }

  @Test(arguments: Ground.all)
  func `Chunks of every size go out in order`(_ ground: Ground) throws {
    let listener = try ground.listen()
    let sender = try ground.connect(to: listener.boundEndpoint)
    let receiver = try accept(from: listener)
    var expected: [UInt8] = []
    for size in 0..<300 {
      let chunk = [UInt8](repeating: UInt8(truncatingIfNeeded: size), count: size)
      expected += chunk
      sender.enqueue(chunk)
    }
    #expect(sender.queuedByteCount == expected.count)
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1_000)
    defer { buffer.deallocate() }
    var received: [UInt8] = []
    let hasArrived = eventually {
      _ = try? sender.flush()
      while case .bytes(let count)? = try? receiver.read(into: buffer) {
        received += buffer[..<count]
      }
      return received.count == expected.count
    }
    #expect(hasArrived)
    #expect(received == expected)
  }

  @Test(arguments: Ground.all)
  func `The end arrives after all that was sent before it`(_ ground: Ground) throws {
    let listener = try ground.listen()
    let sender = try ground.connect(to: listener.boundEndpoint)
    let receiver = try accept(from: listener)
    sender.enqueue([1, 2, 3])
    #expect(try sender.flush() == 3)
    try sender.shutdownSending()
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 10)
    defer { buffer.deallocate() }
    var outcomes: [StreamConnection.ReadOutcome] = []
    let hasEnded = eventually {
      if let outcome = try? receiver.read(into: buffer), outcome != .nothing {
        outcomes.append(outcome)
      }
      return outcomes.last == .ended
    }
    #expect(hasEnded)
    #expect(outcomes == [.bytes(3), .ended])
    // The other direction is open still.
    receiver.enqueue([4])
    #expect(try receiver.flush() == 1)
  }

  @Test(arguments: Ground.all)
  func `Writing to a peer that is gone is an error and no signal`(_ ground: Ground) throws {
    let listener = try ground.listen()
    let sender = try ground.connect(to: listener.boundEndpoint)
    var receiver: StreamConnection? = try accept(from: listener)
    receiver?.resetOnClose()
    receiver = nil
    var failure: SystemError?
    let hasFailed = eventually {
      sender.enqueue([1])
      do throws(SystemError) {
        _ = try sender.flush()
      } catch {
        failure = error
      }
      return failure != nil
    }
    #expect(hasFailed)
    #expect(failure.map { StreamClosure($0) } == .reset)
  }

  @Test(arguments: Ground.all)
  func `Connecting to a closed port is refused`(_ ground: Ground) throws {
    let closed = try ground.listen().boundEndpoint
    let loop = try EventLoop()
    var end = End(connection: try ground.connect(to: closed))
    end.isConnecting = true
    let client = makeEnd(end)
    let id = try loop.add(client)
    let error = try client.state.eventually { $0.error }
    #expect(StreamClosure(error) == .refused)
    loop.remove(id)
  }

  @Test func `A connection comes from the address that was asked for`() throws {
    let listener = try StreamListener(bind: loopback4)
    let source = Endpoint(ipv4: 0x7F00_0002, port: 7_000)
    let connection = try StreamConnection(connectingTo: listener.boundEndpoint, from: source)
    var found: Endpoint?
    let hasCome = eventually {
      found = try? listener.accept()?.source
      return found != nil
    }
    #expect(hasCome)
    #expect(found?.with(port: 0) == source.with(port: 0))
    withExtendedLifetime(connection) {}
  }

  @Test(arguments: Ground.all)
  func `An event that is on its way to an ended registration reaches nobody`(
    _ ground: Ground
  ) throws {
    struct State {
      var connections: [StreamConnection] = []
      var registrations: [RegistrationID] = []
      var sources: [UInt64] = []
    }
    let listener = try ground.listen()
    let first = try ground.connect(to: listener.boundEndpoint)
    let second = try ground.connect(to: listener.boundEndpoint)
    let peers = [try accept(from: listener), try accept(from: listener)]
    let loop = try EventLoop()
    let isReady = Locked(false)
    let client = TestClient(
      State(connections: [first, second]),
      onAttach: { state, context, id throws(SystemError) in
        for (index, connection) in state.connections.enumerated() {
          let source = UInt64(index)
          state.registrations.append(
            try context.register(connection, .readable, as: source, for: id)
          )
        }
      },
      onReady: { state, source, _, context in
        state.sources.append(source)
        // Whichever comes first ends both, while the other's event waits in the same turn.
        for (connection, registration) in zip(state.connections, state.registrations) {
          context.deregister(connection, registration)
        }
        state.connections = []
      },
      onPoke: { _, _ in
        // The loop is held until both events wait.
        isReady.wait { $0 ? () : nil }
      }
    )
    let id = try loop.add(client)
    loop.poke(id)
    for peer in peers {
      peer.enqueue([1])
      #expect(try peer.flush() == 1)
    }
    isReady.withLockNotifying { $0 = true }
    try client.state.eventually { $0.sources.isEmpty ? nil : () }
    loop.remove(id)
    #expect(client.state.withLock { $0.sources.count } == 1)
  }

  @Test(arguments: Ground.all)
  func `Closing before all is read tells the peer that it was lost`(_ ground: Ground) throws {
    let listener = try ground.listen()
    let sender = try ground.connect(to: listener.boundEndpoint)
    var receiver: StreamConnection? = try accept(from: listener)
    sender.enqueue([1, 2, 3])
    #expect(try sender.flush() == 3)
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1)
    defer { buffer.deallocate() }
    let hasRead = eventually { (try? receiver?.read(into: buffer)) == .bytes(1) }
    #expect(hasRead)
    receiver = nil
    var failure: SystemError?
    let hasFailed = eventually {
      do throws(SystemError) {
        _ = try sender.read(into: buffer)
      } catch {
        failure = error
      }
      return failure != nil
    }
    #expect(hasFailed)
    #expect(failure.map { StreamClosure($0) } == .reset)
  }

  @Test func `No descriptor is left after connections of every end`() async {
    await #expect(processExitsWith: .success) {
      let before = ProcessResources()
      do {
        let listener = try StreamListener(bind: loopback4)
        for index in 0..<50 {
          let near = try StreamConnection(connectingTo: listener.boundEndpoint)
          let far = try listener.accept()
          near.enqueue([1, 2, 3])
          _ = try near.flush()
          if index % 2 == 0 { near.resetOnClose() }
          if index % 3 == 0 { try far?.connection.shutdownSending() }
        }
        let closed = try StreamListener(bind: loopback4).boundEndpoint
        for _ in 0..<10 { _ = try? StreamConnection(connectingTo: closed) }
        for _ in 0..<10 { _ = try? PortPair(bind: listener.boundEndpoint) }
      }
      let isClean = eventually { ProcessResources().hasNoLeak(since: before) }
      precondition(isClean, "\(before) \(ProcessResources())")
    }
  }

  @Test func `Out of descriptors, accepting says so and works again later`() async {
    await #expect(processExitsWith: .success) {
      let listener = try StreamListener(bind: loopback4)
      let near = try StreamConnection(connectingTo: listener.boundEndpoint)
      var limits = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
      let original = limits.rlim_cur
      limits.rlim_cur = 3
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
      do throws(SystemError) {
        _ = try listener.accept()
        preconditionFailure("accepted without a descriptor")
      } catch {
        precondition(error.isExhaustion)
      }
      limits.rlim_cur = original
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
      let accepted = try listener.accept()
      precondition(accepted != nil)
      withExtendedLifetime(near) {}
    }
  }
}
