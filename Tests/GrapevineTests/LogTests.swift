import Grapevine
import GrapevineEncryption
import GrapevineTransport
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct LogTests {
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

    func has(_ level: LogLevel, _ message: String, _ member: MemberID) -> Bool {
      records.contains { record in
        record.level == level && record.message == message
          && record.fields.contains { $0.value == member.description }
      }
    }
  }

  @Test func `A node says what it does`() async throws {
    let sink = Sink()
    let a = try makeNode("a") {
      $0.logSink = sink
      // On a busy machine a short interval makes it say that it ran late.
      $0.gossip.interval = .seconds(2)
    }
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

  @Test func `It tells of crashes, restarts and what is odd about a network`() async throws {
    let sink = Sink(.info)
    let a = try makeNode("a") { $0.logSink = sink }
    let others = try ["b", "c"].map { try makeNode($0) }
    for other in others { try await other.join([a.address.description]) }
    try await eventually("all know all") { a.liveMemberCount == 3 }
    let crashed = others[1].id
    others[1].close()
    try await eventually("the crash is told") { sink.has(.warning, "member is down", crashed) }
    let next = try makeNode("c")
    try await next.join([a.address.description])
    try await eventually("the restart is told") { sink.has(.info, "member started anew", next.id) }
    try others[0].announceLeaving()
    try await eventually("the announcement is told") {
      sink.has(.info, "member is leaving", others[0].id)
    }
    // Streams get through, and no packet does.
    let mute = try makeNode("mute") { $0.sendLoss = SendLoss(rate: 1, seed: 1) }
    try await mute.join([a.address.description])
    try await eventually("the lost packets are told") {
      sink.has(.warning, "packets do not get through, streams do", mute.id)
    }
    #expect(!sink.has(.warning, "member is down", mute.id))
    #expect(a.member(named: "mute")?.isLive == true)
  }

  @Test func `What is refused for want of a seal is told, less and less often`() async throws {
    let sink = Sink(.info)
    let sealed = try makeNode("a") {
      $0.logSink = sink
      $0.sealer = try? TestKeyring(.random())
    }
    let seed = sealed.address.description
    // It speaks to its seed again and again.
    let plain = try makeNode("b") { $0.seeds = { [seed] } }
    try await eventually("some are refused") {
      try #require(sealed.sealingMetrics).refusedPackets[.plain] >= 8
    }
    try await eventually("it is told") {
      sink.records.contains { $0.fields.last?.value == "8" }
    }
    let told = sink.records.filter { $0.message == "refused a packet" }
    #expect(told.allSatisfy { $0.level == .warning && $0.fields.first?.value == "plain" })
    // Once for each power of two.
    let count = try #require(sealed.sealingMetrics).refusedPackets[.plain]
    #expect(told.count <= Int.bitWidth - count.leadingZeroBitCount)
    #expect(sink.records.first?.fields.last?.value == "require")
    #expect(plain.memberCount == 1)
  }

  @Test func `An address that was tried in vain has one record`() async throws {
    let gone = try makeNode("gone")
    let address = gone.address.description
    gone.close()
    let sink = Sink()
    func failures() -> [LogRecord] { sink.records.filter { $0.message == "could not join" } }
    let a = try makeNode("a") { $0.logSink = sink }
    await #expect(throws: NodeError.self) { try await a.join([address, "nonsense:x"]) }
    a.close()
    try await eventually("all was told") { sink.records.last?.message == "closed" }
    #expect(failures().map(\.level) == [.warning, .warning])
    #expect(failures().allSatisfy { $0.fields.map(\.name) == ["address", "reason"] })
    #expect(failures().map { $0.fields[0].value } == [address, "nonsense:x"])
    // Of a seed, which is tried again and again, it is for those who look for a fault.
    let seedSink = Sink()
    let b = try makeNode("b") {
      $0.logSink = seedSink
      $0.seeds = { [address] }
    }
    try await eventually("the seed's is told") {
      seedSink.records.contains { $0.message == "could not join" }
    }
    b.close()
    let record = try #require(seedSink.records.first { $0.message == "could not join" })
    #expect(record.level == .debug && record.fields.map(\.name) == ["address", "reason"])
    #expect(record.fields[0].value == address && record.fields[1].value != "")
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
