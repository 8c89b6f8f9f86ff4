import Grapevine
import GrapevineTransport
import Testing

@Suite(.nodesStay, .timeLimit(.minutes(1))) struct LogTests {
  /// A sink that keeps what it is handed.
  private final class Sink: LogSink {
    let minimumLevel: LogLevel
    private let kept = Locked<[LogRecord]>([])
    private let beforeKeeping: @Sendable () -> Void

    init(_ minimumLevel: LogLevel = .debug, beforeKeeping: @escaping @Sendable () -> Void = {}) {
      self.minimumLevel = minimumLevel
      self.beforeKeeping = beforeKeeping
    }

    var records: [LogRecord] { kept.withLock { $0 } }

    func log(_ record: LogRecord) {
      beforeKeeping()
      kept.withLock { $0.append(record) }
    }
  }

  @Test func `A node says what it does`() async throws {
    let sink = Sink()
    let a = try makeNode("a") { $0.logSink = sink }
    let b = try makeNode("b")
    try await b.join([a.address.description])
    try b.set("key", "value")
    try await eventually("a has the key") { a.version(of: "b") == 1 }
    try await b.leave()
    try await eventually("a knows") { a.member(named: "b")?.hasLeft == true }
    a.close()
    try await eventually("the sink is told") { sink.records.last?.message == "closed" }
    #expect(
      sink.records.map(\.message)
        == ["started", "member joined", "key set", "member left", "closed"]
    )
    #expect(sink.records.allSatisfy { $0.node == "a" })
    let joined = try #require(sink.records.first { $0.message == "member joined" })
    #expect(joined.level == .info)
    #expect(joined.fields.map(\.name) == ["member"])
    #expect(joined.description == "info a: member joined member=\(b.id)")
  }

  @Test func `A sink gets no more than it wants`() async throws {
    let sink = Sink(.error)
    let a = try makeNode { $0.logSink = sink }
    let b = try makeNode()
    try await b.join([a.address.description])
    a.close()
    #expect(sink.records == [])
  }

  @Test func `A sink that sleeps delays nobody and is told what it missed`() async throws {
    let gate = Gate()
    let sink = Sink { gate.pass() }
    let a = try makeNode("a") { $0.logSink = sink }
    let b = try makeNode("b")
    try await b.join([a.address.description])
    try await eventually("the sink sleeps") { gate.hasVisitor }
    for index in 0..<2_000 { try b.set("key-\(index)", "value") }
    try await eventually("gossip goes on") { a.version(of: "b") == 2_000 }
    gate.open()
    try await eventually("the sink is told of the gap") {
      sink.records.contains { $0.message == "log records were dropped" }
    }
    #expect(sink.records.count < 1_100)
  }
}
