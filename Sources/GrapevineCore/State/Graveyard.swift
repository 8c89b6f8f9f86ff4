/// Members that have expired or were replaced, so that news of them from elsewhere brings no ghost
/// back.
///
/// At most `limit` graves, oldest out first, each for `lifetime` nanoseconds.
package struct Graveyard: Sendable {
  package struct Grave: Sendable, Hashable {
    package var id: MemberID
    package var key: MemberKey
    package var standing: Standing
    package var endpoint: Endpoint
    package var verdictSince: PastInstant
    package var since: Instant
    /// Says that a later life took the member's place, so that no incarnation of this one returns.
    package var isReplaced: Bool
    /// When someone was last told of it.
    package var toldAt: Instant?
    /// When its address is contacted next, in case it lives.
    package var contactAt: Instant
    /// The pause after that, in nanoseconds.
    package var contactPause: UInt64

    /// Milliseconds since the verdict.
    package func verdictAge(now: Instant) -> UInt64 { now.since(verdictSince) / 1_000_000 }
  }

  private let limit: Int
  private let lifetime: UInt64
  private var graves: [MemberKey: Grave] = [:]
  /// In the order of their digging; what `graves` no longer holds with that time is passed over.
  private var order: [(key: MemberKey, since: Instant)] = []

  package init(limit: Int, lifetime: Duration) {
    self.limit = limit
    self.lifetime = lifetime.wholeNanoseconds
  }

  package var count: Int { graves.count }

  package func find(_ key: MemberKey) -> Grave? { graves[key] }

  package mutating func bury(_ record: MemberRecord, isReplaced: Bool, now: Instant) {
    var standing = record.standing
    // A later life proves that this one is over, wherever it still counts as alive.
    if isReplaced {
      standing.merge(Standing(incarnation: standing.incarnation, verdict: .down))
    }
    graves[record.key] = Grave(
      id: record.id,
      key: record.key,
      standing: standing,
      endpoint: record.endpoint,
      verdictSince: record.isLive ? PastInstant(now) : record.verdictSince,
      since: now,
      isReplaced: isReplaced,
      contactAt: now.advanced(by: Self.firstContactPause),
      contactPause: Self.firstContactPause
    )
    order.append((record.key, now))
    expire(now: now)
    if order.count > 2 * limit + 16 { order.removeAll { graves[$0.key]?.since != $0.since } }
  }

  /// Says whether a second has passed since someone was told of a grave, and notes that now one is.
  package mutating func mayTell(_ key: MemberKey, now: Instant) -> Bool {
    guard let grave = graves[key] else { return false }
    if let toldAt = grave.toldAt, now.since(toldAt) < Self.tellingPause { return false }
    graves[key]?.toldAt = now
    return true
  }

  package static let tellingPause: UInt64 = 1_000_000_000

  /// Appends a section with the standing that a member was buried with.
  package func write(_ key: MemberKey, to bytes: inout [UInt8], now: Instant) {
    guard let grave = graves[key] else { return }
    let head = Section.begin(key, in: &bytes)
    let age = grave.verdictAge(now: now)
    Section.write(
      Section.Claim(standing: grave.standing, age: age, endpoint: grave.endpoint),
      to: &bytes
    )
    Section.end(head, in: &bytes)
  }

  /// The address of a buried member whose turn it is to be contacted, if there is one.
  ///
  /// After each time the pause doubles, up to a day; chance keeps nodes from calling together.
  /// - Complexity: O(graves).
  package mutating func nextContact(now: Instant, random: inout Xoshiro256) -> Endpoint? {
    for (key, since) in order {
      guard let grave = graves[key], grave.since == since, grave.contactAt <= now,
        !grave.isReplaced, grave.standing.verdict == .down
      else { continue }
      let pause = min(grave.contactPause * 2, Self.contactPauseLimit)
      graves[key]?.contactPause = pause
      graves[key]?.contactAt = now.advanced(by: random.number(in: (pause / 2)...pause))
      return grave.endpoint
    }
    return nil
  }

  package static let firstContactPause: UInt64 = 15_000_000_000
  package static let contactPauseLimit: UInt64 = 86_400_000_000_000

  package mutating func remove(_ key: MemberKey) {
    graves[key] = nil
  }

  /// Forgets the graves whose time is over, and the oldest beyond the limit.
  package mutating func expire(now: Instant) {
    var passed = 0
    for (key, since) in order {
      if graves[key]?.since == since {
        guard graves.count > limit || now.since(since) >= lifetime else { break }
        graves[key] = nil
      }
      passed += 1
    }
    order.removeFirst(passed)
  }
}
