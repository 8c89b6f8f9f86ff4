import GrapevineCore
import Pacing
import Testing

/// Replicas under random histories; `CASES` sets how many, `SEED` where they begin.
@Suite(.computing) struct HistoryTests {
  @Test func `random histories never lose a deletion, go back or end unequal`() {
    Environment.plantFault()
    var coverage = HistoryCoverage()
    let count = Environment.caseCount(usual: 2_000)
    for index in 0..<count {
      let seed = Environment.firstSeed &+ UInt64(index)
      var history = History(seed: seed)
      do {
        try history.run(stepCount: Self.stepCount(seed))
        coverage = coverage + history.coverage
      } catch {
        let transcript = Transcript()
        var told = History(seed: seed, transcript: transcript)
        try? told.run(stepCount: Self.stepCount(seed))
        for line in transcript.lines { print(line) }
        Issue.record(
          """
          history \(index + 1) of \(count): \(error)
          \(Environment.replay(case: index, filter: "histories"))
          """
        )
        return
      }
    }
    print("\(count) histories from seed \(Environment.firstSeed): \(coverage)")
    guard count >= 1_000 else { return }
    #expect(coverage.compactions > count && coverage.partials > count && coverage.applied > count)
    #expect(coverage.adoptions > 0 && coverage.gaps > 0 && coverage.refusals > 0)
    #expect(coverage.snapshots > 0 && coverage.snapshotRefusals > 0 && coverage.retentions > 0)
  }

  private static func stepCount(_ seed: UInt64) -> Int { 50 + Int(seed % 4) * 30 }
}
