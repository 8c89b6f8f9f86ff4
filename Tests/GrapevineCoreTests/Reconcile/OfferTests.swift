import GrapevineCore
import Testing

/// The rules of the exchange as DESIGN writes them, for all small numbers.
struct OfferTests {
  private static let small: [Progress] = (0...4 as ClosedRange<Version>).flatMap { version in
    (0...4 as ClosedRange<Version>).map { Progress(version: version, compacted: $0) }
  }

  private static func plainIsAllowed(_ own: Progress, _ replica: Progress) -> Bool {
    let (m, c) = (replica.version, replica.compacted)
    return m == 0 && (c == 0 || c == own.compacted)
      || own.compacted <= m && c <= m
      || own.compacted == c
  }

  @Test func `what is offered is what the rule says`() {
    for own in Self.small {
      for replica in Self.small {
        for isWhole in [false, true] {
          let expected: Offer
          if Self.plainIsAllowed(own, replica) {
            expected = .plain
          } else if own.compacted < replica.compacted {
            expected = .nothing
          } else {
            let isAllowed = own.version >= own.compacted && own.version >= replica.version
            expected = isAllowed && isWhole ? .snapshot : .nothing
          }
          let offer = Offer.decide(own: own, isWhole: isWhole, replica: replica)
          #expect(offer == expected, "\(own) to \(replica)")
        }
      }
    }
  }

  @Test func `what is accepted is what the rule says`() {
    for own in Self.small {
      for base in 0...4 as ClosedRange<Version> {
        for compacted in 0...4 as ClosedRange<Version> {
          let isRefused =
            compacted > max(own.version, own.compacted) && own.version > 0
            || compacted < own.compacted && own.version < own.compacted
          let expected: Acceptance =
            own.version < base ? .gap : isRefused ? .refused : .accepted
          let acceptance = Acceptance.plain(base: base, compacted: compacted, own: own)
          #expect(acceptance == expected, "\(base), \(compacted) at \(own)")
        }
      }
    }
  }

  @Test func `a snapshot is taken that goes back in neither number`() {
    for own in Self.small {
      for offered in Self.small {
        let isCurrent = offered.version >= own.version && offered.compacted >= own.compacted
        #expect(Acceptance.snapshot(offered, own: own) == (isCurrent ? .accepted : .refused))
      }
    }
  }
}
