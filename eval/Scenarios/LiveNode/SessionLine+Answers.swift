internal import Grapevine
internal import GrapevineCore

// What a node answers to those who ask it.
extension SessionLine {
  /// The node is there; without others to join, how others join it.
  init(started node: Node, _ options: NodeOptions) {
    let id = node.id
    let label = options.label.map { ", label \(ByteText.word($0))" } ?? ""
    var more: [String] = []
    if options.joins.isEmpty {
      let label = options.label.map { " --label \(ByteText.word($0))" } ?? ""
      more.append("another one joins it by")
      // Some shells take brackets for a pattern.
      let address = node.address.isIPv6 ? "'\(node.address)'" : "\(node.address)"
      more.append("swift run -c release eval node --bind :0 --join \(address)\(label)")
    }
    self.init(
      verb: "started",
      text: "\(ByteText.word(id.name)) at \(node.address)\(label)",
      more: more,
      fields: Self.fields(of: id) + [
        ("address", .string("\(node.address)")),
        ("label", options.label.map { .string($0) } ?? .null),
      ]
    )
  }

  /// All members with how long ago each was heard, nil for one that never was.
  init(members: [Member], silence: (MemberID) -> Duration?) {
    let live = members.count(where: \.isLive)
    var table = TextTable(
      header: ["NAME", "ADDRESS", "STATE", "PART", "KEYS", "VERSION", "HEARD"],
      alignsLeft: true
    )
    var values: [JSON] = []
    for member in members {
      let heard = member.isSelf ? nil : silence(member.id)
      table.add([
        ByteText.word(member.name),
        "\(member.address)",
        Self.state(of: member),
        "\(member.state)",
        "\(member.entries.count)",
        "\(member.version)",
        member.isSelf ? "self" : heard.map { "\(NumberText.fixed($0.seconds, 1)) s ago" } ?? "-",
      ])
      values.append(.object(Self.fields(of: member, heard: heard)))
    }
    self.init(
      verb: "members",
      text: "\(members.count) known, \(live) live",
      more: table.lines,
      fields: [("members", .array(values))]
    )
  }

  private static func fields(
    of member: Member,
    heard: Duration?
  ) -> [(name: String, value: JSON)] {
    fields(of: member.id) + [
      ("address", .string("\(member.address)")),
      ("state", .string(state(of: member))),
      ("part", .string("\(member.state)")),
      ("keys", .integer(member.entries.count)),
      ("version", .unsigned(member.version)),
      ("self", .boolean(member.isSelf)),
      ("heard", .number(orNull: heard.map(rounded))),
    ]
  }

  private static func state(of member: Member) -> String {
    member.hasLeft ? "left" : member.isDown ? "down" : member.isLeaving ? "leaving" : "live"
  }

  /// One member and all that it says of itself.
  init(show member: Member) {
    let entries = member.entries
      .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    var table = TextTable(header: ["KEY", "VALUE", "VERSION"], alignsLeft: true)
    for entry in entries {
      let value = ByteText.shown(entry.value, limit: 60)
      table.add([ByteText.word(entry.key), value, "\(entry.version)"])
    }
    self.init(
      verb: "show",
      text: "\(ByteText.word(member.name)) at \(member.address), \(Self.state(of: member)), "
        + "\(member.state), version \(member.version)",
      more: entries.isEmpty ? ["it says nothing of itself"] : table.lines,
      fields: Self.fields(of: member, heard: nil).filter { $0.name != "heard" }
        + [("entries", .array(entries.map { .object(Self.fields(of: $0)) }))]
    )
  }

  /// One value in full.
  init(show entry: Entry, of id: MemberID) {
    self.init(
      verb: "show",
      text: "\(ByteText.word(id.name))  \(ByteText.word(entry.key)) = "
        + ByteText.shown(entry.value),
      fields: Self.fields(of: id) + Self.fields(of: entry)
    )
  }

  /// All counters; people are told those that are not zero.
  init(metrics: Metrics) {
    var counters: [(name: String, value: Int)] = []
    for child in Mirror(reflecting: metrics).children {
      guard let name = child.label, let value = child.value as? Int else { continue }
      counters.append((name, value))
    }
    let drops = Metrics.DropReason.allCases.map { (name: "\($0)", value: metrics.drops[$0]) }
    let told = counters + drops.map { (name: "drops.\($0.name)", value: $0.value) }
    var table = TextTable(header: ["COUNTER", "VALUE"])
    for counter in told where counter.value != 0 { table.add([counter.name, "\(counter.value)"]) }
    self.init(
      verb: "metrics",
      text: "what was counted since the start and is not zero",
      more: table.lines,
      fields: counters.map { ($0.name, .integer($0.value)) }
        + [("drops", .object(drops.map { ($0.name, .integer($0.value)) }))]
    )
  }

  /// All metrics, as Prometheus reads them.
  init(prometheus metrics: NodeMetrics) {
    let text = metrics.prometheusText()
    self.init(
      verb: "metrics",
      text: "for Prometheus",
      more: text.split(separator: "\n").map(String.init),
      fields: [("prometheus", .string(text))]
    )
  }

  static var help: SessionLine {
    SessionLine(
      verb: "help",
      text: "the commands are",
      more: Instruction.usages.map { TextLayout.padded($0.0, to: 18) + $0.1 },
      fields: [("commands", .array(Instruction.usages.map { .string($0.0) }))]
    )
  }
}

// What becomes of joining and leaving.
extension SessionLine {
  init(connected names: [String]) {
    self.init(
      verb: "connected",
      text: "through \(names.map(ByteText.word).joined(separator: ", "))",
      fields: [("through", .array(names.map { .string($0) }))]
    )
  }

  /// Nobody has answered at an address so far.
  init(waiting failures: [AddressFailure], limit: Duration) {
    let texts = failures.map { "\($0)" }
    self.init(
      verb: "waiting",
      text: "\(texts.joined(separator: "; ")); tried again until \(ValueText.text(limit)) are over",
      fields: [("failures", .array(texts.map { .string($0) }))]
    )
  }

  init(unreached failures: [AddressFailure]) {
    let texts = failures.map { "\($0)" }
    self.init(
      verb: "unreached",
      text: texts.joined(separator: "; "),
      fields: [("failures", .array(texts.map { .string($0) }))]
    )
  }

  /// Every address that was given is the node's own.
  static var alone: SessionLine {
    SessionLine(
      verb: "alone",
      text: "all addresses to join are this node's own",
      fields: []
    )
  }

  init(stopping signal: CInt) {
    let name = StopSignals.name(signal)
    self.init(
      verb: "stopping",
      text: "on \(name), which leaves the cluster; a second one ends the process at once",
      fields: [("signal", .string(name))]
    )
  }

  /// The node has left.
  init(gone report: LeaveReport) {
    let count = report.asked.count
    let text =
      count == 0
      ? "there was nobody to tell"
      : "\(report.acknowledged.count) of \(count) member\(count == 1 ? "" : "s") told took note"
    self.init(
      verb: "gone",
      text: text,
      fields: [
        ("asked", .array(report.asked.map { .string($0.name) })),
        ("acknowledged", .array(report.acknowledged.map { .string($0.name) })),
      ]
    )
  }

  /// The node has left, and all that were told failed to say that they know.
  init(unheardBy asked: [MemberID]) {
    self.init(gone: LeaveReport(asked: asked, acknowledged: []))
  }

  /// The node has left, and nobody has said in time that they know; who was told is not known.
  init(unheardWithin limit: Duration) {
    self.init(
      verb: "gone",
      text: "none of the members told took note within \(ValueText.text(limit))",
      fields: [("asked", .null), ("acknowledged", .array([]))]
    )
  }
}
