import GrapevineCore
import Testing

/// What a node that runs late, or hears of nobody, does not blame on others (design, section 6).
struct LocalHealthRuleTests {
  /// “a process that was paused must not accuse anyone on waking … it forgets the silence
  /// that it slept through”.
  @Test(arguments: [1, 10, 600])
  func `a node that was paused suspects and accuses nobody on waking`(seconds: Int) {
    var stage = Stage(6)
    stage.pause(for: .seconds(seconds))
    #expect(stage.pauseCount == 1 && stage.engine.metrics.pauses == 1)
    stage.run(for: .seconds(10))
    #expect(stage.engine.metrics.suspicions == 0 && stage.engine.metrics.accusationsOut == 0)
    #expect(stage.pauseCount == 1)
  }

  @Test func `open suspicions are dropped by a pause`() throws {
    var stage = Stage(3)
    stage.mute(0)
    while stage.engine.metrics.suspicions == 0 { stage.run(for: .milliseconds(10)) }
    stage.run(for: .milliseconds(400))
    stage.forget()
    stage.pause(for: .seconds(5))
    let wokenAt = stage.now
    stage.run(for: .seconds(8))
    let accusedAt = try #require(stage.claims(to: 0).first).at
    // A whole silence and a whole look into it lie between.
    #expect(accusedAt.since(wokenAt) >= 3 * Stage.interval)
  }

  /// “open accusations are prolonged by the pause”.
  @Test func `an accusation that was open waits for the rest of its time after a pause`() {
    var stage = Stage(6)
    let standing = Standing(accusers: [stage.key(1), stage.key(2)])
    stage.mute(0)
    stage.push(1, about: 0, standing)
    stage.run(for: .milliseconds(500))
    stage.pause(for: .seconds(30))
    stage.run(for: .milliseconds(400))
    #expect(stage.isDown(0) == false)
    stage.run(for: .milliseconds(800))
    #expect(stage.isDown(0) == true)
  }

  @Test func `a node that slept is no last judge of what others said before`() {
    var configuration = GossipConfiguration()
    configuration.observerCount = 1
    var stage = Stage(6, configuration)
    let observed = stage.observed(by: 1)
    let target = stage.members.indices.first { !observed.contains($0) } ?? 0
    stage.mute(target)
    let accuser = stage.members.indices.first { $0 != target } ?? 0
    stage.push(accuser, about: target, Standing(accusers: [stage.key(accuser)]))
    stage.run(for: .milliseconds(990))
    #expect(stage.isDown(target) == false)
    stage.pause(for: .seconds(30))
    // Nothing has come yet since it woke.
    stage.engine.advance(to: stage.now.advanced(by: 100_000_000))
    #expect(stage.isDown(target) == false)
    stage.run(for: .seconds(3))
    #expect(stage.isDown(target) == false)
  }

  @Test func `a node that is superseded says nothing of pauses`() {
    var stage = Stage(3)
    let twin = MemberID(name: "node", generation: 9)
    let stream = stage.engine.streamAccepted(from: Stage.endpoint(9), now: stage.now)
    let hello = Stranger(id: twin).hello()
    stage.engine.streamReceived(stream, hello.span, now: stage.now)
    stage.forget()
    stage.pause(for: .seconds(60))
    stage.say(0, .digest, [])
    #expect(stage.pauseCount == 0)
  }

  /// “it raises its thresholds (up to 8 ×)”.
  @Test func `a node whose ticks come late waits longer for others`() throws {
    func silence(lateTicks: Int) throws -> UInt64 {
      var configuration = Stage.wide
      configuration.suspicionThreshold = 2
      var stage = Stage(3, configuration)
      for _ in 0..<lateTicks { stage.runLate() }
      #expect(stage.pauseCount == 0)
      stage.run(for: .milliseconds(600))
      stage.mute(0)
      let silentSince = stage.heardAt[0]
      stage.forget()
      stage.run(for: .seconds(8))
      return try #require(stage.packets(.ping, to: 0).first).at.since(silentSince)
    }
    let usual = try silence(lateTicks: 0)
    let late = try silence(lateTicks: 1)
    let later = try silence(lateTicks: 3)
    #expect(late > usual && later > late, "\(usual), \(late), \(later) ns")
  }

  /// “and accuses nobody until it has run on time for a while”.
  @Test func `a node that was late accuses nobody for two intervals`() throws {
    var stage = Stage(3)
    stage.mute(0)
    // The tick that comes late lies before the time at which it would accuse.
    stage.run(for: .milliseconds(100))
    stage.runLate()
    let lateUntil = stage.now
    #expect(stage.pauseCount == 0 && stage.engine.metrics.accusationsOut == 0)
    stage.run(for: .seconds(8))
    let accusedAt = try #require(stage.claims(to: 0).first).at
    #expect(accusedAt.since(lateUntil) >= 2 * Stage.interval)
  }

  /// “Hearing nothing at all from anyone for two intervals delays accusations by two more, once”.
  @Test func `the silence of everyone delays all accusations, once`() throws {
    var one = Stage(3)
    one.mute(0)
    let alone = one.silenceUntilAccused(0)
    let usual = try #require(alone)
    var all = Stage(3)
    for index in 0..<3 { all.mute(index) }
    let silentSince = all.heardAt
    all.run(for: .seconds(8))
    let accusedAt = try (0..<3).map { try #require(all.claims(to: $0).first).at }
    for (index, at) in accusedAt.enumerated() {
      let delayed = at.since(silentSince[index])
      #expect(delayed >= usual + 3 * Stage.interval / 2, "\(index): \(delayed) after \(usual)")
      #expect(delayed <= usual + 3 * Stage.interval, "\(index): \(delayed) after \(usual)")
    }
  }

  /// “hearing less from some changes nothing”.
  @Test func `the silence of most delays nothing`() throws {
    var one = Stage(5)
    one.mute(0)
    let alone = one.silenceUntilAccused(0)
    let usual = try #require(alone)
    var most = Stage(5)
    for index in 0..<2 { most.mute(index) }
    let silence = most.silenceUntilAccused(0)
    #expect(silence == usual)
  }
}
