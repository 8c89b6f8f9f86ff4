/// What a line of standard input asks a running node to do.
package enum Instruction: Sendable, Equatable {
  case set(key: String, value: [UInt8])
  case delete(key: String)
  case members
  /// All that a member says of itself, or one key of it.
  case show(name: String, key: String?)
  case metrics
  case prometheus
  case leave
  case help
}

extension Instruction {
  /// How each instruction is written, and what it does.
  static let usages = [
    ("set KEY VALUE", "Says VALUE, the rest of the line, under KEY; \"\" is an empty one."),
    ("delete KEY", "Says nothing more under KEY."),
    ("members", "Lists the members that the node knows."),
    ("show NAME [KEY]", "Shows what a member says of itself, or one value in full."),
    ("metrics", "Shows what the node has counted."),
    ("prometheus", "Shows all metrics, in the text that Prometheus reads."),
    ("leave", "Leaves the cluster and ends; also quit and exit."),
    ("help", "Lists these commands."),
  ]

  private static let names = [
    "set", "delete", "members", "show", "metrics", "prometheus", "leave", "help",
  ]

  /// Reads a line; nil for one of blanks.
  ///
  /// - Throws: ``UsageError``, which says what would be right.
  package init?(line: some Sequence<UInt8>) throws(UsageError) {
    var words = LineWords(line)
    guard let bytes = try words.next() else { return nil }
    let verb = ByteText.shown(bytes, limit: 60)
    switch verb {
    case "set":
      let key = try words.text("a key and a value", "set role web")
      guard let value = try words.rest() else {
        let pair = key.split(separator: "=", maxSplits: 1).joined(separator: " ")
        let example = pair == key ? "set \(key) something" : "set \(pair)"
        throw UsageError("set takes a key and a value, as in: \(example)")
      }
      self = .set(key: key, value: value)
    case "delete":
      self = .delete(key: try words.text("a key", "delete role"))
    case "show":
      let name = try words.text("a member's name", "show web-1")
      self = .show(name: name, key: try words.optionalText())
    case "members": self = .members
    case "metrics": self = .metrics
    case "prometheus": self = .prometheus
    case "leave", "quit", "exit": self = .leave
    case "help", "?": self = .help
    default:
      throw UsageError(
        "there is no command “\(verb)”\(Suggestion.hint(verb, among: Self.names)): the commands "
          + "are \(Self.names.joined(separator: ", "))"
      )
    }
    if let more = try words.next() {
      throw UsageError("“\(ByteText.shown(more, limit: 60))” is too much behind \(verb)")
    }
  }
}

extension LineWords {
  /// The next word as text, which must be there.
  fileprivate mutating func text(
    _ what: String,
    _ example: String
  ) throws(UsageError) -> String {
    guard let text = try optionalText(), !text.isEmpty else {
      let verb = example.prefix { $0 != " " }
      throw UsageError("\(verb) takes \(what), as in: \(example)")
    }
    return text
  }

  /// The next word as text; nil at the end of the line.
  fileprivate mutating func optionalText() throws(UsageError) -> String? {
    guard let word = try next() else { return nil }
    guard let text = String(validating: word, as: UTF8.self) else {
      throw UsageError("“\(ByteText.shown(word, limit: 60))” is not UTF-8: names and keys must be")
    }
    return text
  }
}
