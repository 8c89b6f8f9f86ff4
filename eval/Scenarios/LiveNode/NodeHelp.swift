/// The text that `eval node --help` prints.
enum NodeHelp {
  static let summary = "starts a real node, prints what it sees, and obeys what is typed"

  static var text: String {
    var lines = ["eval node: \(summary)", ""]
    lines.append("usage: swift run -c release eval node [OPTIONS]")
    lines.append("")
    lines += TextLayout.wrapped(explanation, Help.columns)
    lines += ["", "options:"]
    for option in NodeOption.all {
      let title = option.placeholder.map { "\(option.name) \($0)" } ?? option.name
      let text = "\(option.explanation) Default: \(option.standard)."
      lines += Help.entry(title, text, indentation: 24)
    }
    lines += ["", "commands on standard input:"]
    for (usage, text) in Instruction.usages {
      lines += Help.entry(usage, text, indentation: 24)
    }
    lines += ["", "exit status:"]
    for (status, text) in statuses { lines += Help.entry(status, text, indentation: 24) }
    return lines.joined(separator: "\n")
  }

  private static let explanation = """
    Each line says how many seconds after the start something happened, what, and to whom. Values \
    are bytes: what is not plain text is shown between quotes, with \\n, \\t, \\xHH and \\u{…}, \
    and can be typed so. With --json a value that is UTF-8 is a string "value", any other a string \
    "base64". SIGINT (Ctrl-C), SIGTERM and SIGHUP let the node leave; a second signal ends it at \
    once. The end of standard input ends nothing; the end of whoever reads standard output lets \
    the node leave.
    """

  private static let statuses = [
    ("0", "The node has left."),
    ("1", "It could not bind or join, or another node took its name."),
    ("2", "The arguments are wrong."),
    ("129, 130, 143", "A second signal ended it, SIGHUP, SIGINT or SIGTERM."),
  ]
}
