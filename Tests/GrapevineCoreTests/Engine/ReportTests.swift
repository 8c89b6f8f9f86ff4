import GrapevineCore
import Testing

/// What an engine tells of itself and of how it stands with others.
struct ReportTests {
  @Test func `phi is what the detector compares with its threshold`() {
    var window = ArrivalWindow(limit: 100, gapLimit: 20)
    let interval: UInt64 = 1_000_000_000
    for index in 0..<100 as Range<UInt64> {
      window.add(interval - 300_000_000 + 6_000_000 * index, interval: interval)
    }
    for threshold in 1...16 {
      let gap = window.gap(phi: threshold, interval: interval)
      let phi = window.phi(of: gap, interval: interval)
      #expect(abs(phi - Double(threshold)) < 0.05, "\(phi) at the gap of \(threshold)")
    }
    #expect(window.phi(of: 0, interval: interval) == 0)
    #expect(window.phi(of: .max, interval: interval) == 128)
    let phis = (0..<300).map { window.phi(of: $0 * interval / 50, interval: interval) }
    #expect(zip(phis, phis.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test func `an observed member's silence is told, and how long its answer took`() throws {
    var stage = Stage(4)
    func peer(_ index: Int) throws -> PeerReport {
      try #require(
        stage.engine.report(now: stage.now).peers.first { $0.id == stage.members[index].id }
      )
    }
    let before = try peer(0)
    #expect(before.phi.map { $0 < 3 } == true && before.roundTrip == nil && before.isLive)
    #expect(before.silence.map { $0 <= .milliseconds(500) } == true)
    stage.silent = [0]
    stage.run(for: .seconds(5))
    // It answers pings: at once, as it is made by hand.
    #expect(try peer(0).roundTrip == .microseconds(1))
    stage.mute(0)
    stage.run(for: .seconds(2))
    let after = try peer(0)
    #expect(after.phi.map { $0 > 8 } == true && after.silence.map { $0 >= .seconds(2) } == true)
    stage.run(for: .seconds(1))
    #expect(try peer(0).isAccused)
    #expect(stage.engine.report(now: stage.now).members.accused == 1)
  }

  @Test func `what a peer lacks is told in versions and bytes until it has it`() throws {
    var pump = Pump()
    let (a, b) = (pump.add("a"), pump.add("b"))
    _ = pump.join(b, to: a)
    pump.run(for: .seconds(2))
    func peer(of node: Int) -> PeerReport { pump.engines[node].report(now: pump.now).peers[0] }
    #expect(peer(of: a).unconfirmedVersions == 0 && peer(of: a).unconfirmedBytes == 0)
    pump.carriesDatagrams = false
    for index in 0..<5 { try pump.set(a, "key-\(index)", "0123456789") }
    #expect(peer(of: a).unconfirmedVersions == 5 && peer(of: a).unconfirmedBytes == 75)
    #expect(peer(of: b).unconfirmedVersions == 0)
    pump.carriesDatagrams = true
    pump.run(for: .seconds(2))
    #expect(peer(of: a).unconfirmedVersions == 0 && peer(of: a).unconfirmedBytes == 0)
    let report = pump.engines[b].report(now: pump.now)
    #expect(report.state.entries == 5 && report.members.live == 2)
    #expect(report.fingerprint == pump.engines[a].fingerprint)
  }

  @Test func `what others have told and the node lacks is its lag`() throws {
    var engine = Engine.alone("node", .init())
    let member = Stranger()
    engine.hear(member.packet(.delta, [0] + member.section()), now: Engine.start)
    func digest(version: Version) -> [UInt8] {
      var body: [UInt8] = []
      DigestRange(lower: .lowest, upper: .highest, body: .entries(count: 1)).write(to: &body)
      DigestEntry(
        key: MemberKey(member.id),
        progress: Progress(version: version, compacted: 0),
        standingHash: Standing().shortHash
      ).write(to: &body)
      return member.packet(.digest, body)
    }
    engine.hear(digest(version: 7), now: Engine.start)
    #expect(engine.report(now: Engine.start).peers[0].versionLag == 7)
    // That another lacks more is no news.
    engine.hear(digest(version: 0), now: Engine.start)
    #expect(engine.report(now: Engine.start).peers[0].versionLag == 7)
  }

  @Test func `a member that comes up again has flapped`() {
    var stage = Stage(4)
    for incarnation in 1...3 as ClosedRange<UInt64> {
      stage.push(1, about: 0, Standing(incarnation: incarnation - 1, verdict: .left))
      stage.push(0, about: 0, Standing(incarnation: incarnation))
    }
    let report = stage.engine.report(now: stage.now)
    #expect(report.peers.map(\.flaps) == [3, 0, 0, 0] && report.metrics.flaps == 3)
  }
}
