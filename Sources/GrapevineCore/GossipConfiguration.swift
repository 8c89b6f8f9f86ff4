/// How the protocol behaves: every interval, size and limit, with its default.
///
/// All nodes of a cluster should share ``label``, ``interval`` and ``observerCount``; the rest may
/// differ.
public struct GossipConfiguration: Sendable, Hashable {
  /// The time between two scheduled heartbeats, jittered by 10 % each way; 10 ms to 1 h.
  public var interval: Duration = .milliseconds(500)

  /// The cluster's label, at most 255 bytes; nodes with different labels, or one without, never
  /// merge.
  public var label: String?

  /// The largest UDP payload that is sent, in bytes; 512 to 65,507.
  ///
  /// Larger packets are still taken.
  public var maximumPacketSize = 1_400

  /// The most packets with which one received packet is answered; 1 to 64.
  public var burst = 8

  /// The most packets that wait to be pulled; more are dropped and counted; 64 to
  /// 1,048,576.
  public var packetQueueLimit = 4_096

  /// The bytes owed to a peer beyond which a stream takes the place of packets; 1 KiB to 1 GiB.
  public var streamThreshold = 32_768

  /// The time that connecting, or any silence of a stream, may last; 100 ms to 10 min.
  public var streamTimeout: Duration = .seconds(10)

  /// The most bytes that wait in one stream for the socket to take them; 64 KiB to 1 GiB.
  public var streamQueueLimit = 262_144

  /// The most bytes that all streams together hold each way: messages that came in half, and what
  /// waits to be sent; 1 MiB to 1 TiB.
  ///
  /// Beyond it the message that has been unfinished for longest is broken off, and nothing more is
  /// made ready to be sent. One message of the largest size always has room.
  public var streamMemoryLimit = 8_388_608

  /// The most streams that peers may hold open here; the next one is told to come back; 1 to
  /// 65,536.
  public var inboundStreamLimit = 64

  /// The most streams that this node holds open to others; further ones wait; 1 to 65,536.
  public var outboundStreamLimit = 8

  /// The time in which another holder of this node's name must answer to be taken for live; 10 ms
  /// to 10 min.
  public var nameCheckTimeout: Duration = .seconds(2)

  /// The most addresses that are remembered as seeds; the oldest goes first; 1 to 1,048,576.
  public var seedLimit = 1_024

  /// The most joins that wait or are under way at a time; a further one fails as busy; 1 to
  /// 1,048,576.
  public var joinLimit = 1_024

  /// The number of members that hear each of a member's heartbeats; 1 to 8.
  ///
  /// Three, so that two can corroborate a crash while the third is itself gone or cut off.
  public var observerCount = 3

  /// How changes travel: pushed along a tree at once, or by heartbeats and pulls alone.
  public var push = PushMode.tree

  /// The parts in which each step of a push cuts what it has to reach; 2 to 16.
  ///
  /// Eight reach 64 members in two hops and 4,096 in four.
  public var pushFanout = 8

  /// How often each push is sent along trees of other members; 1 to 4.
  ///
  /// Twice, so that a lost packet rarely costs a member; the loss that is seen may raise it by one.
  public var pushRedundancy = 2

  /// The hops after which a push is not passed on, whatever its range says; 1 to 64.
  public var pushHopLimit = 16

  /// The most pushes that a node begins in an interval; 1 to 1,000.
  ///
  /// Beyond it, and for changes larger than a packet, heartbeats and pulls carry them.
  public var pushLimit = 20

  /// The packets that pushes about members alone (verdicts, refutations) may take at once; as many
  /// come back in four intervals; 16 to 4,096.
  ///
  /// It bounds what a node sends when many members are lost or found at a time; heartbeats then
  /// carry the rest.
  public var membershipPushLimit = 24

  /// The time in which own changes are gathered once one was pushed; up to 1 s.
  public var pushPause: Duration = .milliseconds(10)

  /// The phi from which a silent member is looked into: higher is slower and surer; 1 to 64.
  ///
  /// A phi of 8 stands for one silence in 10⁸ that a live member would cause by chance.
  public var suspicionThreshold = 8

  /// The number of heartbeats of an observed member that its rhythm is taken from; 4 to 1,024.
  ///
  /// 64 are half a minute: enough to know a lossy path, few enough to follow when it changes.
  public var arrivalWindow = 64

  /// The intervals of silence after which a member is looked into whatever its rhythm; 3 to 1,000.
  public var silenceLimit = 20

  /// The members that are asked to reach a silent one in this node's place; up to 16.
  public var relayCount = 3

  /// The most silent members that are looked into at a time; 1 to 1,024.
  ///
  /// It bounds the packets that the loss of many members costs; the others wait for their turn.
  public var verificationLimit = 5

  /// The most questions for others that wait for an answer; 16 to 65,536.
  public var relayLimit = 256

  /// The intervals for which two accusers must stand before the verdict; 1 to 100.
  ///
  /// Two are the time in which an accused member that lives refutes.
  public var suspicionGrace = 2

  /// The intervals after which a single accuser is enough for the verdict; 1 to 1,000.
  public var loneAccuserGrace = 20

  /// The intervals for which an accuser that was refuted doubles its threshold for that member, so
  /// that a bad link does not accuse again and again; up to 10,000.
  public var cautionSpan = 120

  /// The most by which a node that runs late multiplies its ``suspicionThreshold``; 1 to 64.
  public var healthLimit = 8

  /// The most calls of `spread` that wait at a time; a further one fails as busy; 1 to 1,048,576.
  public var spreadLimit = 1_024

  /// How long a node that begins, that was alone, or that was taken for dead neither takes locks
  /// nor lets others take them; 1 ms to 10 min.
  ///
  /// In that time it learns who is there, and the others of it.
  public var lockGrace: Duration = .seconds(2)

  /// The locks whose last epoch a node remembers for others; 1 to 16,777,216.
  ///
  /// Where there are more, later epochs are higher than they need be.
  public var lockMemoryLimit = 65_536

  /// The number of aged tombstones at which an owner compacts its state; 1 to 2³⁰.
  public var compactThreshold = 500

  /// The age at which a tombstone may be compacted away; up to a year.
  public var tombstoneAge: Duration = .seconds(60)

  /// The time for which a member that left or is down stays known; 1 ms to a year.
  public var memberExpiry: Duration = .seconds(60)

  /// The time for which an expired member is remembered, so that it can't come back as a ghost;
  /// 1 ms to a year.
  public var graveLifetime: Duration = .seconds(86_400)

  /// The most expired members that are remembered; the oldest goes first; 1 to 16,777,216.
  public var graveLimit = 4_096

  /// The most members, this node included, that are held; 2 to 16,777,216.
  public var memberLimit = 100_000

  /// The most entries, tombstones included, that one member may hold; 1 to 2³⁰.
  public var entryLimit = 1_000_000

  /// The largest key in bytes of UTF-8; 1 to 65,535.
  public var keySizeLimit = 1_024

  /// The largest value in bytes; up to 8 MiB.
  public var valueSizeLimit = 1_048_576

  /// The most bytes of other members' state (keys, values and bookkeeping) that are held; up to
  /// 2⁴⁶.
  ///
  /// Beyond it new state is refused, counted, and reported once.
  public var remoteStateLimit = 1_073_741_824

  /// The least that ``maximumPacketSize`` may be.
  package static let packetSizeMinimum = 512

  /// Creates a configuration of defaults.
  public init() {}
}

/// How a node's changes travel through the cluster.
public enum PushMode: String, Sendable, Hashable, Codable, CaseIterable {
  /// Each change is sent along a tree of members the moment it is made.
  case tree
  /// Heartbeats and pulls carry it: pure Scuttlebutt.
  case off
}

/// A configuration value that breaks its rule.
public struct InvalidConfiguration: Error, Hashable, Sendable, CustomStringConvertible {
  /// The property's name, such as `gossip.interval`.
  public let name: String
  /// The value that was given.
  public let value: String
  /// What would be right, such as `10 ms to 1 h`.
  public let rule: String

  /// Creates an error about the property `name`.
  public init(name: String, value: String, rule: String) {
    self.name = name
    self.value = value
    self.rule = rule
  }

  /// The error as a sentence.
  public var description: String { "\(name) is \(value): it must be \(rule)" }
}

extension GossipConfiguration {
  /// Checks every value against its rule.
  ///
  /// - Throws: ``InvalidConfiguration``, which names the first value that breaks its rule.
  public func validate() throws(InvalidConfiguration) {
    try check("interval", interval, .milliseconds(10), .seconds(3_600))
    if let label {
      try check(
        "label",
        "“\(label)”",
        (1...255).contains(label.utf8.count),
        "1 to 255 bytes of UTF-8"
      )
    }
    try check("maximumPacketSize", maximumPacketSize, Self.packetSizeMinimum...65_507)
    try check("burst", burst, 1...64)
    try check("packetQueueLimit", packetQueueLimit, 64...(1 << 20))
    try check("streamThreshold", streamThreshold, 1_024...(1 << 30))
    try check("streamTimeout", streamTimeout, .milliseconds(100), .seconds(600))
    try check("streamQueueLimit", streamQueueLimit, 65_536...(1 << 30))
    try check("streamMemoryLimit", streamMemoryLimit, (1 << 20)...(1 << 40))
    try check("inboundStreamLimit", inboundStreamLimit, 1...65_536)
    try check("outboundStreamLimit", outboundStreamLimit, 1...65_536)
    try check("nameCheckTimeout", nameCheckTimeout, .milliseconds(10), .seconds(600))
    try check("seedLimit", seedLimit, 1...(1 << 20))
    try check("joinLimit", joinLimit, 1...(1 << 20))
    try check("observerCount", observerCount, 1...8)
    try check("pushFanout", pushFanout, 2...16)
    try check("pushRedundancy", pushRedundancy, 1...4)
    try check("pushHopLimit", pushHopLimit, 1...64)
    try check("pushLimit", pushLimit, 1...1_000)
    try check("membershipPushLimit", membershipPushLimit, 16...4_096)
    try check("pushPause", pushPause, .zero, .seconds(1))
    try check("suspicionThreshold", suspicionThreshold, 1...64)
    try check("arrivalWindow", arrivalWindow, 4...1_024)
    try check("silenceLimit", silenceLimit, 3...1_000)
    try check("relayCount", relayCount, 0...16)
    try check("verificationLimit", verificationLimit, 1...1_024)
    try check("relayLimit", relayLimit, 16...65_536)
    try check("suspicionGrace", suspicionGrace, 1...100)
    try check("loneAccuserGrace", loneAccuserGrace, 1...1_000)
    try check("cautionSpan", cautionSpan, 0...10_000)
    try check("healthLimit", healthLimit, 1...64)
    try check("spreadLimit", spreadLimit, 1...(1 << 20))
    try check("lockGrace", lockGrace, .milliseconds(1), .seconds(600))
    try check("lockMemoryLimit", lockMemoryLimit, 1...(1 << 24))
    try check("compactThreshold", compactThreshold, 1...(1 << 30))
    try check("tombstoneAge", tombstoneAge, .zero, .seconds(86_400 * 365))
    try check("memberExpiry", memberExpiry, .milliseconds(1), .seconds(86_400 * 365))
    try check("graveLifetime", graveLifetime, .milliseconds(1), .seconds(86_400 * 365))
    try check("graveLimit", graveLimit, 1...(1 << 24))
    try check("memberLimit", memberLimit, 2...(1 << 24))
    try check("entryLimit", entryLimit, 1...(1 << 30))
    try check("keySizeLimit", keySizeLimit, 1...65_535)
    try check("valueSizeLimit", valueSizeLimit, 0...(1 << 23))
    try check("remoteStateLimit", remoteStateLimit, 0...(1 << 46))
  }

  private func check(
    _ name: String,
    _ value: Int,
    _ range: ClosedRange<Int>
  ) throws(InvalidConfiguration) {
    try check(
      name,
      "\(value)",
      range.contains(value),
      "\(range.lowerBound) to \(range.upperBound)"
    )
  }

  private func check(
    _ name: String,
    _ value: Duration,
    _ least: Duration,
    _ most: Duration
  ) throws(InvalidConfiguration) {
    try check(name, "\(value)", least <= value && value <= most, "\(least) to \(most)")
  }

  private func check(
    _ name: String,
    _ value: String,
    _ holds: Bool,
    _ rule: String
  ) throws(InvalidConfiguration) {
    guard !holds else { return }
    throw InvalidConfiguration(name: "gossip." + name, value: value, rule: rule)
  }
}
