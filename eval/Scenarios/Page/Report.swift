internal import Glibc
internal import GrapevineCore

/// One page of HTML with plots of what the other scenarios measure.
enum Report {
  /// The sizes that are measured, up to `--nodes`.
  static let sizes = ComparisonSet.sizesCompared
  /// The sizes whose nodes have real sockets.
  static let realSizes = [16, 64, 151, 256]
  /// The size where that is not what differs.
  static let usualSize = 64

  /// How what is real is measured; nil where it is left out.
  typealias Real = (Options, Progress) throws(EvaluationError) -> Outcome

  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    try run(measurement, rest: restOfProcess, spread: Evaluation.measured)
  }

  static func run(
    _ measurement: Measurement,
    rest: Real,
    spread: Real
  ) throws(EvaluationError) -> Outcome {
    let path = measurement.options.pagePath
    let begin = MachineClock.now
    do {
      let file = try OutputFile(path: path)
      // Real sockets come first, while nothing else of this process is kept in memory.
      var findings = Findings(base: base(measurement.options))
      try measureReal(&findings, measurement, rest, spread)
      try measureSets(&findings, measurement)
      var machine = MachineText.current
      let seconds = Double(MachineClock.now.since(begin)) / 1e9
      machine.rows.append(("took", "\(NumberText.fixed(seconds, 0)) s"))
      let page = Page(findings: findings, options: measurement.options, machine: machine)
      let text = page.html
      try file.write(text)
      return outcome(findings, text)
    } catch let error as EvaluationError {
      throw error
    } catch {
      throw EvaluationError("\(error)")
    }
  }

  /// The options that everything has in common.
  static func base(_ options: Options) -> Options {
    var base = options
    base.givenNodes = min(usualSize, options.nodes)
    base.givenRuns = options.runs
    return base
  }

  /// The conditions under which it is measured.
  static func conditions(_ options: Options) -> [String] {
    ["up to \(options.nodes) nodes", "simulated", "and real sockets"]
  }

  private static func measureReal(
    _ findings: inout Findings,
    _ measurement: Measurement,
    _ rest: Real,
    _ spread: Real
  ) throws(EvaluationError) {
    let options = measurement.options
    for size in realSizes where size <= options.nodes {
      var own = Configuration("", findings.base) { $0.network = .loopback }.options(.idle)
      own.givenNodes = size
      own.givenDuration = .seconds(3)
      findings.rest.append(real(own, measurement.progress, rest))
    }
    var own = Configuration("", findings.base) { $0.network = .loopback }.options(.propagate)
    own.givenRuns = max(1, options.runs / 10)
    findings.spread = real(own, measurement.progress, spread)
  }

  /// Measures with real sockets; where that fails the page goes without, and says so.
  private static func real(
    _ options: Options,
    _ progress: Progress,
    _ work: Real
  ) -> Findings.Real {
    progress.prefix = "real sockets, \(options.nodes) nodes, \(options.scenario.rawValue): "
    defer { progress.prefix = "" }
    do {
      return Findings.Real(options: options, outcome: try work(options, progress))
    } catch {
      var outcome = Outcome()
      outcome.failures = [error.description]
      return Findings.Real(options: options, outcome: outcome)
    }
  }

  private static func measureSets(
    _ findings: inout Findings,
    _ measurement: Measurement
  ) throws(EvaluationError) {
    var known: [Trial] = []
    for set in [ComparisonSet.push, .losses, .intervals, .sizes] {
      var trials: [Trial] = []
      for configuration in set.configurations(findings.base)
      where configuration.options.nodes <= measurement.options.nodes {
        if let found = known.first(where: { $0.configuration.options == configuration.options }) {
          trials.append(found.named(configuration))
          continue
        }
        let trial = try Trial(configuration, measurement.progress)
        known.append(trial)
        trials.append(trial)
      }
      findings.sets.append((set, trials))
    }
  }

  /// Measures in a process of its own, whose memory nothing else has touched.
  private static func restOfProcess(
    _ options: Options,
    _ progress: Progress
  ) throws(EvaluationError) -> Outcome {
    progress.report("measuring in a process of its own")
    do {
      let folder = try TemporaryFolder()
      let figures = "\(folder.path)/figures"
      let library = getenv("LD_LIBRARY_PATH").map { ["LD_LIBRARY_PATH=\(String(cString: $0))"] }
      let child = try ChildProgram(
        ["/proc/self/exe"] + options.arguments + ["--json", figures],
        environment: (library ?? []) + [ChildProgram.parentSetting],
        output: "\(folder.path)/output"
      )
      let status = child.wait()
      var outcome = Outcome()
      if status != 0 {
        let said = try readFile("\(folder.path)/output").split(separator: "\n").last ?? ""
        outcome.failures = ["ended with status \(status): \(said.drop { $0 == " " })"]
      }
      // What was found counts, though something of it may be a failure.
      if case .object(let members)? = try? JSON(text: readFile(figures)) {
        outcome.figures = members
      } else if status == 0 {
        throw EvaluationError("the process left no figures")
      }
      return outcome
    } catch let error as EvaluationError {
      throw error
    } catch {
      throw EvaluationError("\(error)")
    }
  }

  private static func outcome(_ findings: Findings, _ page: String) -> Outcome {
    var outcome = Outcome()
    for (set, trials) in findings.sets {
      var table = TextTable(header: [set.rawValue] + Trial.columns.dropFirst())
      for trial in trials { table.add(trial.cells) }
      outcome.lines += table.lines + [""]
    }
    outcome.lines.append(
      "\(findings.base.pagePath): \(NumberText.bytes(page.utf8.count)), open it in a browser"
    )
    outcome.figures = findings.sets.map { ($0.set.rawValue, .array($0.trials.map(\.json))) }
    outcome.figures += [
      (
        "real",
        .array(
          findings.rest.map { .object([("nodes", .integer($0.options.nodes))] + realFigures($0)) }
        )
      )
    ]
    outcome.failures = findings.failures
    return outcome
  }

  private static func realFigures(_ real: Findings.Real) -> [(name: String, value: JSON)] {
    let wanted = ["bytes_per_node_per_s", "cpu_s_per_node_per_s", "rss_bytes_per_node"]
    return real.outcome.figures.filter { wanted.contains($0.name) }
  }
}

extension Trial {
  /// The same under another set's name for it.
  func named(_ configuration: Configuration) -> Trial {
    Trial(configuration, propagate: propagate, idle: idle, detect: detect)
  }
}
