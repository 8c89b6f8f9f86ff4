internal import Synchronization

/// Something small that is done over and over, to see what it costs.
struct Benchmark: Sendable {
  /// Parts with points between them, from the large to the small: `shard.owner.ring-256`.
  let name: String
  /// How often it is done to be counted; where operations differ, all that there are.
  let operationCount: Int
  /// Makes what is worked on, which counts for nothing, and returns the work.
  let prepare: @Sendable () throws -> Work

  /// Does the operation as often as it is told.
  typealias Work = (_ operationCount: Int) throws -> Void

  init(
    _ name: String,
    operationCount: Int,
    prepare: @escaping @Sendable () throws -> Work
  ) {
    self.name = name
    self.operationCount = operationCount
    self.prepare = prepare
  }
}

extension Benchmark {
  /// Every benchmark there is, in the order of the report.
  static let all = ofSharding + ofWire + ofEngine

  /// Those that `name` stands for: one, or all whose names begin with its parts.
  static func named(_ name: String) -> [Benchmark] {
    all.filter { $0.name == name || $0.name.hasPrefix("\(name).") }
  }

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
