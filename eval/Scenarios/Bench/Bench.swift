/// What small things cost, in counts that are the same each time, and in time.
enum Bench {
  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    let options = measurement.options
    let benchmarks = options.only.map(Benchmark.named) ?? Benchmark.all
    do {
      if let count = options.operations {
        var outcome = Outcome()
        for benchmark in benchmarks { outcome.lines.append(try repeated(benchmark, count)) }
        return outcome
      }
      let thresholds = try thresholds(options)
      // Thresholds are input as well, and outlive a run that fails.
      let record = try options.recordPath.map { path in try OutputFile(path: path, .kept) }
      let found = try figures(of: benchmarks, measurement)
      var outcome = outcome(found)
      if let thresholds {
        let verdict = thresholds.verdict(on: found)
        outcome.failures += verdict.failures
        outcome.lines +=
          verdict.notes.isEmpty ? [] : ["", "better than \(options.checkPath ?? ""):"]
        outcome.lines += verdict.notes.map { "  \($0)" }
      }
      if let record {
        guard let json = Thresholds.json(found) else {
          throw EvaluationError("--record: not all could be counted")
        }
        try record.write(json.text + "\n")
      }
      return outcome
    } catch let error as EvaluationError {
      throw error
    } catch {
      throw EvaluationError("\(error)")
    }
  }

  /// Refuses options that keep each other from meaning anything.
  static func check(_ options: Options) throws(UsageError) {
    let files = [
      ("--check", options.checkPath), ("--record", options.recordPath),
      ("--json", options.jsonPath),
    ]
    if options.operations != nil, options.scenario == .bench,
      let (name, _) = files.first(where: { $0.1 != nil })
    {
      throw UsageError("--operations measures nothing for \(name): it must be without \(name)")
    }
    if options.recordPath != nil, options.only != nil {
      throw UsageError("--record is for all benchmarks: it must be without --only")
    }
  }

  /// Does an operation over and over, and nothing but what must come before: for tools that watch.
  ///
  /// - Returns: What the operations allocated, as a line.
  private static func repeated(_ benchmark: Benchmark, _ count: Int) throws -> String {
    let work = try benchmark.prepare()
    try work(benchmark.operationCount)
    let before = AllocationCount.now
    try work(count)
    return AllocationCount.now.since(before).line(of: benchmark.name)
  }

  private static func thresholds(_ options: Options) throws -> Thresholds? {
    guard options.checkPath != nil || options.recordPath != nil else { return nil }
    guard isOptimized else {
      throw EvaluationError("a debug build's counts mean nothing: it must be swift run -c release")
    }
    guard ChildProgram.find("valgrind") != nil else {
      throw EvaluationError("--check and --record need valgrind, which is not on the search path")
    }
    guard let path = options.checkPath else { return nil }
    let text = try readFile(path)
    do {
      return try Thresholds(text: text)
    } catch {
      throw EvaluationError("--check: “\(path)” is not what --record writes: \(error)")
    }
  }

  private static func figures(
    of benchmarks: [Benchmark],
    _ measurement: Measurement
  ) throws -> [BenchFigures] {
    // All times are taken before other processes of this one's making keep the machine busy.
    var found: [BenchFigures] = []
    for benchmark in benchmarks {
      measurement.progress.report("\(benchmark.name): time")
      found.append(try BenchFigures(measuring: benchmark))
    }
    guard isOptimized, let valgrind = ChildProgram.find("valgrind") else { return found }
    let callgrind = try Callgrind(valgrind: valgrind)
    for (index, benchmark) in benchmarks.enumerated() where benchmark.repeatability == .exact {
      measurement.progress.report("\(benchmark.name): counts")
      found[index].take(try callgrind.counts(of: benchmark))
    }
    return found
  }

  private static var isOptimized: Bool {
    var isOptimized = true
    assert(
      {
        isOptimized = false
        return true
      }()
    )
    return isOptimized
  }

  private static func outcome(_ found: [BenchFigures]) -> Outcome {
    var table = TextTable(header: [
      "of one operation", "instructions", "ns", "allocations", "bytes", "a second",
    ])
    for figures in found {
      let numbers = [figures.instructions, figures.time, figures.allocations, figures.bytes]
      table.add(
        [figures.name] + numbers.map(text) + [text(rate: figures.rate, of: figures.output.unit)]
      )
    }
    var outcome = Outcome()
    outcome.lines = table.lines
    if !isOptimized {
      outcome.lines += ["", "this is a debug build, so instructions are not counted"]
    } else if found.contains(where: { $0.isChecked && $0.instructions == nil }) {
      outcome.lines += ["", "valgrind is not on the search path, so instructions are not counted"]
    }
    outcome.figures = found.map { ($0.name, $0.json) }
    return outcome
  }

  /// How many come in a second, in thousands or millions, and of what.
  static func text(rate: Double?, of unit: String) -> String {
    guard let rate else { return "-" }
    let (scale, name) = rate >= 1e6 ? (1e6, " M") : rate >= 1e3 ? (1e3, " k") : (1, "")
    let scaled = rate / scale
    let number = NumberText.trimmed(scaled, scaled < 99.95 ? 1 : 0) + name
    return unit.isEmpty ? number : "\(number) \(unit)"
  }

  private static func text(_ value: Double?) -> String {
    guard let value else { return "-" }
    return value < 1_000 ? NumberText.trimmed(value, 1) : NumberText.fixed(value, 0)
  }
}
