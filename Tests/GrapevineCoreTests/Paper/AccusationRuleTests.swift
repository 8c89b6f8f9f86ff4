import GrapevineCore
import Testing

/// Accusation and verdict, sentence by sentence (design, section 6).
struct AccusationRuleTests {
  /// Members of which the node does not observe the first few, so that others alone accuse those.
  private static func stageOfUnobserved(
    _ threshold: Int = 8,
    warmUp: Duration = .seconds(8)
  ) -> (stage: Stage, target: Int, others: [Int]) {
    var configuration = GossipConfiguration()
    configuration.observerCount = 1
    configuration.suspicionThreshold = threshold
    var stage = Stage(10, configuration, warmUp: warmUp)
    let observed = stage.observed(by: 1)
    let free = stage.members.indices.filter { !observed.contains($0) }
    let target = free[0]
    stage.mute(target)
    stage.forget()
    return (stage, target, stage.members.indices.filter { $0 != target })
  }

  private static func accused(by stage: Stage, _ accusers: [Int], _ incarnation: UInt64 = 0)
    -> Standing
  {
    Standing(incarnation: incarnation, accusers: accusers.map { stage.key($0) })
  }

  /// “the observer adds itself to the accusers and pushes the standing, to the accused as well, and
  /// again each interval while it stays silent”.
  @Test func `an accuser tells all, and the accused again and again`() throws {
    var configuration = Stage.wide
    configuration.loneAccuserGrace = 1_000
    var stage = Stage(4, configuration)
    stage.mute(0)
    stage.run(for: .seconds(12))
    let claims = stage.claims(to: 0)
    let first = try #require(claims.first)
    let pushes = stage.packets(.push).filter { $0.at >= first.at }
    #expect(Set(pushes.compactMap(\.member)).isSuperset(of: [1, 2, 3]))
    for (earlier, later) in zip(claims, claims.dropFirst()) {
      #expect(later.at.since(earlier.at) <= Stage.interval + Stage.interval / 8)
    }
    #expect(claims.count >= 10)
    var reader = WireReader(PacketHeader.size..<first.bytes.count)
    let section = try Ping.read(first.bytes.span, &reader).section
    #expect(section?.standing?.standing.accusers == [MemberKey(stage.engine.localID)])
  }

  /// “A member that sees itself accused or down raises its incarnation and pushes”.
  @Test(arguments: [Verdict.alive, .down])
  func `a node that is accused or called down refutes, and answers`(verdict: Verdict) throws {
    var stage = Stage(4)
    let own = stage.engine.localID
    let standing = Standing(incarnation: 3, verdict: verdict, accusers: [stage.key(1)])
    var body: [UInt8] = []
    Ping(sequence: 5, target: MemberKey(own)).writeHead(to: &body)
    let head = Section.begin(MemberKey(own), in: &body)
    let endpoint = stage.engine.localEndpoint
    Section.write(Section.Claim(standing: standing, age: 0, endpoint: endpoint), to: &body)
    Section.end(head, in: &body)
    stage.say(1, .ping, body)
    #expect(stage.engine.metrics.refutations == 1)
    let ack = try #require(stage.packets(.ack, to: 1).first)
    var reader = WireReader(PacketHeader.size..<ack.bytes.count)
    let answer = try Ping.read(ack.bytes.span, &reader)
    #expect(answer.sequence == 5 && answer.target == MemberKey(own))
    #expect(answer.section?.standing?.standing == Standing(incarnation: 4))
    stage.run(for: .milliseconds(200))
    #expect(Set(stage.packets(.push).compactMap(\.member)) == [0, 1, 2, 3])
  }

  /// “A node that has seen min(2, eligible accusers) accusers for `suspicionGrace` (2 intervals) …
  /// raises the verdict to `down`”.
  @Test func `two accusers are enough after the grace, and not before`() throws {
    var (stage, target, others) = Self.stageOfUnobserved()
    stage.push(others[0], about: target, Self.accused(by: stage, [others[0]]))
    stage.run(for: .seconds(2))
    stage.push(others[1], about: target, Self.accused(by: stage, Array(others[..<2])))
    let secondAt = stage.now
    stage.run(for: .milliseconds(999))
    #expect(stage.isDown(target) == false)
    stage.run(for: .milliseconds(251))
    #expect(stage.isDown(target) == true)
    let at = try #require(stage.time(of: .down(stage.members[target].id)))
    #expect(at.since(secondAt) >= 2 * Stage.interval)
    #expect(stage.engine.metrics.verdictsOut == 1)
    // “only the accusers push it”.
    #expect(stage.packets(.push).filter { $0.at >= at }.isEmpty)
  }

  /// “… or one for 20 intervals”.
  @Test func `a single accuser is enough after twenty intervals, and not before`() throws {
    var (stage, target, others) = Self.stageOfUnobserved()
    let firstAt = stage.now
    stage.push(others[0], about: target, Self.accused(by: stage, [others[0]]))
    stage.run(for: .milliseconds(9_999))
    #expect(stage.isDown(target) == false)
    stage.run(for: .milliseconds(600))
    let at = try #require(stage.time(of: .down(stage.members[target].id)))
    #expect(at.since(firstAt) >= 20 * Stage.interval)
  }

  /// “Eligible: live, unaccused members, other than the accused, that the judging node has itself
  /// heard of since shortly before the accusation (so the last survivors of a mass failure can
  /// still judge), the node itself included”.
  @Test func `the last of two nodes judges alone`() throws {
    var stage = Stage(1)
    let silentSince = stage.now
    stage.mute(0)
    stage.run(for: .seconds(8))
    let at = try #require(stage.time(of: .down(stage.members[0].id)))
    #expect(at.since(silentSince) <= 10 * Stage.interval)
  }

  @Test func `the last survivor of a mass failure judges all others`() {
    var stage = Stage(3)
    stage.silent = [0, 1, 2]
    stage.deaf = [0, 1, 2]
    // Well before a single accuser is enough in any case.
    stage.run(for: .seconds(7))
    for index in 0..<3 { #expect(stage.isDown(index) == true) }
  }

  @Test func `members that are silent themselves are not waited for`() {
    // The node itself is too patient to accuse anyone meanwhile.
    var (stage, target, others) = Self.stageOfUnobserved(64, warmUp: .seconds(3))
    for index in others { stage.mute(index) }
    stage.run(for: .seconds(2))
    let standing = Self.accused(by: stage, [others[0]])
    let section = Stage.section(of: stage.members[target].id, target, standing)
    var body: [UInt8] = []
    PushHead(hops: 1, arc: Arc(lower: stage.key(target), upper: stage.key(target)))
      .write(to: &body)
    stage.hear(Stranger().packet(.push, body + section))
    stage.run(for: .milliseconds(999))
    #expect(stage.isDown(target) == false)
    stage.run(for: .milliseconds(251))
    #expect(stage.isDown(target) == true)
  }

  @Test func `where others are heard of, one accuser is not the last judge`() {
    var stage = Stage(3)
    stage.mute(0)
    stage.run(for: .seconds(8))
    #expect(stage.engine.metrics.accusationsOut == 1 && stage.isDown(0) == false)
  }

  /// “refuted everywhere in a few hops”.
  @Test func `a refutation ends an accusation`() {
    var (stage, target, others) = Self.stageOfUnobserved()
    stage.push(others[0], about: target, Self.accused(by: stage, Array(others[..<2])))
    stage.run(for: .milliseconds(900))
    stage.push(others[2], about: target, Standing(incarnation: 1))
    stage.run(for: .seconds(15))
    #expect(stage.isDown(target) == false)
    #expect(stage.time(of: .down(stage.members[target].id)) == nil)
  }

  @Test func `a refutation after the verdict brings the member back`() throws {
    var (stage, target, others) = Self.stageOfUnobserved()
    stage.push(others[0], about: target, Self.accused(by: stage, Array(others[..<2])))
    stage.run(for: .seconds(3))
    #expect(stage.isDown(target) == true)
    stage.push(others[2], about: target, Standing(incarnation: 1))
    #expect(stage.isDown(target) == false)
    let id = stage.members[target].id
    #expect(stage.count(of: .member(.down(id))) == 1 && stage.count(of: .member(.up(id))) == 1)
  }

  @Test func `an accusation of a former incarnation is not believed`() {
    var (stage, target, others) = Self.stageOfUnobserved()
    stage.push(others[0], about: target, Standing(incarnation: 2))
    stage.push(others[0], about: target, Self.accused(by: stage, Array(others[..<2]), 1))
    stage.run(for: .seconds(15))
    #expect(stage.isDown(target) == false)
  }

  @Test func `an accused member that is heard of is told, not judged`() {
    var (stage, target, others) = Self.stageOfUnobserved()
    stage.silent = []
    stage.push(others[0], about: target, Self.accused(by: stage, Array(others[..<2])))
    stage.forget()
    stage.run(for: .seconds(15))
    #expect(stage.isDown(target) == false)
    #expect(stage.claims(to: target).count >= 5)
  }

  @Test func `one that was heard of after the accusation, and then no more, is judged`() throws {
    var (stage, target, others) = Self.stageOfUnobserved()
    stage.silent = []
    stage.push(others[0], about: target, Self.accused(by: stage, Array(others[..<2])))
    stage.run(for: .seconds(5))
    #expect(stage.isDown(target) == false)
    stage.mute(target)
    let silentSince = stage.now
    stage.run(for: .seconds(3))
    let at = try #require(stage.time(of: .down(stage.members[target].id)))
    // The grace counts from the last word.
    #expect(at.since(silentSince) >= Stage.interval && at.since(silentSince) <= 4 * Stage.interval)
  }

  /// “a refuted accuser doubles its own threshold for that member for a while”.
  @Test func `after a refutation the accuser waits longer, up to eight times the threshold`() throws
  {
    var configuration = Stage.wide
    configuration.suspicionThreshold = 1
    configuration.arrivalWindow = 4
    var stage = Stage(3, configuration)
    var silences: [UInt64] = []
    for incarnation in 1...5 as ClosedRange<UInt64> {
      stage.mute(0)
      let silence = stage.silenceUntilAccused(0)
      silences.append(try #require(silence))
      stage.push(0, about: 0, Standing(incarnation: incarnation))
      stage.unmute(0)
      stage.run(for: .seconds(4))
    }
    let deviations = [1, 2, 4, 8, 8].map { PhiAccrual.deviations(phi: $0) }
    for (index, silence) in silences.enumerated() {
      let added = (deviations[index] - deviations[0]) * Stage.interval / 2_000
      let expected = silences[0] + added
      #expect(max(silence, expected) - min(silence, expected) < 10_000_000, "\(silences)")
    }
    // “for a while”: after the span it is as it was.
    stage.run(for: .seconds(61))
    stage.mute(0)
    let last = stage.silenceUntilAccused(0)
    let silence = try #require(last)
    #expect(max(silence, silences[0]) - min(silence, silences[0]) < 10_000_000)
  }
}
