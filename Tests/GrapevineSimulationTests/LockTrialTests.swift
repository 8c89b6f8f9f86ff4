import Glibc
import GrapevineSimulation
import Pacing
import Testing

/// The seeds to try: 1 to 4, or `CASES` of them from `SEED` on.
private let seeds: Range<UInt64> = {
  func number(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }
  let first = number("SEED") ?? 1
  return first..<(first + (number("CASES") ?? 4))
}()

@Suite(.computing) struct LockTrialTests {
  @Test(arguments: seeds)
  func `with crashes and loss no lock ever has two holders`(seed: UInt64) throws {
    var trial = LockTrial(.init(seed: seed))
    let report = try trial.run()
    #expect(report.sharedGrants == 0 && report.grants > 0)
  }

  @Test(arguments: seeds)
  func `of all that want a lock at once one holds it`(seed: UInt64) throws {
    var trial = LockTrial(.init(seed: seed, isContended: true))
    let report = try trial.run()
    #expect(report.sharedGrants == 0 && report.grants > 0)
  }

  @Test(arguments: seeds)
  func `after a split each lock comes to one holder`(seed: UInt64) throws {
    var trial = LockTrial(.init(seed: seed, hasSplits: true))
    let report = try trial.run()
    #expect(report.settledAfter <= LockTrial.settlingLimit)
  }
}
