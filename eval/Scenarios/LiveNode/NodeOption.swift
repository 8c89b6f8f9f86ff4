internal import Grapevine
internal import GrapevineCore

/// One option of `eval node`.
struct NodeOption: Sendable {
  let name: String
  /// What stands for the value in the help; nil for an option that takes none.
  let placeholder: String?
  let explanation: String
  /// What would be right, after “it must be”.
  let rule: String
  let standard: String
  /// Says whether it can be given more than once.
  var isRepeatable = false
  /// Puts the value into the options; false if it breaks the rule.
  let take: @Sendable (inout NodeOptions, String) -> Bool
}

extension NodeOption {
  /// Every option of a node, in the order of the help.
  static let all = ofAddress + ofSelf

  private static let ofAddress = [
    NodeOption(
      name: "--bind",
      placeholder: "ADDRESS",
      explanation: "Where the node takes packets (UDP) and streams (TCP): :7000 on all addresses, "
        + "127.0.0.1:7000 or [::1]:7000 on one; port 0 is any free one.",
      rule: "“:port”, “IPv4 address:port” or “[IPv6 address]:port”",
      standard: ":7000",
      take: { options, text in
        options.bind = text
        return true
      }
    ),
    NodeOption(
      name: "--join",
      placeholder: "ADDRESS",
      explanation: "A node of the cluster, by address or host name; without a port it is the one "
        + "that this node has bound. To be repeated for more; one that answers is enough.",
      rule: PeerAddress.rule + ", one for each --join",
      standard: "none, the node is the first one",
      isRepeatable: true,
      take: { options, text in
        // The port matters only to what is read, not to whether it can be.
        guard PeerAddress(text, defaultPort: 7_000) != nil else { return false }
        options.joins.append(text)
        return true
      }
    ),
    NodeOption(
      name: "--join-timeout",
      placeholder: "TIME",
      explanation: "How long those addresses are tried again and again; if nobody has answered by "
        + "then, the exit status is 1.",
      rule: "a duration from 100ms to 24h, such as 10s",
      standard: "10s",
      take: {
        $0.joinTimeout.take(
          ValueText.duration($1),
          in: .milliseconds(100) ... .seconds(86_400)
        )
      }
    ),
    NodeOption(
      name: "--advertise",
      placeholder: "ADDRESS",
      explanation: "The address that others are told, where it is not the bound one.",
      rule: "an IPv4 or IPv6 address that others can reach, with or without a port",
      standard: "the bound one, or an interface's",
      take: { options, text in
        options.advertise = text
        return true
      }
    ),
    NodeOption(
      name: "--tcp-only",
      placeholder: nil,
      explanation: "Sends and takes nothing by UDP, for networks that drop it; the same on all "
        + "nodes.",
      rule: "",
      standard: "off",
      take: { options, _ in
        options.hasStreamsOnly = true
        return true
      }
    ),
  ]

  private static let ofSelf = [
    NodeOption(
      name: "--name",
      placeholder: "NAME",
      explanation: "The node's name; one that starts again under it takes the former one's place.",
      rule: "1 to 255 bytes of UTF-8",
      standard: "HOST-PORT; HOST-PROCESS if port 0 is bound",
      take: { options, text in
        options.givenName = text
        return true
      }
    ),
    NodeOption(
      name: "--label",
      placeholder: "LABEL",
      explanation: "The cluster's label: nodes with another one, or with none, never merge.",
      rule: "1 to 255 bytes of UTF-8",
      standard: "none",
      take: { options, text in
        options.label = text
        return true
      }
    ),
    NodeOption(
      name: "--interval",
      placeholder: "TIME",
      explanation: "The gossip interval, the same on all nodes.",
      rule: "a duration from 10ms to 60min, such as 500ms or 2s",
      standard: "500ms",
      take: {
        $0.interval.take(ValueText.duration($1), in: .milliseconds(10) ... .seconds(3_600))
      }
    ),
    NodeOption(
      name: "--set",
      placeholder: "KEY=VALUE",
      explanation: "A key that the node says of itself from the start; to be repeated for more.",
      rule: "KEY=VALUE, such as role=web, with a key of 1 to 1024 bytes that does not begin with "
        + ReservedKeys.prefix,
      standard: "none",
      isRepeatable: true,
      take: takeSetting
    ),
    NodeOption(
      name: "--state",
      placeholder: "STATE",
      explanation: "The node's part in owning keys: a viewer owns none, a participant does.",
      rule: "viewer or participant",
      standard: "viewer",
      take: { options, text in
        guard let state = PeerState(text), state != .terminating else { return false }
        options.state = state
        return true
      }
    ),
    NodeOption(
      name: "--json",
      placeholder: nil,
      explanation: "Prints one JSON object a line in place of text.",
      rule: "",
      standard: "off",
      take: { options, _ in
        options.isJSON = true
        return true
      }
    ),
  ]

  private static func takeSetting(_ options: inout NodeOptions, _ text: String) -> Bool {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, 1...GossipConfiguration().keySizeLimit ~= parts[0].utf8.count,
      !parts[0].hasPrefix(ReservedKeys.prefix)
    else { return false }
    options.settings.append(
      NodeOptions.Setting(key: String(parts[0]), value: Array(parts[1].utf8))
    )
    return true
  }
}

extension NodeOptions {
  /// Reads the arguments behind `node`.
  ///
  /// - Throws: ``UsageError``, which names the argument and says what would be right.
  init(arguments: some Sequence<String>) throws(UsageError) {
    self.init()
    var rest = Array(arguments)[...]
    var seen: Set<String> = []
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("-") else {
        throw UsageError(
          "node takes no word “\(argument)”: it must be an option, such as --join \(argument)"
        )
      }
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard let option = NodeOption.all.first(where: { $0.name == name }) else {
        let names = NodeOption.all.map(\.name) + ["--help"]
        throw UsageError(
          "node has no option “\(name)”" + Suggestion.hint(name, among: names)
            + ": eval node --help lists the options"
        )
      }
      guard seen.insert(name).inserted || option.isRepeatable else {
        throw UsageError("\(name) is given twice: it must be given once")
      }
      let value = try Self.value(of: option, parts.count == 2 ? String(parts[1]) : nil, &rest)
      guard option.take(&self, value) else {
        let shown = value.prefix(100) + (value.count > 100 ? "…" : "")
        throw UsageError("\(name) is “\(shown)”: it must be \(option.rule)")
      }
    }
    try check()
  }

  /// The value, which follows `=` or is the next argument; empty for an option that takes none.
  private static func value(
    of option: NodeOption,
    _ inline: String?,
    _ rest: inout ArraySlice<String>
  ) throws(UsageError) -> String {
    guard let placeholder = option.placeholder else {
      guard inline == nil else {
        throw UsageError("\(option.name) takes no value: it must stand alone")
      }
      return ""
    }
    if let inline { return inline }
    guard let next = rest.first, !next.hasPrefix("--") else {
      throw UsageError(
        "\(option.name) has no value: it must be \(option.name) \(placeholder), \(option.rule)"
      )
    }
    rest.removeFirst()
    return next
  }
}
