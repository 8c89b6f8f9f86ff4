import Glibc
import GrapevineCore
import GrapevineSimulation
import Pacing
import Synchronization
import Testing

@testable import EvalScenarios

/// Runs that a seed draws, as the command line asks for them.
@Suite(.computing, .timeLimit(.minutes(15))) struct SimulateTests {
  private func options(_ arguments: String...) throws -> Options {
    guard case .run(let options) = try Command(arguments: ["simulate"] + arguments) else {
      throw UsageError("help was read instead of a run")
    }
    return options
  }

  private func failure(_ arguments: String...) -> String? {
    do {
      _ = try Command(arguments: ["simulate"] + arguments)
      return nil
    } catch {
      return error.description
    }
  }

  /// A run too short to agree in, so that it fails as a real one does.
  private static let hasty: Campaign.SwarmMaker = { seed, _ in
    var options = Swarm.Options()
    options.nodeCount = 2
    options.nameLimit = 2
    options.conditions.latency = .fixed(.milliseconds(100))
    options.configuration.memberExpiry = .seconds(1)
    options.safetyDuration = .milliseconds(100)
    if seed % 3 == 2 { options.healDuration = .zero }
    return Swarm(seed: seed, options: options)
  }

  private func silent() -> EvalScenarios.Progress {
    EvalScenarios.Progress(isTerminal: false, write: { _ in })
  }

  // MARK: Arguments

  @Test func `seeds are numbers, in either way of writing, or names of commits`() throws {
    #expect(try options().seed == 0)
    #expect(try options("--seed=17").seed == 17)
    #expect(try options("--seed=0xfF").seed == 255)
    let commit = "de0f9c1b2a3948576061728394a5b6c7d8e9f001"
    let seed = try options("--seed", commit).seed
    #expect(seed == Swarm.seed(ofCommit: commit))
    #expect(try options("--seed", String(commit.dropLast()) + "2").seed != seed)
    #expect(Swarm.seed(ofCommit: String(commit.dropLast())) == nil)
    #expect(failure("--seed", commit.dropLast() + "G")?.contains("a commit's 40 digits") == true)
  }

  @Test func `the options of a campaign put their values into the options`() throws {
    let given = try options(
      "--seeds=50",
      "--jobs=3",
      "--nodes=1",
      "--duration=2min",
      "--keep-going"
    )
    #expect(given.givenSeeds == 50 && given.givenJobs == 3 && given.nodes == 1)
    #expect(given.duration == .seconds(120) && given.keepsGoing)
    #expect(try options().duration == .seconds(60))
    #expect(try options("--trace").traces)
    #expect(try options("--list-faults").listsFaults)
  }

  @Test func `what makes no sense is answered with what would`() {
    #expect(failure("--trace", "--seeds=2")?.contains("for one seed") == true)
    #expect(failure("--seeds=0")?.contains("from 1 to") == true)
    #expect(failure("--nodes=0")?.contains("for simulate 1 to 1000") == true)
    #expect(failure("--nodes=1001")?.contains("for simulate 1 to 1000") == true)
    #expect(failure("--fault=unknown")?.contains("--list-faults") == true)
    #expect(failure("--loss=0.1")?.contains("no meaning for simulate") == true)
    #expect(failure("--interval=1s")?.contains("no meaning for simulate") == true)
  }

  @Test func `a build that can't plant faults says which one can`() {
    let answer = failure("--fault=never-judge")
    if Simulate.canPlantFaults {
      #expect(answer == nil)
    } else {
      #expect(answer?.contains("--traits PlantedFaults") == true)
    }
  }

  @Test func `a seed is replayed with the options that were given`() throws {
    let start = "swift run -c release eval simulate --seed 0x2a"
    #expect(Simulate.replay(42, try options("--seeds=9", "--jobs=2")) == start)
    let narrowed = try options("--nodes=5", "--duration=1500ms")
    #expect(Simulate.replay(42, narrowed) == start + " --nodes 5 --duration 1500ms")
    guard case .run(let again) = try Command(arguments: ["simulate", "--seed", "0x2a"]) else {
      return
    }
    #expect(again.seed == 42)
  }

  // MARK: Campaigns

  @Test func `what comes of seeds does not depend on the number of threads`() throws {
    let one = try options("--seeds=8", "--duration=2s", "--jobs=1")
    let three = try options("--seeds=8", "--duration=2s", "--jobs=3")
    let first = try Campaign(one).run(silent())
    let second = try Campaign(three).run(silent())
    #expect(first.seedCount == 8 && first.failures.isEmpty)
    #expect(Simulate.json(first, one).text == Simulate.json(second, one).text)
    let other = try Campaign(try options("--seeds=8", "--seed=8", "--duration=2s")).run(silent())
    #expect(other.fingerprint != first.fingerprint)
  }

  @Test func `the failure that is told is the smallest seed's, and ends the campaign`() throws {
    let given = try options("--seeds=300", "--jobs=3")
    let tally = try Campaign(given, swarms: Self.hasty).run(silent())
    let first = try #require(tally.firstFailure)
    #expect(first.seed == 2 && first.failure.kind == .noConvergence)
    #expect(tally.seedCount < 30)
    let all = try options("--seeds=12", "--jobs=3", "--keep-going")
    let whole = try Campaign(all, swarms: Self.hasty).run(silent())
    #expect(whole.seedCount == 8 && whole.failures.count == 4)
    let text = Simulate.lines(whole, all, TimeTaken(wall: 1, processor: 1)).joined(separator: "\n")
    #expect(text.contains("failed: seed 0x2 did not come to accord:"))
    #expect(text.contains("still pending:\n  node "))
    #expect(text.contains("\n  swift run -c release eval simulate --seed 0x2\n"))
  }

  @Test func `the exit status tells apart what went wrong`() throws {
    let given = try options("--seeds=3")
    var tally = try Campaign(given, swarms: Self.hasty).run(silent())
    #expect(Simulate.status(tally, given) == 1)
    let missed = try #require(tally.firstFailure)
    let broken = Swarm.Failure(
      kind: .brokenInvariant,
      violation: missed.failure.violation,
      pending: []
    )
    tally.failures.append(Tally.Failed(index: 1, seed: 1, failure: broken))
    #expect(Simulate.status(tally, given) == 3)
    #expect(Simulate.status(Tally(), given) == 0)
  }

  @Test func `a rare path that fifty seeds never took is a failure, unless they were narrowed`()
    throws
  {
    var tally = Tally()
    tally.seedCount = 49
    let given = try options("--seeds=49")
    #expect(Simulate.status(tally, given) == 0)
    tally.seedCount = 50
    #expect(Simulate.status(tally, given) == 4)
    let text = Simulate.lines(tally, given, TimeTaken(wall: 1, processor: 1))
    #expect(text.contains { $0.hasPrefix("  snapshot taken: ") })
    #expect(Simulate.status(tally, try options("--seeds=50", "--nodes=3")) == 0)
    #expect(Simulate.status(tally, try options("--seeds=50", "--duration=1s")) == 0)
    tally.counts = tally.counts.map { _ in 1 }
    #expect(Simulate.status(tally, given) == 0)
  }
}

// One seed.
extension SimulateTests {
  @Test func `the seed and all that it draws are told first`() {
    let lines = Simulate.heading(Swarm(seed: 0x2A))
    #expect(lines.first?.hasSuffix(" 0x2a") == true)
    for name in ["nodeCount", "configuration.interval", "conditions.loss", "faults.crash"] {
      #expect(lines.contains { $0.hasPrefix(name + " ") }, "\(name)")
    }
  }

  @Test func `a trace has its columns in the same places`() throws {
    let lines = Lines()
    var swarm = Swarm(
      seed: 1,
      options: Swarm.drawOptions(1, nodeCount: 4, safetyDuration: .seconds(3))
    )
    swarm.trace = Trace { lines.add($0) }
    _ = try swarm.run()
    var kinds: Set<String> = []
    for line in lines.all {
      let letters = Array(line)
      #expect(letters.count > 19 && letters[4] == ".", "\(line)")
      #expect([11, 12, 17, 18].allSatisfy { letters[$0] == " " }, "\(line)")
      kinds.insert(String(letters[19...].prefix { $0 != " " }))
    }
    #expect(kinds.isSuperset(of: ["packet", "stream", "process", "member", "join", "scenario"]))
    #expect(lines.all.contains { $0.contains("  heartbeat     → n") && $0.hasSuffix(" delivered") })
  }

  @Test func `a trap ends the process by its signal, and the seed is told before`() async throws {
    #if arch(x86_64)
      let signal = SIGILL
    #else
      let signal = SIGTRAP
    #endif
    let result = await #expect(
      processExitsWith: .signal(signal),
      observing: [\.standardErrorContent]
    ) {
      TrapReport.install()
      var options = Options(scenario: .simulate)
      options.givenSeeds = 4
      options.givenJobs = 2
      options.givenDuration = .seconds(1)
      let campaign = Campaign(options) { seed, options in
        precondition(seed != 2, "planted")
        return Campaign.swarm(seed, options)
      }
      _ = try campaign.run(EvalScenarios.Progress(isTerminal: false, write: { _ in }))
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("failed: seed 0x2 trapped; it is replayed by"))
    #expect(text.contains("  swift run -c release eval simulate --seed 0x2 --duration 1s\n"))
  }
}

/// Lines that were written, by whichever thread.
private final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  func add(_ line: String) {
    lines.withLock { $0.append(line) }
  }
}
