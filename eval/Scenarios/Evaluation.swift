internal import GrapevineCore

/// The whole program but for the process around it.
package enum Evaluation {
  /// Obeys the arguments that follow the program's name.
  ///
  /// - Returns: the exit status, as ``Help`` explains it: 0; 1 when something failed or could not
  ///   be measured; 2 when the arguments are wrong; 3 when a simulation saw a promise broken; 4
  ///   when one never took a rare path.
  package static func run(_ arguments: [String]) -> CInt {
    ChildProgram.endWithParent()
    do {
      switch try Command(arguments: arguments) {
      case .help(let scenario):
        StandardOutput.write(Help.text(scenario) + "\n")
        return 0
      case .nodeHelp:
        StandardOutput.write(NodeHelp.text + "\n")
        return 0
      case .node(let options):
        return try NodeSession.run(options)
      case .run(let options) where options.scenario == .simulate:
        return try Simulate.run(options)
      case .run(let options):
        return try run(options)
      }
    } catch {
      StandardError.write("eval: \(error)\n")
      return error is UsageError ? 2 : 1
    }
  }

  private static func run(_ options: Options) throws -> CInt {
    if options.makesFolders { try TemporaryFolder.removeAtSignals() }
    let file = try jsonFile(options)
    StandardOutput.write(heading(options).joined(separator: "\n") + "\n\n")
    let progress = Progress(isTerminal: StandardError.isTerminal)
    let measurement = Measurement(options: options, progress: progress)
    defer { progress.finish() }
    let outcome = try measure(measurement)
    progress.finish()
    StandardOutput.write(outcome.lines.joined(separator: "\n") + "\n")
    try file?.write(json(options, outcome).text + "\n")
    guard !outcome.failures.isEmpty else { return 0 }
    StandardOutput.write("\nfailed:\n" + outcome.failures.map { "  \($0)\n" }.joined())
    return 1
  }

  /// Opens and empties the file that `--json` names, so that a wrong name is told before anything
  /// has run.
  static func jsonFile(_ options: Options) throws(UsageError) -> OutputFile? {
    do {
      return try options.jsonPath.map { path throws(FileError) in try OutputFile(path: path) }
    } catch {
      throw UsageError("--json: \(error)")
    }
  }

  /// Runs the scenario that the options name.
  static func measure(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    switch measurement.options.scenario {
    case .propagate: try Propagate.run(measurement)
    case .discover: try Discover.run(measurement)
    case .bootstrap: try Bootstrap.run(measurement)
    case .detect: try Detect.run(measurement)
    case .idle: try Idle.run(measurement)
    case .sync: try Sync.run(measurement)
    case .partition: try Heal.run(measurement)
    case .churn: try Churn.run(measurement)
    case .throughput: try Throughput.run(measurement)
    case .compareDetection: CompareDetection.run(measurement)
    case .shard: try Shard.run(measurement)
    case .locks: try LockTrials.run(measurement)
    case .bench: try Bench.run(measurement)
    case .processes: try Processes.run(measurement)
    case .compare: try Compare.run(measurement)
    case .report: try Report.run(measurement)
    case .scale: try ScaleSweep.run(measurement)
    case .simulate: throw EvaluationError("a simulation is no measurement")
    }
  }

  /// Runs the scenario that the options name as a part of something greater.
  static func measured(
    _ options: Options,
    _ progress: Progress
  ) throws(EvaluationError) -> Outcome {
    try measure(Measurement(options: options, progress: progress))
  }

  /// The object that `--json` writes.
  static func json(_ options: Options, _ outcome: Outcome) -> JSON {
    let scenario = ("scenario", JSON.string(options.scenario.rawValue))
    let failures = [("failures", JSON.array(outcome.failures.map { .string($0) }))]
    guard options.scenario != .bench else {
      return .object([scenario] + outcome.figures + failures)
    }
    return .object(
      [
        scenario,
        ("nodes", .integer(options.nodes)),
        ("network", .string(options.network.rawValue)),
        ("interval_ms", .number(options.interval.milliseconds)),
        ("seed", .unsigned(options.seed)),
        ("loss", .number(options.loss)),
        ("runs", .integer(options.runs)),
      ] + outcome.figures + failures
    )
  }
}
