internal import GrapevineCore

/// How long kite's rule takes to detect a crash, by a model of it.
///
/// The model counts as kite's if it reproduces what is documented of another model of that rule,
/// as simple and made apart from it. Then its curve over the nodes can stand beside ours.
enum CompareDetection {
  /// What is documented of kite's rule with kite's defaults: the median time of detection in
  /// seconds, and how often live nodes were held for down within the first 300 s.
  private struct Documented {
    let nodes: Int
    let detection: Double
    let falseDowns: Int?
  }

  private static let documented = [
    Documented(nodes: 3, detection: 8.8, falseDowns: nil),
    Documented(nodes: 8, detection: 37, falseDowns: nil),
    Documented(nodes: 32, detection: 148, falseDowns: 88),
    Documented(nodes: 64, detection: 283, falseDowns: 1278),
  ]
  private static let documentedInterval: Duration = .milliseconds(500)
  /// The rounds of 300 s at the documented interval.
  ///
  /// When the crashes were is not documented; they are taken to have been then too.
  private static let startRounds = 600
  /// How far a median may be off, as a share of the documented one.
  private static let tolerance = 0.2

  /// The largest cluster: a run with it takes some 20 s and 150 MB.
  static let nodesLimit = 1_024

  static func run(_ measurement: Measurement) -> Outcome {
    var outcome = Outcome()
    reproduce(measurement, &outcome)
    outcome.lines.append("")
    draw(measurement, &outcome)
    return outcome
  }

  /// The conditions under which it is measured.
  static func conditions(_ options: Options) -> [String] {
    let upTo = options.givenNodes == nil ? "up to " : ""
    return ["\(upTo)\(options.nodes) nodes", "a model in rounds"]
  }

  private static func reproduce(_ measurement: Measurement, _ outcome: inout Outcome) {
    var table = TextTable(header: [
      "nodes", "documented s", "model s", "difference", "false downs", "documented",
    ])
    var models: [(String, JSON)] = []
    var differences: [(String, JSON)] = []
    var falseDowns: [(String, JSON)] = []
    for known in documented {
      let sample = Sample(nodes: known.nodes, measurement)
      let times = sample.early.map { Double($0) * documentedInterval.seconds }
      guard let percentiles = Percentiles(times) else {
        outcome.failures.append("of \(known.nodes) nodes all held each other for down")
        continue
      }
      let difference = percentiles.p50 / known.detection - 1
      if let complaint = complaint(percentiles.p50, known.detection, nodes: known.nodes) {
        outcome.failures.append(complaint)
      }
      table.add([
        "\(known.nodes)", NumberText.fixed(known.detection, 1),
        NumberText.fixed(percentiles.p50, 1), "\(NumberText.fixed(difference * 100, 1)) %",
        NumberText.fixed(sample.falseDowns, 0),
        known.falseDowns.map { "\($0)" } ?? "-",
      ])
      models.append(("\(known.nodes)", .percentiles(percentiles)))
      differences.append(("\(known.nodes)", .number(difference)))
      falseDowns.append(("\(known.nodes)", .number(sample.falseDowns)))
    }
    outcome.lines += ["beside what is documented, interval 500ms, a crash after 300 s:", ""]
    outcome.lines += table.lines
    outcome.figures += [
      ("documented_s", .object(documented.map { ("\($0.nodes)", .number($0.detection)) })),
      ("reproduced_s", .object(models)),
      ("difference", .object(differences)),
      ("false_down", .object(falseDowns)),
    ]
  }

  /// What is wrong with a median if it is too far off.
  static func complaint(_ median: Double, _ documented: Double, nodes: Int) -> String? {
    let difference = median / documented - 1
    guard difference.magnitude > tolerance else { return nil }
    return "with \(nodes) nodes the model's median of \(NumberText.fixed(median, 1)) s is "
      + "\(NumberText.fixed(difference * 100, 1)) % off the documented "
      + "\(NumberText.fixed(documented, 1)) s"
  }

  private static func draw(_ measurement: Measurement, _ outcome: inout Outcome) {
    let options = measurement.options
    let sizes = options.givenNodes.map { [$0] } ?? [8, 16, 32, 64, 128, 256]
    var table = TextTable(header: [
      "nodes", "p50 s", "p95 s", "p99 s", "max s", "p50 per peer", "falsely down",
    ])
    var curve: [(String, JSON)] = []
    for nodes in sizes {
      let sample = Sample(nodes: nodes, measurement, untilSteady: true)
      let times = sample.steady.map { Double($0) * options.interval.seconds }
      let percentiles = Percentiles(times)
      curve.append(("\(nodes)", .percentiles(percentiles)))
      guard let percentiles else {
        outcome.failures.append("of \(nodes) nodes all held each other for down")
        continue
      }
      let cells = [percentiles.p50, percentiles.p95, percentiles.p99, percentiles.max]
      table.add(
        ["\(nodes)"] + cells.map { NumberText.fixed($0, 1) }
          + [
            "\(NumberText.fixed(percentiles.p50 / Double(nodes - 1), 2)) s",
            "\(NumberText.fixed(sample.falseDownShare * 100, 1)) %",
          ]
      )
    }
    let interval = ValueText.text(options.interval)
    outcome.lines += ["in a cluster at rest, interval \(interval):", ""] + table.lines + [""]
    outcome.lines += TextLayout.wrapped(
      "falsely down: the ordered pairs of live nodes of which the one held the other for down "
        + "within the first \(startRounds) rounds",
      80
    )
    outcome.figures.append(("detection_s", .object(curve)))
  }

  /// What the runs with a number of nodes gave.
  private struct Sample {
    /// The times of detection after ``startRounds``, and in a cluster at rest.
    var early: [Int] = []
    var steady: [Int] = []
    /// The false downs of one run within ``startRounds``, in the mean.
    var falseDowns = 0.0
    var falseDownShare = 0.0

    init(nodes: Int, _ measurement: Measurement, untilSteady: Bool = false) {
      // A small cluster has few pairs, and its median would be one of chance.
      let runs = measurement.options.runs * max(1, 64 / nodes)
      for run in 1...runs {
        var model = DirectContactModel(nodes: nodes, seed: measurement.random.next())
        model.run(rounds: startRounds)
        early += model.detectionRounds
        falseDowns += Double(model.falseDowns) / Double(runs)
        falseDownShare += Double(model.falseDownPairs) / Double(model.orderedPairs * runs)
        guard untilSteady else { continue }
        // Two nodes meet twice in nodes - 1 rounds: a hundred times, so that the fifty gaps that
        // are kept were all seen long after the start.
        while model.round < 50 * (nodes - 1) {
          model.run(rounds: min(startRounds, 50 * (nodes - 1) - model.round))
          measurement.progress.report("\(nodes) nodes: run \(run) of \(runs)")
        }
        steady += model.detectionRounds
      }
    }
  }
}
