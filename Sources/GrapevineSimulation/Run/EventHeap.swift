import GrapevineCore

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
package struct EventHeap {
  private var heap = Heap<Slot>()
  private var insertionCount: UInt64 = 0

  private struct Slot: Comparable {
    let time: UInt64
    let order: UInt64
    let occurrence: Occurrence

    static func < (first: Slot, second: Slot) -> Bool {
      first.time == second.time ? first.order < second.order : first.time < second.time
    }

    static func == (first: Slot, second: Slot) -> Bool { first.order == second.order }
  }

  package init() {}

  package var nextTime: UInt64? { heap.least?.time }

  /// - Complexity: O(log of what is planned).
  package mutating func push(_ occurrence: Occurrence, at time: UInt64) {
    heap.insert(Slot(time: time, order: insertionCount, occurrence: occurrence))
    insertionCount += 1
  }

  /// - Complexity: O(log of what is planned).
  package mutating func popFirst() -> (time: UInt64, occurrence: Occurrence)? {
    heap.removeLeast().map { ($0.time, $0.occurrence) }
  }
}
