package import GrapevineCore

/// A virtual clock and a network around many engines: one seed gives one run, bit for bit.
///
/// Nodes are numbered from 0 in the order of ``add(name:generation:configuration:at:)``. Times are
/// true time since the run's start; an engine sees its own clock, which began elsewhere and may
/// drift. The network and what goes wrong in it are ``conditions`` and may change at any moment. A
/// broken promise of an engine is noted where it shows and thrown by the method that runs the
/// clock.
package final class Simulation {
  package let seed: UInt64
  /// What is verified on the way.
  package let checking: Checking
  /// Where events are told one by one; nil for nowhere.
  package let trace: Trace?
  /// Says whether a verdict on a live member that no fault explains ends the run.
  ///
  /// ``VerdictCheck`` has the limits; runs that are to pass them by turn it off.
  package var judgesVerdicts: Bool
  /// Nodes of which nothing excuses any more that one calls another down that runs.
  package var peaceful: Set<Int> = []
  /// Says whether a lock with two holders ends the run.
  package var judgesLocks = true
  /// Grants of a lock that another running node held.
  package var sharedGrantCount = 0
  /// Where the engines of processes that start from now on behave awkwardly, if legally.
  package var quirkSites: [Quirks.Site] = []
  /// Called with each event as it leaves an engine.
  package var eventHandler: ((ObservedEvent) -> Void)?
  /// The most events that are kept for each node; older ones are forgotten and counted.
  package var eventLogLimit = 4_096

  let world: Place<World>
  let nodes = NodeTable()
  /// The nodes that go by a name.
  var namesakes: [NameKey: [Int]] = [:]
  /// What processes had counted that were followed by others.
  var formerMetrics: [Metrics] = []
  /// How processes had behaved that were followed by others.
  var formerQuirks: [Quirks] = []
  var faults = FaultLog()
  var partitionCount = 0
  var linkLines: [Link: Line] = [:]
  var plans: [((Simulation) -> Void)?] = []
  var ephemeralPortCount: UInt16 = 0
  var addressCount: UInt32 = 0
  let checks: Checks
  private let ledgerPlace: Place<Ledger>
  /// The first broken promise, which the next step throws.
  package var violation: Violation?
  /// The two nodes that were last seen to differ: they are asked first whether they still do.
  var dissent = (0, 1)
  var nextWholeCheckTime: UInt64 = 0
  var wholeCheckCount = 0

  /// What is verified on the way.
  package enum Checking: Sendable, Hashable {
    /// Only limits of packets, streams and deadlines, and verdicts: for measuring.
    case limits
    /// All that ``allChecks`` lists.
    case everything
  }

  /// One direction between two nodes.
  struct Link: Hashable {
    let source: Int
    let target: Int
  }

  package init(
    seed: UInt64,
    conditions: NetworkConditions = NetworkConditions(),
    checking: Checking = .everything,
    trace: Trace? = nil
  ) {
    self.seed = seed
    self.checking = checking
    self.trace = trace
    judgesVerdicts = checking == .everything
    world = Place(World(conditions: conditions, random: Xoshiro256(seed: seed)))
    checks = Checks(checking)
    ledgerPlace = Place(Ledger(seed: seed))
  }
}

extension Simulation {
  /// What is true of the run.
  var ledger: Ledger {
    @inline(__always) unsafeAddress { ledgerPlace.address }
    @inline(__always) unsafeMutableAddress { ledgerPlace.mutableAddress }
  }

  /// True time since the run's start.
  package var now: Instant { Instant(nanoseconds: time) }

  /// The nodes' numbers.
  package var nodeIndices: Range<Int> { nodes.indices }

  /// The engine of a node's process, or of its last one.
  package func engine(at node: Int) -> Engine { nodes[node].engine }

  /// Lets `body` read a node's engine in place, with the time that the node's clock shows.
  package func read<Result>(_ node: Int, _ body: (Engine, Instant) -> Result) -> Result {
    let now = clockReading(of: node)
    return nodes[node].read { body($0, now) }
  }

  /// The sum of one counter over all processes that ever ran.
  package func sum(_ count: (Metrics) -> Int) -> Int {
    let former = formerMetrics.reduce(0) { $0 + count($1) }
    return nodes.indices.reduce(former) { $0 + count(nodes[$1].engine.metrics) }
  }

  /// Lets the engines behave awkwardly at `site` no more.
  package func endQuirk(at site: Quirks.Site) {
    quirkSites.removeAll { $0 == site }
    for node in nodes.indices { nodes[node].engine.quirks.remove(site) }
  }

  /// How often the engines of all processes that ever ran acted at a site.
  package func quirkCount(at site: Quirks.Site) -> Int {
    let former = formerQuirks.reduce(0) { $0 + $1.count(of: site) }
    return nodes.indices.reduce(former) { $0 + nodes[$1].engine.quirks.count(of: site) }
  }

  package func state(of node: Int) -> NodeState { nodes[node].state }

  /// Says whether the node's process was told to leave.
  package func hasLeft(_ node: Int) -> Bool { nodes[node].hasLeft }

  package func endpoint(of node: Int) -> Endpoint { nodes[node].endpoint }

  package func configuration(of node: Int) -> GossipConfiguration { nodes[node].configuration }

  package func traffic(of node: Int) -> Traffic { nodes[node].traffic }

  /// Lets every node's peaks begin anew.
  package func resetPeaks() {
    for node in nodes.indices {
      nodes[node].packetRate = PacketRate()
      nodes[node].traffic.packetsPerSecondPeak = 0
    }
  }

  /// What the node's clock shows.
  package func clockReading(of node: Int) -> Instant { nodes[node].clock.reading(at: time) }

  /// The latest events of a node, at most ``eventLogLimit``, the oldest first.
  package func events(of node: Int) -> [ObservedEvent] { Array(nodes[node].events.all) }

  /// The events of a node that its log could not hold.
  package func missedEventCount(of node: Int) -> Int { nodes[node].missedEventCount }

  /// All members as a node sees them, sorted by name.
  package func members(of node: Int) -> [Member] {
    nodes[node].engine.members(now: clockReading(of: node))
  }

  /// A member as a node sees it.
  package func member(named name: String, at node: Int) -> Member? {
    nodes[node].engine.member(named: name, now: clockReading(of: node))
  }

  /// The nodes that take part: their processes run, and have not left.
  package var liveNodes: [Int] {
    nodes.indices.filter { nodes[$0].state == .running && !nodes[$0].hasLeft }
  }
}
