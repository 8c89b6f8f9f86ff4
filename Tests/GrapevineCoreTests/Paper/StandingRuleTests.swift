import GrapevineCore
import Testing

/// Standing, sentence by sentence (design, section 3).
struct StandingRuleTests {
  private static func standing(
    _ incarnation: UInt64,
    _ verdict: Verdict,
    _ accusers: [UInt64] = []
  ) -> Standing {
    Standing(
      incarnation: incarnation,
      verdict: verdict,
      accusers: accusers.map { MemberKey(rawValue: $0) }
    )
  }

  private static func merged(_ first: Standing, _ second: Standing) -> Standing {
    var result = first
    result.merge(second)
    return result
  }

  /// “`(incarnation, verdict: alive | down | left, accusers: ≤ 3 member keys)`”.
  @Test func `a standing holds at most three accusers`() {
    #expect(Self.standing(0, .alive, [5, 4, 3]).accusers.count == 3)
    #expect(Self.standing(0, .alive, [5, 4, 3, 2]).accusers.count == 3)
  }

  /// “with a code reserved for `evicted`”.
  @Test func `the code for evicted is taken, and read by no one yet`() throws {
    #expect(Verdict(rawValue: Verdict.reservedForEvicted) == nil)
    var bytes: [UInt8] = []
    let head = Section.begin(MemberKey(rawValue: 3), in: &bytes)
    let claimStart = bytes.count
    Section.write(Samples.record().claim(now: .zero), to: &bytes)
    Section.end(head, in: &bytes)
    var reader = WireReader(0..<bytes.count)
    #expect(try Section.read(bytes.span, &reader).standing?.standing == Standing())
    // The tag, three bytes of length and one of the incarnation come first.
    bytes[claimStart + 5] = Verdict.reservedForEvicted
    reader = WireReader(0..<bytes.count)
    #expect(throws: MalformedDatagram.malformed) { try Section.read(bytes.span, &reader) }
  }

  /// “the higher incarnation wins”.
  @Test func `the higher incarnation wins, whatever the verdicts`() {
    let refuted = Self.standing(2, .alive)
    for old in [
      Self.standing(1, .down, [1, 2]), Self.standing(1, .left), Self.standing(0, .alive),
    ] {
      #expect(Self.merged(old, refuted) == refuted && Self.merged(refuted, old) == refuted)
    }
  }

  /// “at equal incarnation verdicts order alive < down < left”.
  @Test func `at equal incarnations the stronger verdict wins`() {
    for first in Verdict.allCases {
      for second in Verdict.allCases {
        let result = Self.merged(Self.standing(1, first), Self.standing(1, second))
        #expect(result.verdict == max(first, second))
      }
    }
    #expect(Verdict.alive < .down && Verdict.down < .left)
  }

  /// “and accuser sets unite, keeping the three smallest keys”.
  @Test func `accusers unite, and the three smallest stay`() {
    let result = Self.merged(
      Self.standing(1, .alive, [7, 3]),
      Self.standing(1, .alive, [5, 1, 3])
    )
    #expect(result.accusers.map(\.rawValue) == [1, 3, 5])
  }

  /// “Merging in any order gives the same result on every node”.
  @Test func `every order of five standings ends the same`() {
    let all = [
      Self.standing(1, .alive, [9]), Self.standing(1, .down, [4, 8]), Self.standing(2, .alive, [7]),
      Self.standing(2, .alive, [1, 2, 3]), Self.standing(0, .left),
    ]
    var results: Set<Standing> = []
    for order in Self.permutations(Array(all.indices)) {
      results.insert(order.reduce(Standing()) { Self.merged($0, all[$1]) })
    }
    #expect(results == [Self.standing(2, .alive, [1, 2, 3])])
  }

  private static func permutations(_ items: [Int]) -> [[Int]] {
    guard let last = items.last else { return [[]] }
    return permutations(items.dropLast()).flatMap { shorter in
      (0...shorter.count).map { place in
        var longer = shorter
        longer.insert(last, at: place)
        return longer
      }
    }
  }

  /// “The age of the verdict travels with the standing (a newcomer takes over the age, it does not
  /// start the clock again …)”.
  @Test func `a claim carries the verdict's age, and none while alive`() {
    var record = Samples.record()
    let now = Instant(nanoseconds: 9_000_000_000)
    #expect(record.claim(now: now).age == 0)
    record.standing.merge(Self.standing(0, .down))
    record.verdictSince = PastInstant(Instant(nanoseconds: 2_000_000_000))
    #expect(record.claim(now: now).age == 7_000)
  }
}
