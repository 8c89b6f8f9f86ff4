internal import Synchronization

/// Something small that is done over and over, to see what it costs.
struct Benchmark: Sendable {
  /// Parts with points between them, from the large to the small: `shard.owner.ring-256`.
  let name: String
  /// How often it is done to be counted; where operations differ, all that there are.
  let operationCount: Int
  /// What an operation brings about, for the rate that is printed.
  let output: Output
  /// Whether its counts are the same each time, and so can be checked.
  let repeatability: Repeatability
  /// Makes what is worked on, which counts for nothing, and returns the work.
  let prepare: @Sendable () throws -> Work

  /// Does the operation as often as it is told.
  typealias Work = (_ operationCount: Int) throws -> Void

  /// What an operation brings about.
  struct Output: Sendable, Equatable {
    let count: Int
    /// In the plural.
    let unit: String

    init(_ count: Int, _ unit: String) {
      self.count = count
      self.unit = unit
    }
  }

  enum Repeatability: Sendable {
    /// The same thread does the same each time.
    case exact
    /// What the system makes of threads and sockets is part of it: it is timed, and nothing of it
    /// is checked.
    case timedOnly
  }

  init(
    _ name: String,
    operationCount: Int,
    output: Output = Output(1, ""),
    repeatability: Repeatability = .exact,
    prepare: @escaping @Sendable () throws -> Work
  ) {
    self.name = name
    self.operationCount = operationCount
    self.output = output
    self.repeatability = repeatability
    self.prepare = prepare
  }
}

extension Benchmark {
  /// Every benchmark there is, in the order of the report.
  static let all: [Benchmark] =
    ofSharding + ofWire + ofFrames + ofTable + ofEngine + ofExchange + ofNode + ofSockets

  /// Those that `name` stands for: one, or all whose names begin with its parts.
  static func named(_ name: String) -> [Benchmark] {
    all.filter { $0.name == name || $0.name.hasPrefix("\(name).") }
  }

  /// The first two parts of the names.
  static var families: [String] { allNames.filter { $0.count { $0 == "." } == 1 } }

  /// Every name that ``named(_:)`` takes.
  static var allNames: [String] {
    var names: [String] = []
    for benchmark in all {
      let parts = benchmark.name.split(separator: ".")
      for count in 1...parts.count {
        let name = parts.prefix(count).joined(separator: ".")
        if !names.contains(name) { names.append(name) }
      }
    }
    return names
  }

  /// Takes what an operation came to, so that the compiler can't leave the operation out.
  static func keep(_ value: some FixedWidthInteger) {
    sum.wrappingAdd(UInt64(truncatingIfNeeded: value), ordering: .relaxed)
  }

  /// What was kept; that anyone might read it is what makes it worth computing.
  static let sum = Atomic<UInt64>(0)
}
