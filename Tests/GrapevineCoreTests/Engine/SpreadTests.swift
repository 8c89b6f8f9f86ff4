import GrapevineCore
import Testing

/// “`spread(upTo: version)` returns when every live member holds that version of the local state
/// (asked by `request`), or when its deadline passes, saying who does not”.
struct SpreadTests {
  private static func cluster(_ count: Int) -> Pump {
    var pump = Pump()
    for index in 0..<count { _ = pump.add("node-\(index)") }
    for index in 1..<count { _ = pump.join(index, to: 0) }
    pump.run(for: .seconds(6))
    pump.forget()
    return pump
  }

  private static func outcomes(_ pump: Pump, _ engine: Int = 0) -> [SpreadTicket: [String]] {
    var outcomes: [SpreadTicket: [String]] = [:]
    for event in pump.events[engine] {
      guard case .spreadFinished(let ticket, let missing) = event else { continue }
      #expect(outcomes[ticket] == nil, "told twice")
      outcomes[ticket] = missing.map(\.name).sorted()
    }
    return outcomes
  }

  @Test func `it ends as soon as all hold the version`() throws {
    var pump = Self.cluster(6)
    try pump.set(0, "key", "value")
    let version = try #require(pump.engines[0].version(of: "node-0"))
    let ticket = pump.engines[0].spread(upTo: version, deadline: .never, now: pump.now)
    pump.settle()
    #expect(Self.outcomes(pump) == [:])
    pump.run(for: .milliseconds(10))
    #expect(Self.outcomes(pump) == [ticket: []])
    #expect(pump.engines[0].metrics.requestsOut == 5 && pump.engines[0].metrics.repliesIn == 5)
    #expect(pump.engines[1].metrics.requestsIn == 1)
  }

  @Test func `it says at the deadline who does not hold the version`() throws {
    var pump = Self.cluster(6)
    pump.isLost = { [3, 4].contains($0.to) && $0.from == 0 && $0.kind != .heartbeat }
    try pump.set(0, "key", "value")
    let deadline = pump.now + .milliseconds(700)
    let ticket = pump.engines[0].spread(upTo: 1, deadline: deadline, now: pump.now)
    pump.settle()
    pump.run(for: .milliseconds(699))
    #expect(Self.outcomes(pump) == [:])
    pump.run(for: .milliseconds(1))
    #expect(Self.outcomes(pump) == [ticket: ["node-3", "node-4"]])
    let requests = pump.engines[0].metrics.requestsOut
    pump.run(for: .seconds(2))
    #expect(pump.engines[0].metrics.requestsOut == requests)
  }

  @Test func `a member that holds less is asked again until it holds the version`() throws {
    var pump = Self.cluster(3)
    pump.isLost = { $0.to == 2 && $0.kind != .request && $0.kind != .heartbeat }
    pump.isStreamLost = { $0 == 2 || $1 == 2 }
    try pump.set(0, "key", "value")
    let ticket = pump.engines[0].spread(upTo: 1, deadline: .never, now: pump.now)
    pump.run(for: .seconds(1))
    #expect(pump.packets(.request).filter { $0.to == 2 }.count > 2)
    #expect(pump.packets(.request).filter { $0.to == 1 }.count == 1)
    #expect(Self.outcomes(pump) == [:])
    pump.isLost = { _ in false }
    pump.isStreamLost = { _, _ in false }
    pump.run(for: .seconds(2))
    #expect(Self.outcomes(pump) == [ticket: []])
  }

  @Test func `a version that does not exist yet is not held`() throws {
    var pump = Self.cluster(2)
    let ticket = pump.engines[0].spread(upTo: 1, deadline: .never, now: pump.now)
    pump.run(for: .seconds(1))
    #expect(Self.outcomes(pump) == [:])
    try pump.set(0, "key", "value")
    pump.run(for: .seconds(1))
    #expect(Self.outcomes(pump) == [ticket: []])
  }

  @Test func `alone it ends at once, and a member that dies is waited for no more`() throws {
    var alone = Pump()
    _ = alone.add("node-0")
    let first = alone.engines[0].spread(upTo: 9, deadline: .never, now: alone.now)
    alone.settle()
    #expect(Self.outcomes(alone) == [first: []])
    var pump = Self.cluster(4)
    pump.cut(3)
    try pump.set(0, "key", "value")
    let second = pump.engines[0].spread(upTo: 1, deadline: .never, now: pump.now)
    pump.run(for: .milliseconds(500))
    #expect(Self.outcomes(pump) == [:])
    pump.run(for: .seconds(10))
    #expect(pump.engines[0].member(named: "node-3", now: pump.now)?.isDown == true)
    #expect(Self.outcomes(pump) == [second: []])
  }

  @Test func `one that is given up is told no more of`() {
    var pump = Self.cluster(2)
    let ticket = pump.engines[0].spread(upTo: 9, deadline: .never, now: pump.now)
    pump.run(for: .milliseconds(300))
    pump.engines[0].cancelSpread(ticket, now: pump.now)
    pump.forget()
    pump.run(for: .seconds(3))
    #expect(Self.outcomes(pump) == [:] && pump.packets(.request).isEmpty)
  }

  @Test(arguments: [1, 5])
  func `as many as the limit wait, and one more ends at once`(limit: Int) {
    var configuration = GossipConfiguration()
    configuration.spreadLimit = limit
    var pump = Pump()
    _ = pump.add("node-0", configuration)
    _ = pump.add("node-1")
    _ = pump.join(1, to: 0)
    pump.run(for: .seconds(1))
    let tickets = (0...limit).map { _ in
      pump.engines[0].spread(upTo: 9, deadline: .never, now: pump.now)
    }
    pump.settle()
    #expect(Self.outcomes(pump) == [tickets[limit]: ["node-1"]])
    pump.engines[0].cancelSpread(tickets[0], now: pump.now)
    _ = pump.engines[0].spread(upTo: 9, deadline: .never, now: pump.now)
    pump.settle()
    #expect(Self.outcomes(pump).count == 1)
  }

  @Test func `many members are asked some at a time`() {
    var stage = Stage(100, .init(), warmUp: .seconds(1))
    _ = stage.engine.spread(upTo: 1, deadline: .never, now: stage.now)
    stage.run(for: .milliseconds(200))
    let requests = stage.packets(.request)
    let times = Set(requests.map(\.at))
    for time in times { #expect(requests.count { $0.at == time } <= 64) }
    let firstTwo = Set(times.sorted().prefix(2))
    #expect(Set(requests.filter { firstTwo.contains($0.at) }.map(\.member)).count == 100)
  }

  @Test func `one that dies amid a round is neither asked nor missing`() throws {
    var stage = Stage(100, .init(), warmUp: .seconds(1))
    let ticket = stage.engine.spread(
      upTo: 1,
      deadline: stage.now + .milliseconds(12),
      now: stage.now
    )
    stage.engine.claimLock(LockID(prefix: "test", key: "key"), now: stage.now)
    stage.run(for: .milliseconds(6))
    let asked = Set(stage.packets(.request).compactMap(\.member))
    let dead = try #require((0..<100).first { !asked.contains($0) })
    let alive = asked.isEmpty ? dead : try #require(asked.min())
    stage.tell(alive, about: dead, Standing(verdict: .left))
    stage.run(for: .seconds(1))
    let all = Set(stage.packets(.request).compactMap(\.member))
    #expect(asked.count == 64 && all == Set(0..<100).subtracting([dead]))
    let missing = stage.events.compactMap { _, event -> [MemberID]? in
      if case .spreadFinished(ticket, let missing) = event { missing } else { nil }
    }
    #expect(missing.map(\.count) == [99])
  }

  @Test func `a stranger is told that nothing is held of it`() throws {
    var engine = Engine.alone()
    let stranger = Stranger()
    var body: [UInt8] = []
    Inquiry.writeRequest(sequence: 77, to: &body)
    engine.hear(stranger.packet(.request, body))
    let packets = engine.packets()
    #expect(packets.count == 1)
    let reply = try #require(packets.first)
    var reader = WireReader(PacketHeader.size..<reply.count)
    let answer = try Inquiry.readReply(reply.span, &reader)
    #expect(answer.sequence == 77 && answer.reply == .version(0))
  }
}
