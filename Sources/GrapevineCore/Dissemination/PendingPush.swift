/// What is to be pushed next.
struct PendingPush: Sendable {
  /// The own version before the first change that has not been pushed.
  var ownBase: Version?
  /// Members whose standing is news.
  var standings: [MemberKey] = []
  /// Members that nobody else may know yet.
  var newcomers: [MemberKey] = []
  var dueAt = Instant.never
  /// Says that there was more, which heartbeats are to tell.
  var isIncomplete = false

  /// The most members whose standing, or coming, is pushed at a time: more than the packets of an
  /// interval carry.
  static let limit = 1_024

  var isEmpty: Bool { ownBase == nil && standings.isEmpty && newcomers.isEmpty }

  mutating func add(standing key: MemberKey) {
    guard standings.count < Self.limit else { return isIncomplete = true }
    if !standings.contains(key) { standings.append(key) }
  }

  mutating func add(newcomer key: MemberKey) {
    guard newcomers.count < Self.limit else { return isIncomplete = true }
    if !newcomers.contains(key) { newcomers.append(key) }
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
