/// What a node makes of one other member at one moment: whether it hears of it, and how far the two
/// are from holding the same.
public struct PeerReport: Sendable, Hashable, Codable {
  /// The member.
  public let id: MemberID
  /// Where the member takes packets and streams.
  public let address: Endpoint
  /// Says whether the member is held alive: it neither left nor is down.
  public let isLive: Bool
  /// Says whether some member finds it silent, and it has not answered that yet.
  public let isAccused: Bool
  /// The suspicion of the phi accrual detector, from 0 to 128; nil if this node is none of the
  /// member's observers, to whom alone it sends its heartbeats in a rhythm.
  public let phi: Double?
  /// Heartbeats that an observer missed among the last ones; nil for those that are no observer.
  public let missedHeartbeats: Int?
  /// The time since a packet of the member itself came; nil if none ever did.
  public let silence: Duration?
  /// How long an answer to a ping took last; nil if there was none.
  ///
  /// Silent members are pinged, one of chance now and then, and whose reachability is asked for.
  public let roundTrip: Duration?
  /// The version of the member's state that this node holds.
  public let version: Version
  /// How many versions of the member's state others have told of that this node lacks.
  public let versionLag: UInt64
  /// How many versions of this node's own state the member had not got when it last spoke of it.
  public let unconfirmedVersions: UInt64
  /// The bytes of keys and values in those.
  public let unconfirmedBytes: Int
  /// The bytes that this node keeps for the member's entries.
  public let stateSize: Int
  /// How often the member came up again after it was taken for down, or for having left.
  public let flaps: Int
}

/// How many members a node knows, by what it holds of them, itself included.
public struct MemberCounts: Sendable, Hashable, Codable {
  /// Members that are held alive, those that are about to leave included.
  public internal(set) var live = 0
  /// Live members that own keys.
  public internal(set) var participants = 0
  /// Live members that are about to leave.
  public internal(set) var leaving = 0
  /// Live members that some member finds silent.
  public internal(set) var accused = 0
  /// Members that are judged down and not forgotten yet.
  public internal(set) var down = 0
  /// Members that have left and are not forgotten yet.
  public internal(set) var left = 0
  /// Members that are forgotten but for their last life and standing, which keeps them from coming
  /// back.
  public internal(set) var buried = 0
}

/// How much state a node holds.
public struct StateCounts: Sendable, Hashable, Codable {
  /// The keys of all members, those of this node and the few that the library keeps for itself
  /// included.
  public internal(set) var entries = 0
  /// Deleted keys that are not compacted yet.
  public internal(set) var tombstones = 0
  /// Bytes kept for all entries, bookkeeping included.
  public internal(set) var size = 0
}

/// All that an engine can tell of itself at one moment.
package struct EngineReport: Sendable {
  package var id: MemberID
  package var endpoint: Endpoint
  package var incarnation: UInt64
  package var version: Version
  package var fingerprint: UInt64
  package var healthMultiplier: Int
  package var members: MemberCounts
  package var state: StateCounts
  package var peers: [PeerReport]
  package var heldLockCount: Int
  package var metrics: Metrics
}
