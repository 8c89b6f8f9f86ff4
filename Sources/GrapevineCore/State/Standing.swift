import GrapevineHashing

/// What a cluster holds of a member's life; the order of the cases is the order of their strength.
package enum Verdict: UInt8, Sendable, Comparable, CaseIterable {
  case alive = 0
  case down = 1
  case left = 2

  /// A code kept for removal by an operator; no version yet sends or takes it.
  package static let reservedForEvicted: UInt8 = 3

  package static func < (first: Verdict, second: Verdict) -> Bool {
    first.rawValue < second.rawValue
  }
}

/// The replicated verdict on a member, a join-semilattice.
///
/// The higher incarnation wins. At equal incarnations the stronger verdict wins and the accusers
/// unite, of whom the three smallest stay. Merging in any order, any number of times, gives the
/// same standing.
package struct Standing: Sendable, Hashable {
  package static let accuserLimit = 3

  /// Raised by the member itself alone, to refute.
  package var incarnation: UInt64
  /// The members that found this one silent: at most three, ascending, without repetition.
  package private(set) var accusers: [MemberKey]
  package var verdict: Verdict

  package init(incarnation: UInt64 = 0, verdict: Verdict = .alive, accusers: [MemberKey] = []) {
    self.incarnation = incarnation
    self.verdict = verdict
    self.accusers = []
    for accuser in accusers { accuse(accuser) }
  }

  package mutating func accuse(_ accuser: MemberKey) {
    guard let index = accusers.firstIndex(where: { $0 >= accuser }) else {
      if accusers.count < Self.accuserLimit { accusers.append(accuser) }
      return
    }
    guard accusers[index] != accuser else { return }
    accusers.insert(accuser, at: index)
    if accusers.count > Self.accuserLimit { accusers.removeLast() }
  }

  /// Takes over what `other` adds; says whether anything changed.
  @discardableResult
  package mutating func merge(_ other: Standing) -> Bool {
    let isOlder = other.incarnation < incarnation
    guard !isOlder || PlantedFault.acceptOlderIncarnation.isPlanted else { return false }
    let before = self
    if other.incarnation != incarnation {
      self = other
    } else {
      verdict = max(verdict, other.verdict)
      if PlantedFault.dropAccusers.isPlanted { accusers = other.accusers }
      for accuser in other.accusers { accuse(accuser) }
    }
    return self != before
  }

  /// The part of a member's fingerprint that this standing makes.
  package var hash: UInt64 {
    var hash = mix64(incarnation, UInt64(verdict.rawValue))
    for accuser in accusers { hash = mix64(hash, accuser.rawValue) }
    return hash
  }

  /// ``hash`` as digests carry it.
  package var shortHash: UInt32 { UInt32(truncatingIfNeeded: hash >> 32) }
}
