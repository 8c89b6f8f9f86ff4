import Glibc
import GrapevineCore
import GrapevineSimulation

/// The size of scenarios: small ones in every run, those of the specification with `FULL=1`.
enum Scale {
  static let isFull = getenv("FULL") != nil

  /// The number of nodes of a large cluster.
  static let nodeCount = isFull ? 64 : 16

  /// What an idle node sends: two rounds a second to three observers, and now and then to others.
  static let idlePackets = 6.5

  /// The most packets that a node may send in any second, whatever happens.
  static let packetLimit = Int(20 * idlePackets)

  static func pick<Value>(_ small: Value, full: Value) -> Value { isFull ? full : small }
}

/// What all nodes told of members, without their keys.
final class Watch {
  struct Told {
    let time: Instant
    let node: Int
    let event: Event
  }

  private(set) var all: [Told] = []
  /// By node the members of which it was told that they answer streams only.
  private(set) var streamOnly: [(node: Int, member: MemberID)] = []

  init(_ simulation: Simulation) {
    simulation.eventHandler = { self.take($0) }
  }

  func forget() {
    all = []
    streamOnly = []
  }

  private func take(_ observed: ObservedEvent) {
    switch observed.event {
    case .member(.keySet), .member(.keyDeleted): break
    case .member(let event):
      all.append(Told(time: observed.time, node: observed.node, event: event))
    case .answersByStreamOnly(let id): streamOnly.append((observed.node, id))
    default: break
    }
  }

  func count(_ event: Event, at node: Int) -> Int {
    all.count { $0.node == node && $0.event == event }
  }

  var downs: [Told] {
    all.filter { told in
      if case .down = told.event { true } else { false }
    }
  }
}

extension Simulation {
  /// A cluster that has agreed and known a quarter of a minute of peace.
  static func settled(
    _ count: Int,
    seed: UInt64,
    loss: Ratio = .never,
    configuration: GossipConfiguration = GossipConfiguration()
  ) throws -> (Simulation, Watch) {
    var conditions = NetworkConditions()
    conditions.loss = loss
    let simulation = cluster(
      count,
      seed: seed,
      conditions: conditions,
      configuration: configuration
    )
    try simulation.requireConvergence(within: .seconds(60))
    try simulation.run(for: .seconds(15))
    let watch = Watch(simulation)
    simulation.resetPeaks()
    return (simulation, watch)
  }

  /// The most packets that any live node sent within a second since the peaks were reset.
  var packetPeak: Int {
    liveNodes.map { traffic(of: $0).packetsPerSecondPeak }.max() ?? 0
  }

  /// Says whether the nodes list exactly each other as live, and the others as down or not at all.
  func agree(_ nodes: [Int]) -> Bool {
    let live = Set(nodes.map { engine(at: $0).localID })
    return nodes.allSatisfy { node in
      Set(members(of: node).filter(\.isLive).map(\.id)) == live
    } && isConverged(among: nodes)
  }

  /// Runs in steps of a tenth of a second until `condition` holds.
  ///
  /// - Returns: the time that it took; nil if it still did not hold after `limit`.
  func time(
    within limit: Duration,
    until condition: (Simulation) -> Bool
  ) throws -> Duration? {
    let begin = now
    while !condition(self) {
      guard now < begin + limit else { return nil }
      try run(for: .milliseconds(100))
    }
    return .nanoseconds(Int64(now.since(begin)))
  }
}
