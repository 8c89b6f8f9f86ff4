internal import CAllocations
internal import Synchronization

/// What was asked of `malloc` for the benchmark under way.
struct AllocationCount: Equatable {
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

  func since(_ earlier: AllocationCount) -> AllocationCount {
    AllocationCount(count: count - earlier.count, size: size - earlier.size)
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

extension AllocationCount {
  /// What a process that counts tells the one that started it.
  func line(of name: String) -> String { "\(name): \(count) allocations, \(size) bytes" }

  /// What such a line for `name` says; nil if none of the lines is one.
  init?(in text: String, of name: String) {
    let words = text.split(separator: "\n").map { $0.split(separator: " ") }
    guard let line = words.first(where: { $0.first == "\(name):" }), line.count == 5,
      let count = UInt64(line[1]), let size = UInt64(line[3])
    else { return nil }
    self.init(count: count, size: size)
  }
}
