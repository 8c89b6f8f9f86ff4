/// What is due at one moment of a run; plain numbers, so that moving it about costs nothing.
enum Occurrence {
  /// The engine of a node may have something to do.
  case wake(node: Int)
  /// A datagram comes to its target's line.
  case arrival(packet: Int)
  /// A datagram has passed its target's line.
  case delivery(packet: Int)
  /// The next part of a stream has come.
  case streamPiece(StreamHandle)
  /// The sender of a stream learns that `count` bytes were read.
  case streamAcknowledgement(StreamHandle, count: Int)
  /// A stream that is not connected, or that nothing passes, may have to be broken off.
  case streamTimeout(StreamHandle)
  /// Something that the scenario planned.
  case plan(Int)
}

/// What is due, the earliest first; at one time in the order of insertion.
struct EventHeap {
  private var slots: [Slot] = []
  private var insertionCount: UInt64 = 0

  private struct Slot {
    let time: UInt64
    let order: UInt64
    let occurrence: Occurrence

    func precedes(_ other: Slot) -> Bool {
      time == other.time ? order < other.order : time < other.time
    }
  }

  var count: Int { slots.count }
  var nextTime: UInt64? { slots.first?.time }

  /// - Complexity: O(log(`count`)).
  mutating func push(_ occurrence: Occurrence, at time: UInt64) {
    let slot = Slot(time: time, order: insertionCount, occurrence: occurrence)
    insertionCount += 1
    var index = slots.count
    slots.append(slot)
    while index > 0 {
      let parent = (index - 1) / 2
      guard slot.precedes(slots[parent]) else { break }
      slots[index] = slots[parent]
      index = parent
    }
    slots[index] = slot
  }

  /// - Complexity: O(log(`count`)).
  mutating func popFirst() -> (time: UInt64, occurrence: Occurrence)? {
    guard let first = slots.first, let last = slots.popLast() else { return nil }
    if !slots.isEmpty { sink(last) }
    return (first.time, first.occurrence)
  }

  private mutating func sink(_ slot: Slot) {
    var index = 0
    while true {
      var child = 2 * index + 1
      guard child < slots.count else { break }
      if child + 1 < slots.count, slots[child + 1].precedes(slots[child]) { child += 1 }
      guard slots[child].precedes(slot) else { break }
      slots[index] = slots[child]
      index = child
    }
    slots[index] = slot
  }
}
