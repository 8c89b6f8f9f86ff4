/// A named set of configurations side by side, each measured by the scenarios of those names.
enum Compare {
  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    let options = measurement.options
    var trials: [Trial] = []
    for configuration in options.comparison.configurations(options) {
      trials.append(try Trial(configuration, measurement.progress))
    }
    return outcome(trials)
  }

  static func outcome(_ trials: [Trial]) -> Outcome {
    var outcome = Outcome()
    var table = TextTable(header: Trial.columns)
    for trial in trials { table.add(trial.cells) }
    outcome.lines = table.lines + [""]
    outcome.lines += TextLayout.wrapped(
      "ms: from an update until all nodes hold it. bytes/s, packets/s: sent by a node at rest, "
        + "28 bytes of headers a packet included. crash: until all others say that a killed node "
        + "is down",
      80
    )
    outcome.figures = [("configurations", .array(trials.map(\.json)))]
    outcome.failures = trials.flatMap(\.failures)
    return outcome
  }

  /// Checks what is said against what the set goes through.
  static func check(_ options: Options, given names: [String]) throws(UsageError) {
    let set = options.comparison
    guard names.contains(set.option) else { return }
    throw UsageError(
      "\(set.option) has no meaning for compare \(set.rawValue), which goes through "
        + set.summary
    )
  }

  /// Takes the set that stands behind the scenario's name.
  static func take(_ name: String, _ options: inout Options) throws(UsageError) {
    guard let set = ComparisonSet(rawValue: name) else {
      let names = ComparisonSet.allCases.map(\.rawValue)
      throw UsageError(
        "there is no set “\(name)”" + Suggestion.hint(name, among: names) + ": the sets are "
          + names.joined(separator: ", ")
      )
    }
    options.comparison = set
  }
}
