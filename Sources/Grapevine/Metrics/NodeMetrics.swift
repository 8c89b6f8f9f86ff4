public import GrapevineCore
public import GrapevineSharding

/// All that a node can tell of itself at one moment: what it has counted since it started, what it
/// holds, and how it stands with every other member.
///
/// The counters of ``/GrapevineCore/Metrics`` are read straight from it: `node.metrics.packetsOut`.
@dynamicMemberLookup
public struct NodeMetrics: Sendable, Hashable, Codable {
  /// The node's identity.
  public let id: MemberID
  /// The endpoint that other members are told.
  public let address: Endpoint
  /// The node's part in owning keys.
  public let state: PeerState
  /// How often the node has answered accusations and verdicts.
  public let incarnation: UInt64
  /// The version of the node's own state.
  public let version: Version
  /// A number that stands for all that the node knows: nodes with the same one hold the same.
  public let fingerprint: UInt64
  /// By how much the node multiplies its patience with others, since it itself runs late: 1 if it
  /// runs on time.
  public let healthMultiplier: Int
  /// How many members the node knows.
  public let members: MemberCounts
  /// How much state the node holds.
  public let entries: StateCounts
  /// The ownership locks that the node holds.
  public let heldLockCount: Int
  /// Watchers and event streams.
  public let subscriberCount: Int
  /// Observers of the peers that own keys.
  public let peerObserverCount: Int
  /// What the node has counted since it started.
  public let counters: Metrics
  /// What its sockets have counted.
  public let sockets: SocketMetrics
  /// What it has sealed, opened and refused; nil if it has no sealer.
  public let sealing: SealingMetrics?
  /// How the node stands with each other member that it knows, sorted by name.
  public let peers: [PeerReport]

  /// The counter of that name.
  public subscript<Value>(dynamicMember path: KeyPath<Metrics, Value>) -> Value {
    counters[keyPath: path]
  }
}

extension NodeMetrics: CustomStringConvertible {
  /// The node on one line, for a report of a fault: who it is, whom and how much it knows, and what
  /// was dropped.
  public var description: String {
    """
    \(id) at \(address), \(state): members \(members.live) live (\(members.accused) accused), \
    \(members.down) down, \(members.left) left, \(members.buried) buried; \
    \(entries.entries) entries in \(entries.size) B, version \(version), incarnation \
    \(incarnation), fingerprint 0x\(String(fingerprint, radix: 16)), health \
    \(healthMultiplier); \(counters); \(sockets)\(sealing.map { "; \($0)" } ?? "")
    """
  }
}

extension Node {
  /// All that the node can tell of itself at this moment.
  ///
  /// - Complexity: O(members × log members + entries of this node that some member lacks). What
  ///   is asked for often is better read from ``counters``.
  public var metrics: NodeMetrics {
    let report = runtime.inspectEngine { engine, now in engine.report(now: now) }
    return NodeMetrics(
      id: report.id,
      address: report.endpoint,
      state: state,
      incarnation: report.incarnation,
      version: report.version,
      fingerprint: report.fingerprint,
      healthMultiplier: report.healthMultiplier,
      members: report.members,
      entries: report.state,
      heldLockCount: report.heldLockCount,
      subscriberCount: hub.subscriberCount,
      peerObserverCount: board.observerCount,
      counters: report.metrics,
      sockets: SocketMetrics(runtime.transportMetrics),
      sealing: sealingMetrics,
      peers: report.peers
    )
  }

  /// What the node has counted since it started; O(1).
  public var counters: Metrics { runtime.inspectEngine { engine, _ in engine.metrics } }
}

extension Node: CustomStringConvertible {
  /// The node on one line, as ``NodeMetrics`` describes it.
  public var description: String { metrics.description }
}
