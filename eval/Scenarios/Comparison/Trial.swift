internal import GrapevineCore

/// What the scenarios found of one configuration.
struct Trial: Sendable {
  let configuration: Configuration
  let propagate: Outcome
  let idle: Outcome
  let detect: Outcome

  /// Runs the scenarios one after the other; what went wrong in them is kept in ``failures``.
  init(_ configuration: Configuration, _ progress: Progress) throws(EvaluationError) {
    func outcome(_ scenario: Scenario) throws(EvaluationError) -> Outcome {
      progress.prefix = "\(configuration.name), \(scenario.rawValue): "
      defer { progress.prefix = "" }
      return try Evaluation.measured(configuration.options(scenario), progress)
    }
    self.configuration = configuration
    propagate = try outcome(.propagate)
    idle = try outcome(.idle)
    detect = try outcome(.detect)
  }

  /// Puts together what was found elsewhere.
  init(_ configuration: Configuration, propagate: Outcome, idle: Outcome, detect: Outcome) {
    self.configuration = configuration
    self.propagate = propagate
    self.idle = idle
    self.detect = detect
  }
}

extension Trial {
  var propagationMedian: Double? { propagate.number("propagation_ms", "p50") }
  var propagationTail: Double? { propagate.number("propagation_ms", "p99") }
  var bytesPerSecond: Double? { idle.number("bytes_per_node_per_s") }
  var packetsPerSecond: Double? { idle.number("packets_per_node_per_s") }
  /// In seconds.
  var detectionMedian: Double? { detect.number("detection_all_ms", "p50").map { $0 / 1_000 } }
  /// In seconds.
  var detectionMaximum: Double? { detect.number("detection_all_ms", "max").map { $0 / 1_000 } }

  var failures: [String] {
    [("propagate", propagate), ("idle", idle), ("detect", detect)].flatMap { name, outcome in
      outcome.failures.map { "\(configuration.name), \(name): \($0)" }
    }
  }

  /// The cells of a table under ``columns``.
  var cells: [String] {
    func text(_ value: Double?, _ format: (Double) -> String) -> String {
      value.map(format) ?? "-"
    }
    return [
      configuration.name,
      text(propagationMedian, NumberText.milliseconds),
      text(propagationTail, NumberText.milliseconds),
      text(bytesPerSecond) { NumberText.fixed($0, $0 < 1_000 ? 1 : 0) },
      text(packetsPerSecond) { NumberText.fixed($0, 2) },
      text(detectionMedian) { NumberText.fixed($0, 2) },
      text(detectionMaximum) { NumberText.fixed($0, 2) },
    ]
  }

  static let columns = [
    "", "p50 ms", "p99 ms", "bytes/s", "packets/s", "crash p50 s", "max s",
  ]

  var json: JSON {
    let options = configuration.options
    let figures =
      propagate.figures.filter { ["propagation_ms", "converged"].contains($0.name) }
      + idle.figures.filter {
        [
          "bytes_per_node_per_s", "packets_per_node_per_s", "cpu_s_per_node_per_s",
          "rss_bytes_per_node",
        ].contains($0.name)
      }
      + detect.figures.filter { ["detection_all_ms", "false_down"].contains($0.name) }
    return .object(
      [
        ("name", .string(configuration.name)),
        ("nodes", .integer(options.nodes)),
        ("interval_ms", .number(options.interval.milliseconds)),
        ("loss", .number(options.loss)),
        ("push", .string(options.push == .tree ? "on" : "off")),
        ("runs", .integer(configuration.options(.propagate).runs)),
      ] + figures
    )
  }
}

extension Outcome {
  /// A figure that is a number, or a member of one that is an object; nil if there is none.
  func number(_ name: String, _ member: String? = nil) -> Double? {
    var value = figures.first { $0.name == name }?.value
    if let member {
      guard case .object(let members)? = value else { return nil }
      value = members.first { $0.name == member }?.value
    }
    switch value {
    case .number(let number): return number
    case .integer(let number): return Double(number)
    case .unsigned(let number): return Double(number)
    case .null, .boolean, .string, .array, .object, nil: return nil
    }
  }
}
