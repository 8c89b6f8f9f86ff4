internal import CAllocations
internal import Synchronization

/// What was asked of `malloc` for the benchmark under way.
struct AllocationCount {
  var count: UInt64
  var size: UInt64

  /// What the calling thread has asked for since it began, and what others have credited.
  static var now: AllocationCount {
    let own = allocations_of_thread()
    return AllocationCount(
      count: own.count + creditedCount.load(ordering: .relaxed),
      size: own.size + creditedSize.load(ordering: .relaxed)
    )
  }

  /// Runs `body`, and credits what it allocates on a thread that nobody else counts.
  static func credit(_ body: () -> Void) {
    let before = allocations_of_thread()
    body()
    let after = allocations_of_thread()
    creditedCount.wrappingAdd(after.count - before.count, ordering: .relaxed)
    creditedSize.wrappingAdd(after.size - before.size, ordering: .relaxed)
  }

  private static let creditedCount = Atomic<UInt64>(0)
  private static let creditedSize = Atomic<UInt64>(0)
}
