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

  /// The most packets that one received packet may cause; 1 to 64.
  public var burst = 8

  /// The most packets that wait to be pulled; more are dropped and counted; 64 and more.
  public var packetQueueLimit = 4_096

  /// The bytes owed to a peer beyond which a stream takes the place of packets; 1 KiB and more.
  public var streamThreshold = 32_768

  /// The time that connecting, or any silence of a stream, may last; 100 ms to 10 min.
  public var streamTimeout: Duration = .seconds(10)

  /// The most bytes that wait in one stream for the socket to take them; 64 KiB and more.
  public var streamQueueLimit = 262_144

  /// The most streams that peers may hold open here; the next one is told to come back; 1 and more.
  public var inboundStreamLimit = 64

  /// The most streams that this node holds open to others; further ones wait; 1 and more.
  public var outboundStreamLimit = 8

  /// The time in which another holder of this node's name must answer to be taken for live.
  public var nameCheckTimeout: Duration = .seconds(2)

  /// The most addresses that are remembered as seeds; the oldest goes first; 1 and more.
  public var seedLimit = 1_024

  /// The most joins that wait or are under way at a time; a further one fails as busy; 1 and more.
  public var joinLimit = 1_024

  /// The number of members that hear each of a member's heartbeats; 1 to 8.
  public var observerCount = 3

  /// The number of aged tombstones at which an owner compacts its state; 1 and more.
  public var compactThreshold = 500

  /// The age at which a tombstone may be compacted away.
  public var tombstoneAge: Duration = .seconds(60)

  /// The time for which a member that left or is down stays known.
  public var memberExpiry: Duration = .seconds(60)

  /// The time for which an expired member is remembered, so that it can't come back as a ghost.
  public var graveLifetime: Duration = .seconds(86_400)

  /// The most expired members that are remembered; the oldest goes first; 1 and more.
  public var graveLimit = 4_096

  /// The most members, this node included, that are held; 2 and more.
  public var memberLimit = 100_000

  /// The most entries, tombstones included, that one member may hold; 1 and more.
  public var entryLimit = 1_000_000

  /// The largest key in bytes of UTF-8; 1 to 65,535.
  public var keySizeLimit = 1_024

  /// The largest value in bytes; up to 8 MiB.
  public var valueSizeLimit = 1_048_576

  /// The most bytes of other members' state (keys, values and bookkeeping) that are held.
  ///
  /// Beyond it new state is refused, counted, and reported once.
  public var remoteStateLimit = 1_073_741_824

  /// Creates a configuration of defaults.
  public init() {}
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
    try check("maximumPacketSize", maximumPacketSize, 512...65_507)
    try check("burst", burst, 1...64)
    try check("packetQueueLimit", packetQueueLimit, 64...(1 << 20))
    try check("streamThreshold", streamThreshold, 1_024...(1 << 30))
    try check("streamTimeout", streamTimeout, .milliseconds(100), .seconds(600))
    try check("streamQueueLimit", streamQueueLimit, 65_536...(1 << 30))
    try check("inboundStreamLimit", inboundStreamLimit, 1...65_536)
    try check("outboundStreamLimit", outboundStreamLimit, 1...65_536)
    try check("nameCheckTimeout", nameCheckTimeout, .milliseconds(10), .seconds(600))
    try check("seedLimit", seedLimit, 1...(1 << 20))
    try check("joinLimit", joinLimit, 1...(1 << 20))
    try check("observerCount", observerCount, 1...8)
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
