internal import CAllocations
internal import Glibc

/// Counts instructions and allocations by running this program again, under callgrind.
///
/// A benchmark runs in two processes, one of which does the operation a known number of times more;
/// the difference is what the operations cost, and nothing else. What that one allocated is told by
/// itself: in a new process, memory is where it was the last time, and so arrays, which grow into
/// whatever lies unused behind them, do so at the same operation.
struct Callgrind: ~Copyable {
  private let valgrind: String
  private let folder: TemporaryFolder
  private var program: String { "\(folder.path)/eval" }

  /// Makes the program that is run, with the valgrind at a path.
  init(valgrind: String) throws {
    let folder = try TemporaryFolder()
    let image = try readBytes("/proc/self/exe")
    try writeProgram(Callgrind.withoutSections(image), to: "\(folder.path)/eval")
    self.valgrind = valgrind
    self.folder = folder
  }

  /// A program without the table by which its symbols are found: not all releases of valgrind can
  /// read what compilers write there, and counting needs none of it.
  static func withoutSections(_ image: [UInt8]) -> [UInt8] {
    var image = image
    // In the ELF header: where the table lies, and the number of its rows and of the one with
    // names.
    for offset in [0x28..<0x30, 0x3C..<0x40].joined() { image[offset] = 0 }
    return image
  }

  /// What one operation costs.
  struct Counts {
    var instructions: Double
    /// Nil where they can't be counted.
    var allocations: Double?
    var bytes: Double?
  }

  /// Counts what one operation costs.
  func counts(of benchmark: Benchmark) throws -> Counts {
    let without = try start(benchmark, operations: 0)
    let with = try start(benchmark, operations: benchmark.operationCount)
    let statuses = (without.wait(), with.wait())
    let base = try total(operations: 0, statuses.0)
    let whole = try total(operations: benchmark.operationCount, statuses.1)
    let count = Double(benchmark.operationCount)
    var counts = Counts(instructions: Double(whole - base) / count)
    if allocations_are_counted() {
      let said = try readFile(file(benchmark.operationCount, "output"))
      guard let made = AllocationCount(in: said, of: benchmark.name) else {
        throw EvaluationError("what \(benchmark.name) allocated was not told")
      }
      counts.allocations = Double(made.count) / count
      counts.bytes = Double(made.size) / count
    }
    return counts
  }

  private func start(
    _ benchmark: Benchmark,
    operations: Int
  ) throws(EvaluationError) -> ChildProgram {
    try ChildProgram(
      [
        valgrind, "--tool=callgrind", "--callgrind-out-file=\(file(operations, "counts"))",
        program, "bench", "--only=\(benchmark.name)", "--operations=\(operations)",
      ],
      environment: Callgrind.environment,
      output: file(operations, "output")
    )
  }

  private func file(_ operations: Int, _ kind: String) -> String {
    "\(folder.path)/\(operations).\(kind)"
  }

  /// What the file in which callgrind puts its counts has in its last line.
  private func total(operations: Int, _ status: CInt) throws -> Int {
    guard status == 0 else {
      let said = (try? readFile(file(operations, "output"))) ?? ""
      let last = said.split(separator: "\n").suffix(3).joined(separator: "; ")
      throw EvaluationError("callgrind ended with status \(status): \(last)")
    }
    let path = file(operations, "counts")
    guard let total = Callgrind.total(try readFile(path)) else {
      throw EvaluationError("callgrind left no totals in \(path)")
    }
    return total
  }

  /// The number of the last line that has totals.
  static func total(_ text: String) -> Int? {
    text.utf8.split(separator: UInt8(ascii: "\n"))
      .last { $0.starts(with: "totals: ".utf8) }
      .flatMap { Int(String($0.dropFirst(8)) ?? "") }
  }

  /// All that the counted process sees of this one's environment, so that nothing else of it makes
  /// a difference; and hashes have one seed.
  private static var environment: [String] {
    let passed = ["LD_LIBRARY_PATH", "VALGRIND_LIB"].compactMap { (name: String) -> String? in
      getenv(name).map { "\(name)=\(String(cString: $0))" }
    }
    return passed + ["SWIFT_DETERMINISTIC_HASHING=1", ChildProgram.parentSetting]
  }
}
