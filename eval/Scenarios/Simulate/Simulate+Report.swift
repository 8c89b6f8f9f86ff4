internal import GrapevineCore
internal import GrapevineSimulation

/// What a campaign took of the machine, in seconds.
struct TimeTaken {
  let wall: Double
  let processor: Double
}

// What people and files are told.
extension Simulate {
  /// The seed, and all that it draws.
  static func heading(_ swarm: Swarm) -> [String] {
    var table = TextTable(header: ["drawn from seed", hex(swarm.seed)], alignsLeft: true)
    for line in swarm.options.lines { table.add([line.name, line.value]) }
    return table.lines
  }

  static func lines(_ tally: Tally, _ options: Options, _ time: TimeTaken) -> [String] {
    var lines: [String] = []
    if tally.seedCount > 0 {
      lines += summary(tally, time).lines + [""]
      lines += sometimes(tally, isAlone: options.givenSeeds == nil) + [""]
    }
    let seeds = tally.seedCount == 1 ? "1 seed" : "\(tally.seedCount) seeds"
    lines.append("fingerprint \(hex(tally.fingerprint)) of \(seeds)")
    if missesPaths(tally, options) {
      lines += ["", "failed: no run met these, of which each should have been met:"]
      lines += tally.neverHit.map { "  \($0.name): \($0.meaning)" }
    }
    for failed in tally.failures.sorted(by: { $0.index < $1.index }) {
      lines += [""] + Self.lines(failed, options)
    }
    return lines
  }

  private static func lines(_ failed: Tally.Failed, _ options: Options) -> [String] {
    let what =
      switch failed.failure.kind {
      case .brokenInvariant: "broke a promise"
      case .noConvergence: "did not come to accord"
      }
    var lines = ["failed: seed \(hex(failed.seed)) \(what):", "  \(failed.failure.violation)"]
    if !failed.failure.pending.isEmpty {
      lines += ["still pending:"] + failed.failure.pending.map { "  \($0)" }
    }
    return lines + ["it is replayed by", "  \(replay(failed.seed, options))"]
  }

  private static func summary(_ tally: Tally, _ time: TimeTaken) -> TextTable {
    let virtual = Double(tally.virtualMilliseconds) / 1e3
    var table = TextTable(header: ["seeds", "\(tally.seedCount)"])
    table.add(["virtual hours", NumberText.fixed(virtual / 3_600, 2)])
    table.add(["processes started", "\(tally.processes)"])
    table.add(["steps", "\(tally.steps)"])
    table.add(["packets sent", "\(tally.packets)"])
    table.add(["streams opened", "\(tally.streams)"])
    table.add(["batches written", "\(tally.writes)"])
    if let healing = Percentiles(tally.healing) {
      table.add(["accord after, p50 ms", NumberText.milliseconds(healing.p50)])
      table.add(["accord after, p99 ms", NumberText.milliseconds(healing.p99)])
      table.add(["accord after, max ms", NumberText.milliseconds(healing.max)])
    }
    table.add(["processor seconds", NumberText.fixed(time.processor, 2)])
    table.add(["wall seconds", NumberText.fixed(time.wall, 2)])
    table.add([
      "× real time, by wall", NumberText.fixed(virtual / max(time.wall, 1e-6), 0),
    ])
    table.add([
      "× real time, by processor", NumberText.fixed(virtual / max(time.processor, 1e-6), 0),
    ])
    return table
  }

  private static func sometimes(_ tally: Tally, isAlone: Bool) -> [String] {
    var table = TextTable(header: isAlone ? ["met", "times"] : ["met", "times", "seeds"])
    for (index, path) in Sometimes.all.enumerated() where !isAlone || tally.counts[index] > 0 {
      let cells = [path.name, "\(tally.counts[index])"]
      table.add(isAlone ? cells : cells + ["\(tally.seedCounts[index])"])
    }
    let never = tally.neverHit.map(\.name)
    guard !never.isEmpty, !isAlone else { return table.lines }
    return table.lines + [""] + ["never met:"] + TextLayout.listed(never, 78).map { "  \($0)" }
  }

  /// The object that `--json` writes: nothing in it depends on the machine.
  static func json(_ tally: Tally, _ options: Options) -> JSON {
    let failure = tally.firstFailure.map { failed in
      JSON.object([
        ("seed", .string(hex(failed.seed))),
        ("kind", .string(failed.failure.kind == .brokenInvariant ? "invariant" : "convergence")),
        ("check", .string(failed.failure.violation.check)),
        ("detail", .string(failed.failure.violation.description)),
        ("replay", .string(replay(failed.seed, options))),
      ])
    }
    let paths = Sometimes.all.enumerated().map { index, path in
      (
        path.name,
        JSON.object([
          ("times", .integer(tally.counts[index])), ("seeds", .integer(tally.seedCounts[index])),
        ])
      )
    }
    return .object([
      ("scenario", .string(options.scenario.rawValue)),
      ("nodes", options.givenNodes.map { .integer($0) } ?? .null),
      ("network", .string(options.network.rawValue)),
      ("interval_ms", .null),
      ("seed", .unsigned(options.seed)),
      ("loss", .null),
      ("runs", .integer(options.givenSeeds ?? 1)),
      ("duration_ms", .number(options.duration.milliseconds)),
      ("passed", .integer(tally.seedCount)),
      ("fingerprint", .string(hex(tally.fingerprint))),
      ("virtual_ms", .integer(tally.virtualMilliseconds)),
      ("processes", .integer(tally.processes)),
      ("steps", .integer(tally.steps)),
      ("packets", .integer(tally.packets)),
      ("streams", .integer(tally.streams)),
      ("writes", .integer(tally.writes)),
      ("healing_ms", .percentiles(Percentiles(tally.healing))),
      ("sometimes", .object(paths)),
      ("failure", failure ?? .null),
    ])
  }
}
