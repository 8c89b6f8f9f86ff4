/// The open accusations, found by member.
///
/// They lie in no order: the last takes the place of one that goes, so that as many as there are
/// members can be told, and refuted, in O(1) each.
package struct AccusationList: Sendable {
  private var accusations: [Accusation] = []
  private var places: [MemberKey: Int] = [:]
  /// No accusation is due before.
  package private(set) var dueAt = Instant.never
  /// No accusation was learned of before; never, where there are none.
  private var bound = Instant.never

  package init() {}

  package var count: Int { accusations.count }
  package var indices: Range<Int> { accusations.indices }

  package func index(of key: MemberKey) -> Int? { places[key] }

  /// An accusation; its member is not to be changed.
  package subscript(index: Int) -> Accusation {
    get { accusations[index] }
    set {
      precondition(newValue.key == accusations[index].key, "an accusation of another member")
      dueAt = min(dueAt, newValue.dueAt)
      bound = min(bound, newValue.firstAt)
      accusations[index] = newValue
    }
  }

  /// Adds one of a member that has none; returns where it lies.
  package mutating func append(_ accusation: Accusation) -> Int {
    precondition(places[accusation.key] == nil, "a second accusation of one member")
    places[accusation.key] = accusations.count
    bound = min(bound, accusation.firstAt)
    dueAt = min(dueAt, accusation.dueAt)
    accusations.append(accusation)
    return accusations.count - 1
  }

  package mutating func remove(_ key: MemberKey) {
    guard let index = places.removeValue(forKey: key), let last = accusations.popLast() else {
      return
    }
    if index < accusations.count {
      accusations[index] = last
      places[last.key] = index
    }
    if accusations.isEmpty { (dueAt, bound) = (.never, .never) }
  }

  /// Looks anew when the next one is due, and which was the first.
  ///
  /// - Complexity: O(accusations).
  package mutating func findNextDue() {
    dueAt = accusations.reduce(.never) { min($0, $1.dueAt) }
    bound = accusations.reduce(.never) { min($0, $1.firstAt) }
  }

  /// When the first of those that are open was learned of, or of those that were when
  /// ``findNextDue()`` was called last.
  package var first: Instant? { accusations.isEmpty ? nil : bound }
}
