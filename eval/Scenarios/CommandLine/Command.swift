internal import GrapevineCore

/// What the arguments ask for.
package enum Command: Equatable, Sendable {
  /// The help of a scenario, or of the program.
  case help(Scenario?)
  case run(Options)
  /// The help of `node`.
  case nodeHelp
  case node(NodeOptions)
}

extension Command {
  /// Reads the arguments that follow the program's name.
  ///
  /// - Throws: ``UsageError``, which names the argument and says what would be right.
  package init(arguments: [String]) throws(UsageError) {
    if let rest = Command.argumentsOfNode(arguments) {
      let asksForHelp = rest.contains { $0 == "--help" || $0 == "-h" }
      self = asksForHelp ? .nodeHelp : .node(try NodeOptions(arguments: rest))
      return
    }
    let words = try Words(arguments)
    guard !words.asksForHelp else {
      self = .help(words.scenario)
      return
    }
    var options = Options(scenario: words.scenario ?? .propagate)
    for (option, value) in words.options {
      guard option.scenarios.contains(options.scenario) else {
        throw UsageError(
          "\(option.name) has no meaning for \(options.scenario.rawValue), only for "
            + option.scenarios.map(\.rawValue).joined(separator: ", ")
        )
      }
      guard option.take(&options, value) else {
        throw UsageError("\(option.name) is “\(value)”: it must be \(option.rule)")
      }
    }
    try words.operand.map { operand throws(UsageError) in
      try options.take(operand: operand)
    }
    try Command.check(options, words)
    self = .run(options)
  }

  /// The arguments but for `node`, if that is what they begin with; nil if they don't.
  private static func argumentsOfNode(_ arguments: [String]) -> [String]? {
    guard let index = arguments.firstIndex(where: { $0 != "--help" && $0 != "-h" }),
      arguments[index] == "node"
    else { return nil }
    return Array(arguments[..<index] + arguments[(index + 1)...])
  }

  /// Checks what one option alone can't know.
  private static func check(_ options: Options, _ words: Words) throws(UsageError) {
    for (option, _) in words.options {
      guard let network = option.network, network != options.network else { continue }
      throw UsageError(
        "\(option.name) has no meaning on the \(options.network.rawValue) network, only with "
          + "--network \(network.rawValue)"
      )
    }
    if options.scenario == .compareDetection, options.nodes > CompareDetection.nodesLimit {
      throw UsageError(
        "--nodes is “\(options.nodes)”: for compare-detection it must be at most "
          + "\(CompareDetection.nodesLimit)"
      )
    }
    if options.scenario == .processes, options.nodes <= Processes.processCount + 1 {
      throw UsageError(
        "--nodes is “\(options.nodes)”: for processes it must be at least "
          + "\(Processes.processCount + 2)"
      )
    }
    if let name = options.only, Benchmark.named(name).isEmpty {
      throw UsageError(
        "there is no benchmark “\(name)”"
          + Suggestion.hint(name, among: Benchmark.allNames)
          + ": eval bench --help lists them"
      )
    }
    try Bench.check(options)
    if options.scenario == .compare {
      try Compare.check(options, given: words.options.map(\.option.name))
    }
    if options.scenario == .scale, !ScaleSweep.nodeLimits.contains(options.nodes) {
      let limits = ScaleSweep.nodeLimits
      throw UsageError(
        "--nodes is “\(options.nodes)”: for scale it must be at least \(limits.lowerBound) and at "
          + "most \(limits.upperBound), which takes 17 GB"
      )
    }
    guard options.scenario != .simulate else { return try checkSimulation(options) }
    guard options.victims < options.nodes else {
      throw UsageError(
        "--victims is \(options.victims): it must be less than the \(options.nodes) nodes"
      )
    }
    guard options.shape.sizes(of: options.nodes) != nil else {
      throw UsageError("the sides of --shape must have \(options.nodes) nodes in all, as --nodes")
    }
    let total = options.keyCount * options.valueSize
    guard total <= stateLimit else {
      throw UsageError("--keys × --value-size is \(total) bytes: it must be at most \(stateLimit)")
    }
  }

  private static func checkSimulation(_ options: Options) throws(UsageError) {
    if options.traces, options.givenSeeds ?? 1 > 1 {
      throw UsageError("--trace is for one seed: it must be without --seeds")
    }
    if let fault = options.plantedFault, !Simulate.canPlantFaults {
      throw UsageError(
        "--fault \(fault.rawValue): this build can't; it must be a build with the trait, as by "
          + Simulate.command(ofBuildWithFaults: true)
      )
    }
  }

  /// The most bytes of values that are set; what a node takes of others by default is twice that.
  private static let stateLimit = 1 << 29

  /// The arguments sorted by what they are, before any value is looked at.
  private struct Words {
    var asksForHelp = false
    var scenario: Scenario?
    /// The word behind the scenario's name that says what of it.
    var operand: String?
    var options: [(option: Option, value: String)] = []

    init(_ arguments: [String]) throws(UsageError) {
      var rest = arguments[...]
      while let argument = rest.popFirst() {
        if argument == "--help" || argument == "-h" {
          asksForHelp = true
        } else if argument.hasPrefix("-") {
          try takeOption(argument, &rest)
        } else {
          try takeScenario(argument)
        }
      }
    }

    private mutating func takeScenario(_ argument: String) throws(UsageError) {
      if let scenario, let placeholder = scenario.operand {
        if let operand {
          throw UsageError(
            "both “\(operand)” and “\(argument)” are given: it must be one \(placeholder)"
          )
        }
        operand = argument
        return
      }
      guard argument != "node" else {
        throw UsageError("node is no scenario: it must be the first word")
      }
      guard let named = Scenario(name: argument) else {
        throw UsageError(
          "there is no scenario “\(argument)”"
            + Suggestion.hint(argument, among: Scenario.allNames + ["node"])
            + ": the scenarios are " + Scenario.allCases.map(\.rawValue).joined(separator: ", ")
            + "; node is a node of its own"
        )
      }
      if let scenario {
        throw UsageError(
          "both \(scenario.rawValue) and \(named.rawValue) are given: it must be one scenario"
        )
      }
      scenario = named
    }

    /// Takes an option with its value, which follows `=` or is the next argument.
    private mutating func takeOption(
      _ argument: String,
      _ rest: inout ArraySlice<String>
    ) throws(UsageError) {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard name != "--help" else { throw UsageError("--help takes no value: it must stand alone") }
      guard let option = Option.all.first(where: { $0.name == name }) else {
        throw UsageError(
          "there is no option “\(name)”"
            + Suggestion.hint(name, among: Option.all.map(\.name) + ["--help"])
            + ": eval --help lists the options"
        )
      }
      guard !options.contains(where: { $0.option.name == name }) else {
        throw UsageError("\(name) is given twice: it must be given once")
      }
      if let placeholder = option.placeholder {
        guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
          throw UsageError(
            "\(name) has no value: it must be \(name) \(placeholder), \(option.rule)"
          )
        }
        options.append((option, value))
      } else {
        guard parts.count == 1 else {
          throw UsageError("\(name) takes no value: it must stand alone")
        }
        options.append((option, ""))
      }
    }
  }
}
