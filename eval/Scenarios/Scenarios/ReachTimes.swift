/// When nodes were reached, over several runs.
struct ReachTimes: Sendable {
  /// Milliseconds until all nodes of a run were reached, of runs in which they were.
  private(set) var completions: [Double] = []
  /// Milliseconds until half of the nodes of a run were reached, of runs in which they were.
  private(set) var halves: [Double] = []
  /// Milliseconds until a node was reached, of all runs.
  private(set) var each: [Double] = []
  /// How many nodes were to be reached, in all runs.
  private(set) var total = 0
  private(set) var runCount = 0

  /// Adds a run's times; those of a node that was never reached are nil.
  mutating func add(_ times: [Duration?]) {
    let reached = times.compactMap { $0?.milliseconds }.sorted()
    runCount += 1
    total += times.count
    each += reached
    let half = (times.count + 1) / 2
    if reached.count >= half, half > 0 { halves.append(reached[half - 1]) }
    if reached.count == times.count, let last = reached.last { completions.append(last) }
  }

  /// The share of runs in which all nodes were reached.
  var convergedShare: Double {
    runCount == 0 ? 0 : Double(completions.count) / Double(runCount)
  }

  var verdict: String { "runs that converged: \(completions.count) of \(runCount)" }

  /// The share of nodes reached over time.
  var plot: [String] { SharePlot.lines(each, of: total) }
}
