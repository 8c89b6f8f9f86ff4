internal import GrapevineCore
internal import GrapevineSimulation

/// How locks stand up to what befalls their holders.
enum LockTrials {
  /// What is done to the nodes of a trial.
  private enum Kind: String, CaseIterable {
    case owned = "owners, crashes"
    case contended = "all want all"
    case split = "owners, splits"
  }

  private struct Sum {
    var grants = 0
    var crashes = 0
    var splits = 0
    var sharedGrants = 0
    var contested = 0
    var settled: [Duration] = []
  }

  static func conditions(_ options: Options) -> [String] {
    [
      "2 to \(LockTrial.nodeLimit) nodes", "simulated",
      "\(ValueText.text(options.duration)) each", "loss up to 20 %",
    ]
  }

  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    let options = measurement.options
    var sums = [Sum](repeating: Sum(), count: Kind.allCases.count)
    var outcome = Outcome()
    for run in 0..<UInt64(options.runs) {
      measurement.progress.report("run \(run + 1) of \(options.runs)")
      for (index, kind) in Kind.allCases.enumerated() {
        var trial = LockTrial(
          .init(
            seed: options.seed &+ run,
            hasSplits: kind == .split,
            isContended: kind == .contended,
            duration: options.duration
          )
        )
        do throws(Violation) {
          add(try trial.run(), to: &sums[index])
        } catch {
          outcome.failures.append("\(kind.rawValue), seed \(options.seed &+ run): \(error)")
        }
      }
    }
    report(sums, &outcome)
    return outcome
  }

  private static func add(_ report: LockTrial.Report, to sum: inout Sum) {
    sum.grants += report.grants
    sum.crashes += report.crashes
    sum.splits += report.splits
    sum.sharedGrants += report.sharedGrants
    sum.contested += report.contested
    sum.settled.append(report.settledAfter)
  }

  private static func report(_ sums: [Sum], _ outcome: inout Outcome) {
    var table = TextTable(header: [
      "", "held", "crashes", "splits", "by two", "given up", "one holder p50 s", "max s",
    ])
    for (kind, sum) in zip(Kind.allCases, sums) {
      let settled = sum.settled.map { $0.milliseconds / 1_000 }.sorted()
      let median = settled.isEmpty ? 0 : settled[settled.count / 2]
      let isSettled = kind != .contended
      table.add([
        kind.rawValue, "\(sum.grants)", "\(sum.crashes)", "\(sum.splits)",
        "\(sum.sharedGrants)", "\(sum.contested)",
        isSettled ? NumberText.trimmed(median, 1) : "",
        isSettled ? NumberText.trimmed(settled.last ?? 0, 1) : "",
      ])
      let name = "\(kind)"
      outcome.figures += [
        ("\(name)_grants", .integer(sum.grants)), ("\(name)_crashes", .integer(sum.crashes)),
        ("\(name)_splits", .integer(sum.splits)),
        ("\(name)_shared_grants", .integer(sum.sharedGrants)),
        ("\(name)_contested", .integer(sum.contested)),
        ("\(name)_settled_p50_s", .number(median)),
        ("\(name)_settled_max_s", .number(settled.last ?? 0)),
      ]
    }
    outcome.lines += table.lines
  }
}
