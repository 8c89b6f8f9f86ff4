internal import GrapevineCore

extension Churn {
  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    var churn = try Churn(measurement)
    let cluster = churn.cluster
    let idle = try measurement.idleRate(of: churn.members, in: cluster)
    var peak = PacketPeak(idle: idle, nodeCount: churn.members.count)
    cluster.resetPacketPeaks()
    try churn.perform()
    let isComplete = try churn.finish()
    let agreement = try measurement.agreement(
      of: churn.members,
      on: .living,
      in: cluster,
      within: measurement.patience,
      "at the end"
    )
    peak.note(cluster.packetPeak(of: churn.members))
    try churn.huntGhosts()
    var outcome = churn.outcome(agreement, peak)
    if !isComplete || agreement == nil {
      outcome.failures.append(
        "the \(churn.members.count) nodes at the end did not agree within "
          + ValueText.text(measurement.patience) + Measurement.list(cluster.complaints)
      )
    }
    return outcome
  }

  private func outcome(_ agreement: Duration?, _ peak: PacketPeak) -> Outcome {
    let lags = Percentiles(lag.lags)
    let falseDown = deaths.wrong(cluster.downReports).count
    let done = Deed.allCases.map { "\(counts[$0] ?? 0) \($0.rawValue)" }
    let lost = lag.pendingCount
    var outcome = Outcome()
    outcome.lines = TextTable.times([("a write until all live members hold it", lags)]).lines
    outcome.lines.append("")
    outcome.lines += TextLayout.wrapped("nodes: " + done.joined(separator: ", "), 80)
    outcome.lines += [
      "writes: \(lag.writeCount), of which \(lag.voidCount) were not waited for since the writer "
        + "was gone",
      "live members reported down: \(falseDown)",
      "ghosts: \(ghosts.found.count)",
      "until all agreed at the end: "
        + (agreement.map { "\(NumberText.milliseconds($0.milliseconds)) ms" } ?? "never"),
      peak.line,
    ]
    outcome.lines = outcome.lines.flatMap { $0.count > 80 ? TextLayout.wrapped($0, 80) : [$0] }
    outcome.lines += Measurement.notes(cluster.complaints)
    outcome.figures =
      [
        ("false_down", .integer(falseDown)),
        ("lag_ms", .percentiles(lags)),
        ("ghosts", .integer(ghosts.found.count)),
        ("writes", .integer(lag.writeCount)),
        ("writes_not_held", .integer(lost)),
        ("agreement_ms", agreement.map { .number($0.milliseconds) } ?? .null),
      ] + Deed.allCases.map { ("nodes_\($0)", .integer(counts[$0] ?? 0)) } + peak.figures
    if falseDown > 0 { outcome.failures.append("\(falseDown) times a live member was called down") }
    if lost > 0 { outcome.failures.append("\(lost) writes did not reach all live members") }
    if !ghosts.found.isEmpty {
      let names = ghosts.found.sorted().map(\.description)
      outcome.failures.append("ghosts" + Measurement.list(names))
    }
    return outcome
  }
}
