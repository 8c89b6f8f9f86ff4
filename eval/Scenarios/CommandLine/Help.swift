/// The text that `--help` prints.
package enum Help {
  /// The help of `scenario`, or of the program if that is nil.
  package static func text(_ scenario: Scenario?) -> String {
    scenario.map(scenarioText) ?? programText
  }

  static let columns = 80

  private static var programText: String {
    var lines = [
      "eval measures how a Grapevine cluster behaves before you trust it.",
      "",
      "usage: swift run -c release eval [SCENARIO] [OPTIONS]",
      "       swift run -c release eval node [OPTIONS]",
      "",
      "a node of its own:",
    ]
    lines += entry("node", NodeHelp.summary + " (eval node --help)", indentation: 21)
    lines += [
      "",
      "scenarios (propagate if none is named):",
    ]
    for scenario in Scenario.allCases {
      let alias = scenario.alias.map { " (or \($0))" } ?? ""
      lines += entry(scenario.rawValue, scenario.summary + alias, indentation: 21)
    }
    lines += ["", "options (eval SCENARIO --help has those of one scenario):"]
    for option in Option.all {
      let text =
        option.explanation + only(option) + note(option)
        + " Default: \(standards(of: option))."
      lines += entry(title(option), text, indentation: 22)
    }
    lines += ["", "exit status:"]
    for (status, meaning) in statuses { lines += entry(status, meaning, indentation: 21) }
    return lines.joined(separator: "\n")
  }

  /// What the program ends with; `node` has more to say of its own.
  private static let statuses = [
    ("0", "All is as it should be."),
    (
      "1",
      "A run did not converge, a live member was held to be down, a figure is beyond what its "
        + "scenario or --check allows, a node did not start or join; or it could not be measured "
        + "at all: something is missing on this machine, a cluster did not start, or a file can't "
        + "be read or written."
    ),
    ("2", "The arguments are wrong; says what would be right."),
    ("3", "A simulation saw a promise broken."),
    ("4", "A simulation never took a rare path."),
    ("129, 130, 143", "SIGHUP, SIGINT or SIGTERM ended it."),
  ]

  private static func scenarioText(_ scenario: Scenario) -> String {
    let names = [scenario.rawValue] + (scenario.alias.map { [$0] } ?? [])
    let operand = scenario.operand.map { " [\($0)]" } ?? ""
    var lines = ["eval \(scenario.rawValue): \(scenario.summary)", ""]
    let call = names.joined(separator: "|") + operand
    lines.append("usage: swift run -c release eval \(call) [OPTIONS]")
    lines.append("")
    lines += TextLayout.wrapped(scenario.explanation, columns)
    lines += ["", "options:"]
    for option in Option.all where option.scenarios.contains(scenario) {
      let text = "\(option.explanation)\(note(option)) Default: \(option.standard(scenario))."
      lines += entry(title(option), text, indentation: 22)
    }
    return lines.joined(separator: "\n")
  }

  private static func title(_ option: Option) -> String {
    option.placeholder.map { "\(option.name) \($0)" } ?? option.name
  }

  /// For which scenarios an option is, or for which ones it is not, whatever is shorter.
  private static func only(_ option: Option) -> String {
    let others = Scenario.allCases.filter { !option.scenarios.contains($0) }
    guard !others.isEmpty else { return "" }
    let isForMost = others.count <= 2
    let names = (isForMost ? others : option.scenarios).map(\.rawValue).joined(separator: ", ")
    return isForMost ? " Not for \(names)." : " For \(names)."
  }

  private static func note(_ option: Option) -> String {
    option.network.map { " With --network \($0.rawValue)." } ?? ""
  }

  /// The defaults of all scenarios, the first one's first: `64; for sync 2`.
  private static func standards(of option: Option) -> String {
    var groups: [(standard: String, scenarios: [String])] = []
    for scenario in option.scenarios {
      let standard = option.standard(scenario)
      if let index = groups.firstIndex(where: { $0.standard == standard }) {
        groups[index].scenarios.append(scenario.rawValue)
      } else {
        groups.append((standard, [scenario.rawValue]))
      }
    }
    let others = groups.dropFirst().map {
      "; for \($0.scenarios.joined(separator: ", ")) \($0.standard)"
    }
    return groups[0].standard + others.joined()
  }

  /// A title with its text beside it, the text's lines below each other.
  static func entry(_ title: String, _ text: String, indentation: Int) -> [String] {
    let blank = String(repeating: " ", count: indentation)
    let lines = TextLayout.wrapped(text, columns - indentation)
    return lines.enumerated().map { index, line in
      index == 0 ? TextLayout.padded("  \(title)", to: indentation) + line : blank + line
    }
  }
}
