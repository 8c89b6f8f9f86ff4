/// What is to be pushed next.
package struct PendingPush: Sendable {
  /// The own version before the first change that has not been pushed.
  var ownBase: Version?
  /// Members whose standing is news.
  package var standings: [MemberKey] = []
  /// Members that nobody else may know yet.
  package var newcomers: [MemberKey] = []
  var dueAt = Instant.never
  /// Says that there was more, which heartbeats are to tell.
  package var isIncomplete = false

  /// The most members whose standing, or coming, is pushed at a time: more than the packets of an
  /// interval carry.
  package static let limit = 1_024

  package init() {}

  var isEmpty: Bool { ownBase == nil && standings.isEmpty && newcomers.isEmpty }

  package mutating func add(standing key: MemberKey) {
    guard !standings.contains(key) else { return }
    guard standings.count < Self.limit else { return isIncomplete = true }
    standings.append(key)
  }

  /// Adds the node's own standing, before those of others and beyond the limit: nobody else can
  /// tell it.
  package mutating func add(ownStanding key: MemberKey) {
    if !standings.contains(key) { standings.insert(key, at: 0) }
  }

  package mutating func add(newcomer key: MemberKey) {
    guard !newcomers.contains(key) else { return }
    guard newcomers.count < Self.limit else { return isIncomplete = true }
    newcomers.append(key)
  }
}

/// The latest members that were asked for, so that two copies of a push do not ask twice.
package struct RecentPulls: Sendable {
  private var pulls: [(key: MemberKey, end: Version, at: Instant)] = []
  package static let limit = 32
  /// Nanoseconds after which a pull is taken for lost.
  package static let patience: UInt64 = 20_000_000

  package init() {}

  package var count: Int { pulls.count }

  /// Says whether `key` is to be asked for up to `end`, and notes that it is.
  package mutating func mayPull(_ key: MemberKey, end: Version, now: Instant) -> Bool {
    pulls.removeAll { now.since($0.at) >= Self.patience }
    guard !pulls.contains(where: { $0.key == key && $0.end >= end }) else { return false }
    if pulls.count >= Self.limit { pulls.removeFirst() }
    pulls.append((key, end, now))
    return true
  }
}
