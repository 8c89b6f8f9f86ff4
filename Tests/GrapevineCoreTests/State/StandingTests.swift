import GrapevineCore
import Testing

struct StandingTests {
  private static func key(_ number: UInt64) -> MemberKey { MemberKey(rawValue: number) }

  /// All verdicts and two incarnations, with accusers that overlap, and that are too many together.
  private static let small: [Standing] = {
    let accusers: [[UInt64]] = [[], [1], [4], [1, 2], [3, 4], [1, 2, 3], [2, 3, 4]]
    var standings: [Standing] = []
    for incarnation in 0...1 as ClosedRange<UInt64> {
      for verdict in Verdict.allCases {
        for keys in accusers {
          standings.append(
            Standing(incarnation: incarnation, verdict: verdict, accusers: keys.map(key))
          )
        }
      }
    }
    return standings
  }()

  private static func merged(_ first: Standing, _ second: Standing) -> Standing {
    var result = first
    result.merge(second)
    return result
  }

  private static func random(_ random: inout Xoshiro256) -> Standing {
    let verdicts = Verdict.allCases
    return Standing(
      incarnation: random.below(3),
      verdict: verdicts[random.index(verdicts.count)],
      accusers: (0..<random.index(6)).map { _ in key(random.below(8) << 61 | random.below(2)) }
    )
  }

  @Test func `merging is idempotent and commutes`() {
    for first in Self.small {
      #expect(Self.merged(first, first) == first)
      for second in Self.small {
        let one = Self.merged(first, second)
        if one != Self.merged(second, first) || Self.merged(one, second) != one {
          Issue.record("\(first) and \(second)")
        }
      }
    }
  }

  @Test func `merging associates`() {
    for first in Self.small {
      for second in Self.small {
        let both = Self.merged(first, second)
        for third in Self.small
        where Self.merged(both, third) != Self.merged(first, Self.merged(second, third)) {
          Issue.record("\(first), \(second) and \(third)")
        }
      }
    }
  }

  @Test func `random standings merge to the same in every order, doubled or not`() {
    for index in 0..<Environment.caseCount(usual: 2_000) {
      var random = Xoshiro256(seed: Environment.firstSeed &+ UInt64(index))
      var standings = (0..<(2 + random.index(5))).map { _ in Self.random(&random) }
      let inOrder = standings.reduce(Standing(), Self.merged)
      standings += standings.filter { _ in random.chance(1, outOf: 2) }
      random.shuffle(&standings)
      let shuffled = standings.reduce(Standing(), Self.merged)
      if inOrder != shuffled || inOrder.hash != shuffled.hash {
        Issue.record("\(standings); \(Environment.replay(case: index, filter: "standings"))")
      }
    }
  }

  @Test func `the three smallest accusers stay, ascending, each once`() {
    for index in 0..<200 {
      var random = Xoshiro256(seed: UInt64(index))
      let keys = (0..<random.index(9)).map { _ in random.below(10) }
      let standing = Standing(accusers: keys.map(Self.key))
      let expected = Array(Set(keys)).sorted().prefix(Standing.accuserLimit)
      #expect(standing.accusers.map(\.rawValue) == Array(expected))
    }
  }

  @Test func `a merge says whether it changed anything`() {
    for first in Self.small {
      for second in Self.small {
        var result = first
        let hasChanged = result.merge(second)
        if hasChanged != (result != first) { Issue.record("\(first) and \(second)") }
      }
    }
  }

  @Test func `different standings have different hashes`() {
    #expect(Set(Self.small.map(\.hash)).count == Self.small.count)
    #expect(Set(Self.small.map(\.shortHash)).count == Self.small.count)
  }
}
