internal import GrapevineCore

/// A cluster to be measured, driven in one way whatever carries its packets.
///
/// Nodes are numbered as they are started; the number of one that was stopped is not used again.
protocol Cluster: AnyObject {
  var now: Instant { get }

  /// Starts a node that knows of nobody.
  func start(_ name: String) throws(EvaluationError) -> Int
  /// Ends a node at once.
  func stop(_ node: Int)
  /// Lets each node join another, all at the same moment, and does not wait for the outcome.
  func join(_ nodes: [Int], through member: Int)
  /// Lets a node leave and does not wait until the others know.
  func leave(_ node: Int)
  func update(_ node: Int, _ changes: [Change]) throws(EvaluationError)

  func name(of node: Int) -> String
  /// The version that `node` holds of the member `name`; nil if it does not know it.
  func version(of name: String, at node: Int) -> Version?
  func entry(_ key: String, of name: String, at node: Int) -> Entry?
  /// The number of live members that a node knows, itself included.
  func liveMemberCount(at node: Int) -> Int
  func metrics(of node: Int) -> Metrics
  /// Begins to count in ``downReports``.
  func countDownReports()
  /// How often a node was told that a member is down, over all nodes.
  var downReports: Int { get }
  /// What went wrong without being waited for, such as a join that failed.
  var complaints: [String] { get }

  /// Lets time pass.
  func sleep(_ duration: Duration, _ watch: (Instant) -> Void) throws(EvaluationError)

  /// Looks at `nodes` until `isReached` holds on each, or `limit` has passed since `begin`.
  ///
  /// - Returns: for each node the time from `begin` until it held; nil where it never did.
  func times(
    of nodes: [Int],
    since begin: Instant,
    limit: Duration,
    watch: (_ reachedCount: Int) -> Void,
    until isReached: (Int) -> Bool
  ) throws(EvaluationError) -> [Duration?]
}

/// Why a scenario could not be run at all.
package struct EvaluationError: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}

/// What nodes have sent.
struct TrafficCount: Equatable {
  var packets = 0.0
  var packetBytes = 0.0
  var streamBytes = 0.0

  /// The bytes of an IPv4 and a UDP header.
  static let headerSize = 28.0

  /// Bytes of packets with their IP and UDP headers.
  var wireBytes: Double { packetBytes + TrafficCount.headerSize * packets }

  static func - (first: Self, second: Self) -> Self {
    TrafficCount(
      packets: first.packets - second.packets,
      packetBytes: first.packetBytes - second.packetBytes,
      streamBytes: first.streamBytes - second.streamBytes
    )
  }

  static func + (first: Self, second: Self) -> Self {
    TrafficCount(
      packets: first.packets + second.packets,
      packetBytes: first.packetBytes + second.packetBytes,
      streamBytes: first.streamBytes + second.streamBytes
    )
  }

  static func * (count: Self, factor: Double) -> Self {
    TrafficCount(
      packets: count.packets * factor,
      packetBytes: count.packetBytes * factor,
      streamBytes: count.streamBytes * factor
    )
  }
}

extension Cluster {
  /// What the nodes have sent since they were started.
  func traffic(of nodes: [Int]) -> TrafficCount {
    nodes.reduce(into: TrafficCount()) { sum, node in
      let metrics = metrics(of: node)
      sum.packets += Double(metrics.packetsOut)
      sum.packetBytes += Double(metrics.packetBytesOut)
      sum.streamBytes += Double(metrics.streamBytesOut)
    }
  }

  /// The digests and deltas that the nodes have sent: what stands still in a cluster at rest.
  func exchanges(of nodes: [Int]) -> Int {
    nodes.reduce(0) { sum, node in
      let metrics = metrics(of: node)
      return sum + metrics.digestsOut + metrics.deltasOut
    }
  }
}
