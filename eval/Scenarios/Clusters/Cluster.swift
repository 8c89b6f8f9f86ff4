internal import GrapevineCore

/// A cluster to be measured, driven in one way whatever carries its packets.
///
/// Nodes are numbered as they are started; the number of one that was stopped is not used again.
protocol Cluster: AnyObject {
  var now: Instant { get }

  /// Starts a node that knows of nobody.
  func start(_ name: String) throws(EvaluationError) -> Int
  /// Ends a node at once; its sockets are closed.
  func stop(_ node: Int)
  /// Ends a node without a word of its own.
  func kill(_ node: Int, _ kind: Kill)
  /// Starts the next life of a node that was stopped or killed, which knows of nobody.
  func restart(_ node: Int, _ place: RestartPlace) throws(EvaluationError)
  /// Lets each node join another, all at the same moment, and does not wait for the outcome.
  func join(_ nodes: [Int], through member: Int)
  /// Lets a node leave and does not wait until the others know.
  func leave(_ node: Int)
  func update(_ node: Int, _ changes: [Change]) throws(EvaluationError)

  /// Says whether a node was neither stopped nor killed.
  func isRunning(_ node: Int) -> Bool
  func name(of node: Int) -> String
  /// The version that `node` holds of the member `name`; nil if it does not know it.
  func version(of name: String, at node: Int) -> Version?
  func entry(_ key: String, of name: String, at node: Int) -> Entry?
  /// The number of live members that a node knows, itself included.
  func liveMemberCount(at node: Int) -> Int
  func metrics(of node: Int) -> Metrics
  /// What the node would tell a monitoring system; nil where there is no such text.
  func exposition(of node: Int) -> String?
  /// The identity of a node's present or last life.
  func id(of node: Int) -> MemberID
  /// What `node` knows of the member `name`, without its entries; nil if that is nothing.
  func member(_ name: String, at node: Int) -> Member?
  /// All members that a node knows, without their entries.
  func members(at node: Int) -> [Member]
  /// A number that is the same at nodes that hold the same.
  func fingerprint(at node: Int) -> UInt64
  /// Begins to keep ``downReports``, of nodes that are started later too.
  func keepDownReports()
  /// Each time that a node was told that a member is down.
  var downReports: [DownReport] { get }
  /// Begins to watch for ``packetPeak(of:)`` anew.
  func resetPacketPeaks()
  /// The most packets that one of the nodes sent in any second; nil where that is not known.
  func packetPeak(of nodes: [Int]) -> Int?
  /// Cuts the network so that nothing passes from one of the sides to another.
  func split(_ sides: [[Int]])
  /// Lets nothing pass from each source to its target, while all else passes.
  func cutOneWay(_ links: [(source: Int, target: Int)])
  /// Ends every cut.
  func heal()
  /// What went wrong without being waited for, such as a join that failed.
  var complaints: [String] { get }

  /// By how many milliseconds the last time of each call of ``times(of:since:limit:watch:until:)``
  /// can be late, since nobody looked before; none where times are exact.
  var latenesses: [Double] { get }

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

  /// Lets time pass until `end` or until `look` returns false, and shows it every node that runs,
  /// again and again: whenever what that one holds may have changed, or at short pauses.
  func observe(until end: Instant, _ look: (_ node: Int) -> Bool) throws(EvaluationError)
}

/// How a node is killed.
package enum Kill: String, Sendable, CaseIterable {
  /// As a host dies: nothing answers any more.
  case silence
  /// As a process dies: its host refuses packets and connections.
  case close
}

/// What nodes are to agree on.
enum Agreement {
  case everything
  /// The members that live: who is gone may have expired at one node and not yet at another.
  case living
}

/// Where a node is started again.
enum RestartPlace {
  /// At the last one's address, as far as the system gives it.
  case sameAddress
  case newAddress
}

/// A node was told that a member is down.
struct DownReport: Sendable {
  let time: Instant
  /// The node that was told.
  let node: Int
  let member: MemberID
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

  /// The same and the bytes of streams, of which headers are not known.
  var allBytes: Double { wireBytes + streamBytes }

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

  /// Says whether a node holds a member to be down.
  func isDown(_ name: String, at node: Int) -> Bool { member(name, at: node)?.isDown ?? false }

  /// Says whether all nodes hold the same, and as many members live as they are.
  func agree(_ nodes: [Int], on subject: Agreement) -> Bool {
    guard let first = nodes.first,
      nodes.allSatisfy({ liveMemberCount(at: $0) == nodes.count })
    else { return false }
    guard subject == .living else {
      let fingerprint = fingerprint(at: first)
      return nodes.allSatisfy { self.fingerprint(at: $0) == fingerprint }
    }
    let living = members(at: first).filter(\.isLive)
    return nodes.dropFirst().allSatisfy { node in
      let others = members(at: node).filter(\.isLive)
      return zip(living, others).allSatisfy { $0.id == $1.id && $0.version == $1.version }
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
