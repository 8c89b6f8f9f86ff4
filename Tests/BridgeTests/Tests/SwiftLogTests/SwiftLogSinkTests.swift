#if SwiftLog
  import BridgeSupport
  import Grapevine
  import GrapevineSwiftLog
  import InMemoryLogging
  import Logging
  import Testing

  /// A node's records in swift-log.
  @Suite(.timeLimit(.minutes(1))) struct SwiftLogSinkTests {
    private let handler = InMemoryLogHandler()

    private func makeSink(_ level: Logger.Level) -> SwiftLogSink {
      var logger = Logger(label: "cluster") { _ in handler }
      logger.logLevel = level
      return SwiftLogSink(logger)
    }

    @Test func `a node says what it does, what differs as metadata`() async throws {
      var configuration = quickConfiguration("a")
      configuration.logSink = makeSink(.debug)
      let a = try Node(configuration)
      defer { a.close() }
      let b = try Node(quickConfiguration("b"))
      defer { b.close() }
      try await b.join([a.address.description])
      try b.set("role", "web")
      #expect(try await holds { handler.entries.contains { $0.message == "key set" } })
      let joined = try #require(handler.entries.first { $0.message == "member joined" })
      #expect(joined.level == .info)
      #expect(joined.metadata == ["node": "a", "member": "\(b.id)"])
      let keySet = try #require(handler.entries.first { $0.message == "key set" })
      #expect(keySet.level == .debug)
      #expect(keySet.metadata == ["node": "a", "member": "\(b.id)", "key": "role"])
    }

    @Test(arguments: zip(LogLevel.allCases, [Logger.Level.debug, .info, .warning, .error]))
    func `each level has its own`(level: LogLevel, expected: Logger.Level) {
      let field = LogRecord.Field(name: "count", value: "7")
      makeSink(.trace).log(LogRecord(level: level, node: "a", message: "it", fields: [field]))
      let metadata: Logger.Metadata = ["node": "a", "count": "7"]
      #expect(handler.entries == [.init(level: expected, message: "it", metadata: metadata)])
    }

    @Test(arguments: Logger.Level.allCases)
    func `a logger that is silent spares the node the work`(level: Logger.Level) {
      let sink = makeSink(level)
      // What the sink does not ask for the logger would not have taken.
      for lower in LogLevel.allCases where lower < sink.minimumLevel {
        sink.log(LogRecord(level: lower, node: "a", message: "it"))
      }
      #expect(handler.entries == [])
      sink.log(LogRecord(level: sink.minimumLevel, node: "a", message: "it"))
      #expect(handler.entries.count == (level == .critical ? 0 : 1))
    }
  }
#endif
