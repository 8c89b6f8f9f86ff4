internal import GrapevineCore

/// Some nodes in processes of their own, in a cluster whose other nodes share this process: what
/// one of them takes, and how soon all know that one was killed.
///
/// All of it is measured twice: at an interval, and at a slow one.
enum Processes {
  /// The nodes that are processes.
  static let processCount = 3
  /// What ckit claims for each of 151 nodes, and the seconds in which it was measured to see a
  /// crash.
  static let claimedMemory = 20_000_000
  static let claimedBytes = 50.0
  static let rivalSeconds = 45.0...56.0

  static func conditions(_ options: Options) -> [String] {
    [
      "\(options.nodes) nodes", "\(processCount) of them processes of their own", "loopback",
      "interval \(ValueText.text(options.interval)) and \(ValueText.text(options.slowInterval))",
    ]
  }

  /// Measures with `program` as the one that has the command `node`.
  static func run(
    _ measurement: Measurement,
    program: String = "/proc/self/exe"
  ) throws(EvaluationError) -> Outcome {
    let options = measurement.options
    var outcome = Outcome()
    var findings: [Finding] = []
    for interval in [options.interval, options.slowInterval] {
      var own = options
      own.interval = interval
      let part = Measurement(options: own, progress: measurement.progress)
      do {
        let trial = try ProcessTrial(part, program: program)
        findings.append(try trial.run())
      } catch let error as FileError {
        throw EvaluationError("\(error)")
      } catch let error as EvaluationError {
        throw error
      } catch {
        throw EvaluationError("\(error)")
      }
    }
    report(findings, options, &outcome)
    return outcome
  }

  /// What was found at one interval.
  struct Finding {
    let interval: Duration
    /// The resident memory of each process, in bytes.
    var memory: [Int] = []
    /// Per node and second.
    var traffic = TrafficCount()
    /// When the first node, all nodes of this process, and the other processes knew of the killed
    /// one; nil where not all did in time.
    var firstSeconds: Double?
    var allSeconds: Double?
    var othersSeconds: Double?
    /// How often a node or a process held a live member to be down.
    var falseDown = 0

    var mostMemory: Int { memory.max() ?? 0 }

    /// Until the last of all nodes knew.
    var lastSeconds: Double? {
      guard let allSeconds, let othersSeconds else { return nil }
      return max(allSeconds, othersSeconds)
    }
  }

  private static func report(
    _ findings: [Finding],
    _ options: Options,
    _ outcome: inout Outcome
  ) {
    func seconds(_ value: Double?) -> String { value.map { NumberText.fixed($0, 1) } ?? "-" }
    let intervals = findings.map { ValueText.text($0.interval) }
    var table = TextTable(header: ["interval"] + intervals + ["ckit"])
    table.add(
      ["memory of a process, MB"]
        + findings.map { NumberText.fixed(Double($0.mostMemory) / 1e6, 1) } + ["20"]
    )
    table.add(
      ["bytes sent per node and second"]
        + findings.map { NumberText.fixed($0.traffic.wireBytes, 1) } + ["50"]
    )
    table.add(
      ["packets sent per node and second"]
        + findings.map { NumberText.fixed($0.traffic.packets, 2) } + [""]
    )
    table.add(
      ["bytes sent by streams per node and second"]
        + findings.map { NumberText.fixed($0.traffic.streamBytes, 1) } + [""]
    )
    table.add(
      ["s until one node knows of a kill"] + findings.map { seconds($0.firstSeconds) } + ["45–55"]
    )
    table.add(["s until all nodes do"] + findings.map { seconds($0.lastSeconds) } + ["45–56"])
    table.add(
      ["reports that a live member is down"] + findings.map { "\($0.falseDown)" } + [""]
    )
    outcome.lines = table.lines
    outcome.lines += [
      "",
      "Memory is resident, the largest of the \(processCount) processes; ckit's and its bytes are",
      "what it claims for 151 nodes, its times what was measured at 64.",
    ]
    if !isComparable(options.slowInterval) {
      outcome.lines += ["Bytes are not compared: the slow interval is not ckit's of 10s."]
    }
    for (finding, prefix) in zip(findings, ["", "slow_"]) {
      outcome.figures += [
        ("\(prefix)process_rss_bytes", .integer(finding.mostMemory)),
        ("\(prefix)bytes_per_node_per_s", .number(finding.traffic.wireBytes)),
        ("\(prefix)packets_per_node_per_s", .number(finding.traffic.packets)),
        ("\(prefix)stream_bytes_per_node_per_s", .number(finding.traffic.streamBytes)),
        ("\(prefix)detection_first_s", .number(orNull: finding.firstSeconds)),
        ("\(prefix)detection_all_s", .number(orNull: finding.lastSeconds)),
        ("\(prefix)false_down", .integer(finding.falseDown)),
      ]
      outcome.failures += failures(finding)
    }
    if let slow = findings.last { outcome.failures += comparison(slow) }
    outcome.figures.append(
      ("slow_interval_ms", .number(orNull: findings.last?.interval.milliseconds))
    )
  }

  private static func failures(_ finding: Finding) -> [String] {
    let place = "at \(ValueText.text(finding.interval))"
    var failures: [String] = []
    if finding.mostMemory == 0 || finding.mostMemory >= claimedMemory {
      failures.append("\(place) a process takes \(finding.mostMemory) bytes of memory")
    }
    if finding.falseDown > 0 {
      failures.append("\(place) a live member was held to be down \(finding.falseDown) times")
    }
    guard let last = finding.lastSeconds else {
      return failures + ["\(place) not all nodes came to know of the killed process"]
    }
    if last > rivalSeconds.upperBound {
      let seconds = NumberText.fixed(last, 1)
      failures.append("\(place) a killed process is known after \(seconds) s only")
    }
    return failures
  }

  /// Says whether a cluster of that slow interval is one to compare with ckit's by its bytes.
  private static func isComparable(_ interval: Duration) -> Bool {
    interval == Options(scenario: .processes).slowInterval
  }

  /// What is wrong beside ckit's bytes, which are those of a cluster that sees a crash as late.
  static func comparison(_ slow: Finding) -> [String] {
    guard isComparable(slow.interval), let last = slow.lastSeconds else { return [] }
    var failures: [String] = []
    // Between two heartbeats, a kill is seen up to half an interval sooner than in the mean.
    if last < rivalSeconds.lowerBound - slow.interval.seconds / 2 {
      let seconds = NumberText.fixed(last, 1)
      failures.append("the slow interval no longer detects as slowly as ckit: in \(seconds) s")
    }
    if slow.traffic.wireBytes > claimedBytes {
      let bytes = NumberText.fixed(slow.traffic.wireBytes, 1)
      failures.append("at the slow interval a node sends \(bytes) bytes/s, more than ckit's 50")
    }
    return failures
  }
}
