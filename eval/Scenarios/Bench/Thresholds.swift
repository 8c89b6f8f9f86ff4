/// What each benchmark's operation may cost; the figures of an earlier run.
struct Thresholds: Sendable {
  /// By how many percent a count may be more, or less, without a word.
  static let tolerance = 2.0

  private let limits: [BenchFigures]

  /// Reads what ``json(_:)`` wrote.
  ///
  /// - Throws: ``EvaluationError``, which names what is wrong.
  init(text: String) throws(EvaluationError) {
    let json: JSON
    do {
      json = try JSON(text: text)
    } catch {
      throw EvaluationError("\(error)")
    }
    guard case .object(var members) = json else { throw EvaluationError("it is no object") }
    guard case .string(let build) = json.member(Thresholds.buildName) else {
      throw EvaluationError("it does not say in “\(Thresholds.buildName)” what it is of")
    }
    guard build == Thresholds.build else {
      throw EvaluationError("its counts are of “\(build)”, this build is “\(Thresholds.build)”")
    }
    members.removeAll { $0.name == Thresholds.buildName }
    var limits: [BenchFigures] = []
    for (name, value) in members { limits.append(try Thresholds.figures(name, value)) }
    self.limits = limits
  }

  private static func figures(
    _ name: String,
    _ value: JSON
  ) throws(EvaluationError) -> BenchFigures {
    guard case .object(let members) = value else { throw EvaluationError("“\(name)” is no object") }
    var figures = BenchFigures(name: name)
    for (member, value) in members {
      let number: Double
      switch value {
      case .integer(let count): number = Double(count)
      case .number(let count): number = count
      default: throw EvaluationError("“\(member)” of “\(name)” is no number")
      }
      switch BenchFigures.Count(rawValue: member) {
      case .instructions: figures.instructions = number
      case .allocations: figures.allocations = number
      case .bytes: figures.bytes = number
      case nil: throw EvaluationError("“\(name)” has “\(member)”, which nobody counts")
      }
      guard number >= 0 else { throw EvaluationError("“\(member)” of “\(name)” is negative") }
    }
    for count in BenchFigures.Count.allCases where figures[count] == nil {
      throw EvaluationError("“\(name)” has no “\(count.rawValue)”")
    }
    return figures
  }
}

extension Thresholds {
  /// What has become worse by more than may be, and what better.
  struct Verdict: Equatable {
    var failures: [String] = []
    var notes: [String] = []
  }

  /// Compares figures with their thresholds.
  ///
  /// Counts that are missing fail. So do thresholds of what is no benchmark any more. What is only
  /// timed is passed over, but that there be nothing else fails.
  func verdict(on found: [BenchFigures]) -> Verdict {
    var verdict = Verdict()
    for figures in found where figures.isChecked {
      guard let limit = limits.first(where: { $0.name == figures.name }) else {
        verdict.failures.append("\(figures.name) has no threshold: --record writes it")
        continue
      }
      for count in BenchFigures.Count.allCases {
        Thresholds.compare(figures, limit, count, &verdict)
      }
    }
    if !found.contains(where: \.isChecked) {
      verdict.failures.append("nothing was checked: what was run is only timed")
    }
    let checked = Benchmark.all.filter { $0.repeatability == .exact }
    for limit in limits where !checked.contains(where: { $0.name == limit.name }) {
      verdict.failures.append("\(limit.name) has a threshold, but is no benchmark that is checked")
    }
    return verdict
  }

  private static func compare(
    _ figures: BenchFigures,
    _ limit: BenchFigures,
    _ count: BenchFigures.Count,
    _ verdict: inout Verdict
  ) {
    guard let allowed = limit[count] else { return }
    guard let measured = figures[count] else {
      verdict.failures.append("\(figures.name): \(count.rawValue) could not be counted")
      return
    }
    let isMore = measured * 100 > allowed * (100 + tolerance)
    let isLess = recorded(measured) * 100 < allowed * (100 - tolerance)
    guard isMore || isLess else { return }
    let share =
      allowed == 0
      ? "" : " (\(NumberText.fixed((measured / allowed - 1).magnitude * 100, 1)) %)"
    let sentence =
      "\(figures.name): \(NumberText.trimmed(measured, 2)) \(count.rawValue), "
      + "\(isMore ? "more" : "less")\(share) than \(NumberText.trimmed(allowed, 2))"
    if isMore { verdict.failures.append(sentence) } else { verdict.notes.append(sentence) }
  }

  /// The object that is read by ``init(text:)``; nil if a count is missing.
  static func json(_ found: [BenchFigures]) -> JSON? {
    var members: [(name: String, value: JSON)] = [(buildName, .string(build))]
    for figures in found where figures.isChecked {
      var counts: [(name: String, value: JSON)] = []
      for count in BenchFigures.Count.allCases {
        guard let value = figures[count] else { return nil }
        counts.append((count.rawValue, .number(recorded(value))))
      }
      members.append((figures.name, .object(counts)))
    }
    return .object(members)
  }

  /// A count as it is recorded: what lies behind is the noise of the process around the operation.
  ///
  /// It is rounded up, so that it is enough: few allocations in many operations are not none.
  private static func recorded(_ value: Double) -> Double { (value * 100).rounded(.up) / 100 }

  private static let buildName = "build"

  /// What counts depend on besides the source and the compiler: calls into a library that is loaded
  /// take instructions of their own.
  static let build: String = {
    let maps = readSystemFile("/proc/self/maps") ?? ""
    let isStatic = !maps.contains("/libswiftCore.so")
    return "\(architecture), \(isStatic ? "static" : "dynamic") standard library"
  }()

  private static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "other"
    #endif
  }
}
