/// What is due at one moment of a run; plain numbers, so that moving it about costs nothing.
package enum Occurrence: Sendable {
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
///
/// It has four children a node and no type parameter: half of a run's work passes through it.
package struct EventHeap {
  private var slots: [Slot] = []
  private var insertionCount: UInt64 = 0

  private struct Slot {
    let time: UInt64
    let order: UInt64
    let occurrence: Occurrence

    @inline(__always)
    func precedes(_ other: Slot) -> Bool {
      time == other.time ? order < other.order : time < other.time
    }
  }

  package init() {}

  package var nextTime: UInt64? { slots.first?.time }

  /// - Complexity: O(log of what is planned).
  package mutating func push(_ occurrence: Occurrence, at time: UInt64) {
    let slot = Slot(time: time, order: insertionCount, occurrence: occurrence)
    insertionCount += 1
    slots.append(slot)
    slots.withUnsafeMutableBufferPointer { slots in
      var hole = slots.count - 1
      while hole > 0 {
        let parent = (hole - 1) / 4
        guard slot.precedes(slots[parent]) else { break }
        slots[hole] = slots[parent]
        hole = parent
      }
      slots[hole] = slot
    }
  }

  /// - Complexity: O(log of what is planned).
  package mutating func popFirst() -> (time: UInt64, occurrence: Occurrence)? {
    guard let first = slots.first, let last = slots.popLast() else { return nil }
    if !slots.isEmpty { slots.withUnsafeMutableBufferPointer { Self.sink(last, in: $0) } }
    return (first.time, first.occurrence)
  }

  /// Lets a slot find its place from the top, which is free, down.
  private static func sink(_ slot: Slot, in slots: UnsafeMutableBufferPointer<Slot>) {
    var hole = 0
    while 4 * hole + 1 < slots.count {
      var least = 4 * hole + 1
      for child in least + 1..<min(least + 4, slots.count)
      where slots[child].precedes(slots[least]) {
        least = child
      }
      guard slots[least].precedes(slot) else { break }
      slots[hole] = slots[least]
      hole = least
    }
    slots[hole] = slot
  }
}
