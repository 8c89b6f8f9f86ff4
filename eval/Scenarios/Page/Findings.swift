/// All that a page is drawn from.
struct Findings: Sendable {
  /// The options of everything that was run, but for what a configuration changes.
  let base: Options
  var sets: [(set: ComparisonSet, trials: [Trial])] = []
  /// Nodes at rest on real sockets, each number of them in a process of its own.
  var rest: [Real] = []
  /// An update among nodes on real sockets.
  var spread: Real?

  /// Something that was measured on real sockets.
  struct Real: Sendable {
    let options: Options
    let outcome: Outcome
  }

  func trials(_ set: ComparisonSet) -> [Trial] {
    sets.first { $0.set == set }?.trials ?? []
  }

  /// The configuration that nothing was changed in; nil while it is not measured.
  var plain: Trial? { trials(.push).first }

  /// The command that prints a set's table.
  func command(_ set: ComparisonSet) -> [String] {
    var options = base
    options.scenario = .compare
    options.comparison = set
    if set == .sizes { options.givenNodes = nil }
    return options.arguments
  }

  var failures: [String] {
    var told: [String] = []
    let real = (rest + [spread].compactMap(\.self)).flatMap { real in
      real.outcome.failures.map { "\(PageText.command(real.options.arguments)): \($0)" }
    }
    // One configuration is part of several sets.
    for failure in sets.flatMap(\.trials).flatMap(\.failures) + real
    where !told.contains(failure) {
      told.append(failure)
    }
    return told
  }
}
