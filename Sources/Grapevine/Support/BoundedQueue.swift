/// A queue of at most `limit` elements that counts what came while it was full.
///
/// Once an element was missed all later ones are too, until ``takeMissed()`` is called, so that
/// what is in the queue never has a hole in the middle.
package struct BoundedQueue<Element> {
  package let limit: Int
  package private(set) var count = 0
  package private(set) var missed = 0
  private var slots: [Element?] = []
  private var head = 0

  package init(limit: Int) {
    precondition(limit > 0, "a queue of \(limit) elements")
    self.limit = limit
  }

  /// Says whether there is an element, or a number of missed ones, to be taken.
  package var hasNews: Bool { count > 0 || missed > 0 }

  /// Takes an element; false if it was missed.
  @discardableResult
  package mutating func append(_ element: Element) -> Bool {
    guard missed == 0, count < limit else {
      missed += 1
      return false
    }
    if count == slots.count { grow() }
    slots[(head + count) % slots.count] = element
    count += 1
    return true
  }

  /// Counts an element that was missed for a reason of the caller's.
  package mutating func miss() { missed += 1 }

  @discardableResult
  package mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = slots[head]
    slots[head] = nil
    head = (head + 1) % slots.count
    count -= 1
    if count == 0, slots.count > Self.slotsKept { releaseSlots() }
    return element
  }

  /// The number of elements missed since the last call.
  package mutating func takeMissed() -> Int {
    defer { missed = 0 }
    return missed
  }

  package mutating func removeAll() {
    count = 0
    missed = 0
    releaseSlots()
  }

  /// The slots that an idle queue keeps, so that a trickle of elements allocates nothing.
  private static var slotsKept: Int { 64 }

  private mutating func releaseSlots() {
    slots = []
    head = 0
  }

  private mutating func grow() {
    let ordered = slots[head...] + slots[..<head]
    let capacity = min(limit, max(8, 2 * slots.count))
    slots = ordered + [Element?](repeating: nil, count: capacity - slots.count)
    head = 0
  }
}
