import GrapevineCore
import Testing

/// What others say costs no more than it takes them to say it, however it is put.
@Suite(.timeLimit(.minutes(1))) struct AttackCostTests {
  private let member = MemberID(name: "member", generation: 1)
  private let stranger = Stranger()

  @Test func `a bound that creeps up to a far tombstone passes each entry once`() {
    // With each step a walk from the beginning this takes minutes.
    let count: Version = 100_000
    var state = VersionedState(hash: Samples.hash)
    for index in 0..<count { _ = state.set(key: "key-\(index)", value: [1]) }
    _ = state.delete(key: "key-0")
    for bound in 1...count { state.adopt(compacted: bound) }
    #expect(state.tombstoneCount == 1 && state.compacted == count)
    state.adopt(compacted: count + 1)
    #expect(state.tombstoneCount == 0 && state.entryCount == Int(count) - 1)
  }

  /// A stream on which `sections` come; returns whether it was ended for them.
  private func isEnded(_ engine: inout Engine, by sections: [[UInt8]]) -> Bool {
    let stream = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
    engine.hear(stream, stranger.hello())
    for section in sections { engine.hear(stream, stranger.frame(.delta, section)) }
    return engine.streamActions().contains(.abort(stream))
  }

  private func snapshot(of id: MemberID, _ end: Version) -> [UInt8] {
    HandMadeSection(isSnapshot: true, compacted: end, end: end).bytes(MemberKey(id))
  }

  @Test func `a stream brings eight snapshots of a member, and members in order`() {
    var engine = Engine.alone()
    engine.hear(stranger.packet(.delta, [0] + Stranger.section(of: member)))
    let eight = (1...8).map { snapshot(of: member, $0) }
    #expect(!isEnded(&engine, by: eight))
    #expect(engine.version(of: "member") == 8)
    #expect(isEnded(&engine, by: eight + [snapshot(of: member, 9)]))
    #expect(engine.version(of: "member") == 8)
    // What is not known here counts as well, and who is passed over may not come any more.
    var ids = [member, MemberID(name: "other", generation: 1)]
    ids.sort { MemberKey($0) < MemberKey($1) }
    #expect(!isEnded(&engine, by: ids.map { snapshot(of: $0, 10) }))
    #expect(isEnded(&engine, by: ids.reversed().map { snapshot(of: $0, 11) }))
  }

  @Test func `the runs of a snapshot that is under way count as memory`() {
    let runs = (1...1_000 as ClosedRange<Version>).map { 2 * $0...2 * $0 }
    let section = HandMadeSection(
      isSnapshot: true,
      isComplete: false,
      base: 2_000,
      end: 3_000,
      retained: runs
    )
    var configuration = GossipConfiguration()
    configuration.remoteStateLimit = 16_000
    configuration.valueSizeLimit = 1_000
    var engine = Engine.alone("node", configuration)
    engine.hear(stranger.packet(.delta, [0] + Stranger.section(of: member)))
    let before = engine.metrics.drops[.limit]
    #expect(!isEnded(&engine, by: [section.bytes(MemberKey(member))]))
    #expect(engine.metrics.drops[.limit] == before + 1)
    engine.checkInvariants()
  }

  @Test func `a weight and a word on sealing that are as long as values may be are not read`() {
    var engine = Engine.alone()
    engine.hear(stranger.packet(.delta, [0] + Stranger.section(of: member)))
    let digits = [UInt8](repeating: 0x30, count: 20) + [0x37]
    let entries = [
      StoredEntry(key: ReservedKeys.participant, value: digits, version: 1, isDeleted: false)
    ]
    let section = HandMadeSection(end: 1, entries: entries).bytes(MemberKey(member))
    engine.hear(stranger.packet(.delta, [0] + section))
    #expect(engine.member(named: "member", now: Engine.start)?.weight == 100)
  }
}

/// Refusals by peers, whatever the stream was for.
struct RefusedPurposeTests {
  private let stranger = Stranger()

  private func nameHeld(_ id: MemberID, _ standing: Standing = Standing()) -> [UInt8] {
    stranger.frame(
      .refusal,
      [RefusalCode.nameHeld.rawValue] + Stranger.section(of: id, standing)
    )
  }

  @Test func `a leave that is answered by a claim of the name ends`() throws {
    var engine = Engine.alone()
    engine.hear(stranger.packet(.delta, [0] + stranger.section()))
    engine.leave(now: Engine.start)
    let opened = engine.streamActions().compactMap {
      if case .open(let id, _) = $0 { id } else { nil }
    }
    let stream = try #require(opened.first)
    engine.streamOpened(stream, now: Engine.start)
    engine.hear(stream, nameHeld(MemberID(name: "node", generation: 9)))
    #expect(
      engine.pulledEvents().contains(.leaveFinished(asked: [stranger.id], acknowledged: []))
    )
  }

  @Test func `a look at a rival that is answered by a claim of the name ends`() throws {
    var engine = Engine.alone()
    let rival = MemberID(name: "node", generation: 1)
    for round in 1...2 as ClosedRange<UInt64> {
      let claim = Stranger.section(of: engine.localID, Standing(incarnation: 7))
      engine.hear(stranger.packet(.delta, [0] + claim))
      let opened = engine.streamActions().compactMap {
        if case .open(let id, _) = $0 { id } else { nil }
      }
      let stream = try #require(opened.first)
      engine.streamOpened(stream, now: Engine.start)
      engine.hear(stream, nameHeld(rival))
      #expect(engine.localID.generation == round + 1)
    }
  }
}

extension RefusedPurposeTests {
  @Test(arguments: [true, false])
  func `a name whose holder is busy stays with the holder`(becomesFree: Bool) throws {
    var configuration = GossipConfiguration()
    configuration.inboundStreamLimit = 1
    configuration.streamTimeout = .seconds(600)
    var pump = Pump()
    pump.carriesDatagrams = false
    let seed = pump.add("seed")
    let holder = pump.add("name", generation: 5, configuration)
    _ = pump.join(holder, to: seed)
    let held = pump.engines[holder].streamAccepted(from: Stranger.endpoint, now: pump.now)
    let newcomer = pump.add("name", generation: 3)
    _ = pump.join(newcomer, to: seed)
    pump.run(for: .seconds(1))
    #expect(pump.engines[newcomer].localID.generation == 3)
    #expect(pump.events[newcomer] == [])
    if becomesFree { pump.engines[holder].streamClosed(held, .reset, now: pump.now) }
    pump.run(for: .seconds(4))
    let id = pump.engines[holder].localID
    let endpoint = pump.engines[holder].localEndpoint
    #expect(id.generation == 5)
    #expect(pump.events[newcomer].contains(.superseded(by: id, at: endpoint)))
    #expect(!pump.events[holder].contains { if case .superseded = $0 { true } else { false } })
  }
}

/// A bound for dropped tombstones that the owner has not set.
struct ForgedCompactionTests {
  @Test(arguments: [(0, .max), (5, 3)] as [(Int, Version)])
  func `an owner whose replicas hold a bound above its own begins a later life`(
    keyCount: Int,
    bound: Version
  ) throws {
    var pump = Pump()
    let owner = pump.add("owner")
    let replica = pump.add("replica")
    _ = pump.join(owner, to: replica)
    for index in 0..<keyCount { try pump.set(owner, "key-\(index)", "value") }
    pump.run(for: .seconds(2))
    let key = MemberKey(pump.engines[owner].localID)
    let forged = HandMadeSection(compacted: bound, end: 0).bytes(key)
    pump.engines[replica].hear(Stranger().packet(.delta, [0] + forged), now: pump.now)
    pump.settle()
    try pump.set(owner, "key", "value")
    pump.run(for: .seconds(5))
    #expect(pump.engines[owner].localID.generation > 1)
    #expect(pump.engines[replica].entry("key", of: "owner")?.text == "value")
    #expect(pump.engines[owner].fingerprint == pump.engines[replica].fingerprint)
  }
}
