internal import GrapevineCore

/// What every scenario works with: the options, chance, and a way to say how far it is.
///
/// A measurement blocks its thread, so that no executor's queue is part of a time that is taken. On
/// loopback it must not be one of the threads that tasks run on: the nodes' joins need those.
final class Measurement {
  let options: Options
  let progress: Progress
  var random: Xoshiro256
  private let clusters: ClusterMaker

  /// Makes a cluster without nodes; the seed is the run's.
  typealias ClusterMaker = (Options, _ seed: UInt64) throws(EvaluationError) -> any Cluster

  init(
    options: Options,
    progress: Progress,
    clusters: @escaping ClusterMaker = Measurement.cluster
  ) {
    self.options = options
    self.progress = progress
    self.clusters = clusters
    random = Xoshiro256(seed: options.seed)
  }

  /// The time within which a run must converge: 60 gossip intervals, and 30 s at least.
  var patience: Duration { max(.seconds(30), options.interval * 60) }

  /// Makes a cluster without nodes; one run's differs from the next one's.
  func makeCluster() throws(EvaluationError) -> any Cluster {
    try clusters(options, random.next())
  }

  static func cluster(_ options: Options, seed: UInt64) throws(EvaluationError) -> any Cluster {
    switch options.network {
    case .simulated: SimulatedCluster(options, seed: seed)
    case .loopback: try LoopbackCluster(options, seed: seed)
    }
  }

  /// Starts nodes, lets them join through the first one, and waits until the cluster is at rest.
  func startSteady(_ count: Int, in cluster: any Cluster) throws(EvaluationError) -> [Int] {
    let nodes = try start(count, in: cluster)
    let times = try bootstrap(nodes, in: cluster, "starting")
    let missing = times.count { $0 == nil }
    guard missing == 0 else {
      throw EvaluationError(
        "the cluster did not start: \(missing) of \(count) nodes did not know all within "
          + "\(ValueText.text(patience))" + Measurement.list(cluster.complaints)
      )
    }
    try settle(nodes, in: cluster, "starting")
    return nodes
  }

  func start(_ count: Int, in cluster: any Cluster) throws(EvaluationError) -> [Int] {
    var nodes: [Int] = []
    for index in 0..<count {
      nodes.append(try cluster.start(Measurement.name(index, of: count)))
      progress.report("starting: \(index + 1) of \(count) nodes")
    }
    return nodes
  }

  /// Lets all join through the first one at once; the times at which each knew all.
  func bootstrap(
    _ nodes: [Int],
    in cluster: any Cluster,
    _ title: String
  ) throws(EvaluationError) -> [Duration?] {
    let begin = cluster.now
    cluster.join(Array(nodes.dropFirst()), through: nodes[0])
    return try cluster.times(of: nodes, since: begin, limit: patience) { [self] reached in
      progress.report("\(title): \(reached) of \(nodes.count) nodes know all")
    } until: {
      cluster.liveMemberCount(at: $0) == nodes.count
    }
  }

  /// Lets time pass until nobody has sent a digest or a delta for two intervals.
  func settle(
    _ nodes: [Int],
    in cluster: any Cluster,
    _ title: String
  ) throws(EvaluationError) {
    var exchanges = -1
    for _ in 0..<60 {
      let current = cluster.exchanges(of: nodes)
      if current == exchanges { return }
      exchanges = current
      try cluster.sleep(options.interval * 2) { _ in
        progress.report("\(title): waiting for the cluster to rest")
      }
    }
    throw EvaluationError("\(title): digests and deltas did not cease within 120 intervals")
  }

  /// Lets enough time pass for those that observe a node to have come to know its heartbeats.
  func warmUp(_ cluster: any Cluster, _ title: String) throws(EvaluationError) {
    try cluster.sleep(options.interval * 10) { _ in
      progress.report("\(title): observers get to know the nodes")
    }
  }

  /// What all nodes together send in a second while nothing changes.
  func idleRate(
    of nodes: [Int],
    in cluster: any Cluster
  ) throws(EvaluationError) -> TrafficCount {
    // A virtual interval costs nothing, and a longer window a better mean.
    let intervals = options.network == .simulated ? 40 : 10
    let before = cluster.traffic(of: nodes)
    let begin = cluster.now
    try cluster.sleep(options.interval * intervals) { _ in
      progress.report("measuring the idle rate")
    }
    let seconds = Double(cluster.now.since(begin)) / 1e9
    return (cluster.traffic(of: nodes) - before) * (1 / seconds)
  }

  /// Draws `count` of the nodes.
  func choose(_ count: Int, of nodes: [Int]) -> [Int] {
    var pool = nodes
    random.shuffle(&pool)
    return Array(pool.prefix(count))
  }

  /// Waits until all nodes hold the same and hold each other live; nil if that takes too long.
  func agreement(
    of nodes: [Int],
    on subject: Agreement,
    in cluster: any Cluster,
    within limit: Duration,
    _ title: String
  ) throws(EvaluationError) -> Duration? {
    let begin = cluster.now
    var looks = 0
    var end: Instant?
    try cluster.observe(until: begin + limit) { _ in
      looks += 1
      if looks % 1_024 == 0 { progress.report("\(title): waiting until all nodes agree") }
      guard cluster.agree(nodes, on: subject) else { return true }
      end = cluster.now
      return false
    }
    return end.map { .nanoseconds(Int64($0.since(begin))) }
  }

  /// Lets up to an interval pass: heartbeats come at fixed times, and runs must not fall in step.
  func pauseByChance(_ cluster: any Cluster, _ title: String) throws(EvaluationError) {
    let pause = random.below(UInt64(options.interval.nanoseconds))
    try cluster.sleep(.nanoseconds(Int64(pause))) { _ in progress.report(title) }
  }

  /// Lets a node leave, waits until all others know and the cluster is at rest, and ends the node.
  func dismiss(
    _ node: Int,
    from nodes: [Int],
    of cluster: any Cluster,
    _ title: String
  ) throws(EvaluationError) {
    cluster.leave(node)
    let gone = try cluster.times(of: nodes, since: cluster.now, limit: patience) { count in
      progress.report("\(title): \(count) of \(nodes.count) nodes know that the new one left")
    } until: {
      cluster.liveMemberCount(at: $0) == nodes.count
    }
    let name = cluster.name(of: node)
    cluster.stop(node)
    guard !gone.contains(nil) else {
      throw EvaluationError("\(title): not all nodes came to know that \(name) left")
    }
    try settle(nodes, in: cluster, title)
  }

  /// The name of a node, with as many digits as the largest number needs.
  static func name(_ index: Int, of count: Int) -> String {
    let digits = String(index)
    let width = String(count - 1).count
    return "node-" + String(repeating: "0", count: width - digits.count) + digits
  }

  /// What went wrong on the way but did not keep a run from converging, as lines of the report.
  static func notes(_ complaints: [String]) -> [String] {
    guard !complaints.isEmpty else { return [] }
    return TextLayout.wrapped("on the way" + list(complaints), 80)
  }

  /// A few lines of text behind a sentence, and how many more there are.
  static func list(_ lines: [String]) -> String {
    guard !lines.isEmpty else { return "" }
    let more = lines.count > 3 ? "; and \(lines.count - 3) more" : ""
    return ": " + lines.prefix(3).joined(separator: "; ") + more
  }
}

/// What a scenario found.
package struct Outcome: Sendable {
  /// The scenario's own fields of the JSON object.
  package var figures: [(name: String, value: JSON)] = []
  /// When nodes were reached, where that is what was measured.
  var reach: ReachTimes?
  /// What people are shown.
  package var lines: [String] = []
  /// What did not converge, in sentences; none if all did.
  package var failures: [String] = []
}
