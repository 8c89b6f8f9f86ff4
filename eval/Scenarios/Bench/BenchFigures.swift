internal import CAllocations
internal import GrapevineCore

/// What one benchmark's operation costs.
struct BenchFigures: Sendable, Equatable {
  /// What is counted, and so is the same each time.
  enum Count: String, CaseIterable {
    case instructions
    case allocations
    /// What was asked of `malloc`.
    case bytes
  }

  let name: String
  /// Says that the counts are the same each time, so that they can be compared with earlier ones.
  var isChecked = true
  /// Nil where they can't be counted.
  var instructions: Double?
  var allocations: Double?
  var bytes: Double?
  /// In nanoseconds; the median on this machine.
  var time: Double?
  /// What an operation brings about.
  var output = Benchmark.Output(1, "")

  subscript(count: Count) -> Double? {
    switch count {
    case .instructions: instructions
    case .allocations: allocations
    case .bytes: bytes
    }
  }

  /// How many of what the operation brings about come in a second.
  var rate: Double? { time.map { Double(output.count) * 1e9 / max($0, 0.001) } }

  var json: JSON {
    .object(
      Count.allCases.map { ($0.rawValue, .number(orNull: self[$0])) }
        + [("time_ns", .number(orNull: time)), ("per_second", .number(orNull: rate))]
    )
  }
}

extension BenchFigures {
  /// Takes over what was counted in a process of its own.
  mutating func take(_ counts: Callgrind.Counts) {
    instructions = counts.instructions
    allocations = counts.allocations
    bytes = counts.bytes
  }

  /// Counts what a benchmark allocates, and takes its time.
  init(measuring benchmark: Benchmark) throws {
    name = benchmark.name
    isChecked = benchmark.repeatability == .exact
    output = benchmark.output
    let work = try benchmark.prepare()
    // What the first operations set up is no part of the others' cost.
    try work(benchmark.operationCount)
    if allocations_are_counted() {
      let before = AllocationCount.now
      try work(benchmark.operationCount)
      let made = AllocationCount.now.since(before)
      allocations = Double(made.count) / Double(benchmark.operationCount)
      bytes = Double(made.size) / Double(benchmark.operationCount)
    }
    // What one thread does is not to depend on what keeps the machine busy besides.
    let clock =
      benchmark.repeatability == .exact
      ? { MachineClock.processorTime } : { MachineClock.now }
    let first = try BenchFigures.time(work, benchmark.operationCount, clock)
    // 5 ms are long beside the clock's own reading, and short beside other work's turns.
    let repetitions = Int(max(1, min(5e6 / max(first, 1), 1_000_000)))
    let count = repetitions * benchmark.operationCount
    let times = try (0..<11).map { _ in try BenchFigures.time(work, count, clock) / Double(count) }
    time = times.sorted()[times.count / 2]
  }

  private static func time(
    _ work: Benchmark.Work,
    _ count: Int,
    _ clock: () -> Instant
  ) throws -> Double {
    let begin = clock()
    try work(count)
    return Double(clock().since(begin))
  }
}
