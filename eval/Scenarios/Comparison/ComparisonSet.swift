internal import GrapevineCore

/// Configurations that are measured side by side.
package enum ComparisonSet: String, Sendable, CaseIterable {
  case push
  case intervals
  case losses
  case sizes

  /// The option that the set goes through, and that is therefore not to be given.
  var option: String {
    switch self {
    case .push: "--push"
    case .intervals: "--interval"
    case .losses: "--loss"
    case .sizes: "--nodes"
    }
  }

  /// What differs between its configurations.
  var summary: String {
    switch self {
    case .push: "push on and off"
    case .intervals: "intervals of 100ms, 250ms, 500ms and 1s"
    case .losses: "losses of 0, 5, 10 and 25 %"
    case .sizes: "16, 64, 151, 512 and 1024 nodes"
    }
  }

  static let intervalsCompared: [Duration] = [
    .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1),
  ]
  static let lossesCompared = [0, 0.05, 0.1, 0.25]
  static let sizesCompared = [16, 64, 151, 512, 1_024]

  /// The configurations, each with a name; all that the set does not go through is as in `options`.
  func configurations(_ options: Options) -> [Configuration] {
    switch self {
    case .push:
      [PushMode.tree, .off].map { mode in
        Configuration("push \(mode == .tree ? "on" : "off")", options) { $0.push = mode }
      }
    case .intervals:
      ComparisonSet.intervalsCompared.map { interval in
        Configuration("interval \(ValueText.text(interval))", options) { $0.interval = interval }
      }
    case .losses:
      ComparisonSet.lossesCompared.map { loss in
        Configuration("loss \(NumberText.trimmed(loss * 100, 1)) %", options) { $0.loss = loss }
      }
    case .sizes:
      ComparisonSet.sizesCompared.map { size in
        Configuration("\(size) nodes", options) { $0.givenNodes = size }
      }
    }
  }
}

/// One of the things that are measured side by side.
struct Configuration: Sendable {
  let name: String
  let options: Options

  init(_ name: String, _ options: Options, change: (inout Options) -> Void) {
    self.name = name
    var options = options
    change(&options)
    self.options = options
  }

  /// The options of one scenario with this configuration.
  func options(_ scenario: Scenario) -> Options {
    var own = options
    own.scenario = scenario
    own.givenSeed = options.seed
    if scenario != .idle { own.givenDuration = nil }
    own.givenRuns = scenario == .idle ? nil : Configuration.runs(options.runs, options.nodes)
    return own
  }

  /// How often something is repeated: what a run costs grows with the nodes faster than they do,
  /// and what it tells of each of them grows too.
  static func runs(_ runs: Int, _ nodes: Int) -> Int {
    max(min(runs, 5), runs * 64 / max(64, nodes))
  }
}
