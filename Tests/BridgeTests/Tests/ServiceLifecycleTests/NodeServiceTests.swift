#if ServiceLifecycle
  import BridgeSupport
  import Grapevine
  import GrapevineServiceLifecycle
  import Logging
  import ServiceLifecycle
  import ServiceLifecycleTestKit
  import Testing

  /// A node in a group of services.
  @Suite(.timeLimit(.minutes(1))) struct NodeServiceTests {
    private struct NotPrepared: Error {}

    /// What stands in front of the node, and is to finish what it has begun.
    private struct Server: Service {
      let drained: @Sendable () -> Void

      func run() async throws {
        try await gracefulShutdown()
        try Task.checkCancellation()
        drained()
      }
    }

    private func makeGroup(_ services: any Service...) -> ServiceGroup {
      ServiceGroup(services: services, logger: Logger(label: "group") { _ in SilentHandler() })
    }

    /// One of them does so first; while the other does not it has nobody to tell that it leaves.
    private func knowEachOther(_ first: Node, _ second: Node) -> Bool {
      first.liveMemberCount == 2 && second.liveMemberCount == 2
    }

    private func isClosed(_ node: Node) -> Bool {
      do {
        try node.set("is", "open")
        return false
      } catch {
        return error.code == .closed
      }
    }

    /// What `events` tell of the member `name` until that has left or is down.
    private func end(of name: String, in events: EventStream) async -> [Event] {
      var told: [Event] = []
      for await case .event(let event) in events {
        switch event {
        case .leaving(let id) where id.name == name: told.append(event)
        case .left(let id) where id.name == name, .down(let id) where id.name == name:
          return told + [event]
        default: break
        }
      }
      return told
    }

    @Test func `a viewer leaves at once when the group shuts down`() async throws {
      let witness = try Node(quickConfiguration("witness"))
      defer { witness.close() }
      let events = witness.events()
      let node = try Node(quickConfiguration("node"))
      let group = makeGroup(
        NodeService(node, joining: [witness.address.description], handOver: .seconds(10))
      )
      let running = Task { try await group.run() }
      #expect(try await holds { knowEachOther(witness, node) })
      await group.triggerGracefulShutdown()
      try await running.value
      #expect(isClosed(node))
      #expect(await end(of: "node", in: events) == [.left(node.id)])
    }

    @Test func `a participant says first that it will leave`() async throws {
      let witness = try Node(quickConfiguration("witness"))
      defer { witness.close() }
      let events = witness.events()
      let node = try Node(quickConfiguration("node"))
      let group = makeGroup(
        NodeService(node, joining: [witness.address.description], handOver: .milliseconds(500))
      )
      let running = Task { try await group.run() }
      #expect(try await holds { knowEachOther(witness, node) })
      try await node.changeState(to: .participant)
      await group.triggerGracefulShutdown()
      try await running.value
      #expect(await end(of: "node", in: events) == [.leaving(node.id), .left(node.id)])
    }

    @Test func `the time to hand over ends when the group is cancelled`() async throws {
      let witness = try Node(quickConfiguration("witness"))
      defer { witness.close() }
      let node = try Node(quickConfiguration("node"))
      let group = makeGroup(
        NodeService(node, joining: [witness.address.description], handOver: .seconds(600))
      )
      let running = Task { try await group.run() }
      #expect(try await holds { knowEachOther(witness, node) })
      try await node.changeState(to: .participant)
      await group.triggerGracefulShutdown()
      #expect(try await holds { witness.member(named: "node")?.isLeaving == true })
      #expect(!isClosed(node))
      running.cancel()
      _ = await running.result
      #expect(isClosed(node))
    }

    @Test func `cancellation closes the node, and nobody hears that it left`() async throws {
      let witness = try Node(quickConfiguration("witness"))
      defer { witness.close() }
      let events = witness.events()
      let node = try Node(quickConfiguration("node"))
      let group = makeGroup(NodeService(node, joining: [witness.address.description]))
      let running = Task { try await group.run() }
      #expect(try await holds { knowEachOther(witness, node) })
      running.cancel()
      _ = await running.result
      #expect(isClosed(node))
      #expect(await end(of: "node", in: events) == [.down(node.id)])
    }

    @Test func `the error of a join that fails comes out of the group`() async throws {
      let nobody = try SilentListener(accepts: false)
      let node = try Node(quickConfiguration("node"))
      let group = makeGroup(NodeService(node, joining: [nobody.address]))
      let error = await #expect(throws: NodeError.self) { try await group.run() }
      #expect(error?.code == .joinFailed && error?.failures.first?.address == nobody.address)
      #expect(isClosed(node))
    }

    @Test func `a shutdown ends a join that waits`() async throws {
      let silent = try SilentListener(accepts: true)
      var configuration = quickConfiguration("node")
      configuration.gossip.streamTimeout = .seconds(60)
      let node = try Node(configuration)
      let group = makeGroup(NodeService(node, joining: [silent.address]))
      let running = Task { try await group.run() }
      #expect(try await holds { silent.hasVisitor })
      await group.triggerGracefulShutdown()
      try await running.value
      #expect(isClosed(node))
    }

    @Test(arguments: [nil, true, false])
    func `the server in front finishes though nobody takes note that the node leaves`(
      accepts: Bool?
    ) async throws {
      // Nobody is to find out before that the other one is down.
      func configuration(_ name: String) -> Node.Configuration {
        var configuration = quickConfiguration(name)
        configuration.gossip.interval = .seconds(20)
        configuration.gossip.streamTimeout = .milliseconds(500)
        return configuration
      }
      let witness = try Node(configuration("witness"))
      let log = RecordStream()
      var own = configuration("node")
      own.logSink = log
      let node = try Node(own)
      let (finished, keeper) = AsyncStream.makeStream(of: Void.self)
      let group = makeGroup(
        Server { keeper.yield() },
        NodeService(node, joining: [witness.address.description])
      )
      let running = Task { try await group.run() }
      #expect(try await holds { knowEachOther(witness, node) })
      witness.close()
      let successor = try accepts.map {
        try SilentListener(accepts: $0, port: witness.address.port)
      }
      await group.triggerGracefulShutdown()
      try await running.value
      keeper.finish()
      #expect(await finished.reduce(0) { count, _ in count + 1 } == 1)
      #expect(isClosed(node))
      let record = try #require(await log.records.first { _ in true })
      #expect(record.level == .warning && record.message == "did not leave as it should")
      #expect(record.fields.first?.value == "leaveFailed")
      withExtendedLifetime(successor) {}
    }

    @Test(arguments: [false, true])
    func `the group ends when the node has lost its name to another process`(
      isRunning: Bool
    ) async throws {
      let witness = try Node(quickConfiguration("witness"))
      defer { witness.close() }
      let first = try Node(quickConfiguration("node"))
      defer { first.close() }
      try await first.join([witness.address.description])
      var configuration = quickConfiguration("node")
      configuration.generation = 1
      let second = try Node(configuration)
      let group = makeGroup(NodeService(second))
      func loseName() async {
        await #expect(throws: NodeError.self) {
          try await second.join([witness.address.description])
        }
      }
      if !isRunning { await loseName() }
      let running = Task { try await group.run() }
      if isRunning {
        // It runs once somebody watches.
        #expect(try await holds { second.metrics.subscriberCount > 0 })
        await loseName()
      }
      if try await !holds({ isClosed(second) }) { running.cancel() }
      let error = await #expect(throws: NodeError.self) { try await running.value }
      #expect(error?.code == .nameTaken && error?.value == first.id.description)
      #expect(isClosed(second))
      #expect(first.liveMemberCount == 2 && !isClosed(first))
    }

    @Test func `who keeps the name goes on`() async throws {
      let witness = try Node(quickConfiguration("witness"))
      defer { witness.close() }
      let node = try Node(quickConfiguration("node"))
      let conflicts = node.events()
      let group = makeGroup(NodeService(node, joining: [witness.address.description]))
      let running = Task { try await group.run() }
      #expect(try await holds { knowEachOther(witness, node) })
      var configuration = quickConfiguration("node")
      configuration.generation = 1
      let twin = try Node(configuration)
      defer { twin.close() }
      await #expect(throws: NodeError.self) { try await twin.join([witness.address.description]) }
      for await case .event(.nameConflict) in conflicts { break }
      try node.set("still", "here")
      #expect(try await holds { witness.text(of: "still", member: "node") == "here" })
      await group.triggerGracefulShutdown()
      try await running.value
      #expect(try await holds { witness.member(named: "node")?.hasLeft == true })
    }

    @Test func `a shutdown does not fail for want of a name`() async throws {
      let witness = try Node(quickConfiguration("witness"))
      defer { witness.close() }
      let first = try Node(quickConfiguration("node"))
      defer { first.close() }
      try await first.join([witness.address.description])
      let log = RecordStream()
      var configuration = quickConfiguration("node")
      configuration.generation = 1
      configuration.logSink = log
      let second = try Node(configuration)
      try await second.changeState(to: .participant)
      await #expect(throws: NodeError.self) {
        try await second.join([witness.address.description])
      }
      try await testGracefulShutdown { trigger in
        trigger.triggerGracefulShutdown()
        try await NodeService(second, handOver: .seconds(600)).run()
      }
      #expect(isClosed(second))
      let record = await log.records.first { $0.message == "did not leave as it should" }
      #expect(record?.fields.first?.value == "nameTaken")
    }

    @Test func `it starts a node itself, and prepares it before others see it`() async throws {
      let witness = try Node(quickConfiguration("witness"))
      defer { witness.close() }
      var configuration = quickConfiguration("node")
      let seed = witness.address.description
      configuration.seeds = { [seed] }
      let (nodes, keeper) = AsyncStream.makeStream(of: Node.self)
      let group = makeGroup(
        NodeService(configuration) { node in
          #expect(node.liveMemberCount == 1)
          try node.set("role", "web")
          keeper.yield(node)
        }
      )
      let running = Task { try await group.run() }
      let node = try #require(await nodes.first { _ in true })
      #expect(try await holds { knowEachOther(witness, node) })
      #expect(try await holds { witness.text(of: "role", member: "node") == "web" })
      await group.triggerGracefulShutdown()
      try await running.value
      #expect(try await holds { witness.member(named: "node")?.hasLeft == true })
    }

    @Test func `what keeps a node from starting comes out of the group`() async throws {
      let witness = try Node(quickConfiguration("witness"))
      defer { witness.close() }
      var configuration = quickConfiguration("node")
      configuration.bind = witness.address.description
      let taken = makeGroup(NodeService(configuration))
      let error = await #expect(throws: NodeError.self) { try await taken.run() }
      #expect(error?.code == .addressInUse)
      let (nodes, keeper) = AsyncStream.makeStream(of: Node.self)
      let unprepared = makeGroup(
        NodeService(quickConfiguration("node")) { node in
          keeper.yield(node)
          throw NotPrepared()
        }
      )
      await #expect(throws: NotPrepared.self) { try await unprepared.run() }
      let node = try #require(await nodes.first { _ in true })
      #expect(isClosed(node))
    }
  }

  /// Nothing of the group's own log is of interest.
  private struct SilentHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.critical

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {}
  }
#endif
