import Pacing
import Testing

@testable import EvalScenarios

/// The model of kite's failure detection, held against what is documented of its rule.
@Suite(.computing, .timeLimit(.minutes(15))) struct DirectContactModelTests {
  /// The models of some seeds after some rounds.
  private func models(_ nodes: Int, _ seeds: Range<UInt64>, rounds: Int) -> [DirectContactModel] {
    seeds.map { seed in
      var model = DirectContactModel(nodes: nodes, seed: seed)
      model.run(rounds: rounds)
      return model
    }
  }

  private func median(_ models: [DirectContactModel]) throws -> Double {
    try #require(Percentiles(models.flatMap(\.detectionRounds).map(Double.init))).p50
  }

  @Test func `one seed gives one outcome, and another seed another`() {
    let twice = [models(16, 1..<2, rounds: 200)[0], models(16, 1..<2, rounds: 200)[0]]
    #expect(twice[0].detectionRounds == twice[1].detectionRounds)
    #expect(twice[0].falseDowns == twice[1].falseDowns)
    let other = models(16, 2..<3, rounds: 200)[0]
    #expect(twice[0].detectionRounds != other.detectionRounds)
  }

  @Test func `the outcome does not depend on how the rounds are portioned`() {
    var portioned = DirectContactModel(nodes: 12, seed: 7)
    for rounds in [1, 0, 49, 150] { portioned.run(rounds: rounds) }
    let whole = models(12, 7..<8, rounds: 200)[0]
    #expect(portioned.round == 200)
    #expect(portioned.detectionRounds == whole.detectionRounds)
    #expect(portioned.falseDowns == whole.falseDowns)
  }

  /// A run of 300 s at 500 ms is 600 rounds.
  @Test(arguments: [(3, 8.8, 20), (8, 37, 10), (32, 148, 3), (64, 283, 2)])
  func `the medians are those documented of the rule, within a fifth`(
    nodes: Int,
    seconds: Double,
    runs: UInt64
  ) throws {
    let median = try median(models(nodes, 1..<1 + runs, rounds: 600)) / 2
    #expect((median / seconds - 1).magnitude <= 0.2, "\(median) s instead of \(seconds) s")
  }

  @Test(arguments: [(32, 88), (64, 1278)])
  func `live nodes are held for down as often as documented, within a fifth`(
    nodes: Int,
    documented: Double
  ) {
    let models = models(nodes, 1..<6, rounds: 600)
    let mean = Double(models.reduce(0) { $0 + $1.falseDowns }) / Double(models.count)
    #expect((mean / documented - 1).magnitude <= 0.2, "\(mean) instead of \(documented)")
    #expect(models.allSatisfy { $0.falseDownPairs <= min($0.falseDowns, $0.orderedPairs) })
    #expect(models.allSatisfy { $0.falseDownPairs > 0 })
  }

  /// Phi passes 20 after 20 mean gaps of (N - 1) / 2 rounds.
  ///
  /// Of these one has passed in the mean when the node crashes.
  @Test(arguments: [(8, 10), (16, 6), (32, 2), (64, 1)])
  func `at rest a crash is detected after nine and a half rounds per peer`(
    nodes: Int,
    runs: UInt64
  ) throws {
    let median = try median(models(nodes, 1..<1 + runs, rounds: 50 * (nodes - 1)))
    let perPeer = median / Double(nodes - 1)
    #expect((perPeer / 9.5 - 1).magnitude < 0.1, "\(perPeer) rounds per peer")
  }

  /// The gap made up for two nodes that have not met yet is 2 rounds, and 20 times that is 40.
  @Test func `those who have not met within 40 rounds hold each other for down`() {
    let early = models(128, 1..<2, rounds: 40)[0]
    #expect(early.falseDownPairs < early.orderedPairs / 10)
    let late = models(128, 1..<2, rounds: 41)[0]
    // No exchange of 82 was with the other: (126 / 127) to the power of 82 is 0.52.
    let notMet = late.falseDownPairs - early.falseDownPairs
    #expect((Double(notMet) / Double(late.orderedPairs) - 0.52).magnitude < 0.05)
    #expect(late.orderedPairs - 2 * late.detectionRounds.count <= late.falseDownPairs)
  }

  /// Both begin an exchange in each round, so that gaps of 0 and 1 take turns, and 10 rounds are 20
  /// times their mean.
  @Test func `two nodes are as regular as clocks`() {
    var model = DirectContactModel(nodes: 2, seed: 1)
    #expect(model.detectionRounds == [41])
    model.run(rounds: 25)
    // The last 50 gaps are 25 of each kind.
    #expect(model.detectionRounds == [11])
    #expect(model.falseDowns == 0)
  }

  @Test func `a lower threshold detects sooner and errs more`() throws {
    var sure = DirectContactModel(nodes: 32, seed: 1)
    var quick = DirectContactModel(nodes: 32, threshold: 8, seed: 1)
    sure.run(rounds: 600)
    quick.run(rounds: 600)
    #expect(try median([quick]) < median([sure]) / 2)
    #expect(quick.falseDowns > sure.falseDowns)
  }
}
