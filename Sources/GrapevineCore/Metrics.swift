/// What a node has counted since it started.
public struct Metrics: Sendable, Hashable, Codable {
  /// Packets and their payload bytes, in and out.
  public var packetsIn = 0
  /// See ``packetsIn``.
  public var packetsOut = 0
  /// Bytes of UDP payload received.
  public var packetBytesIn = 0
  /// Bytes of UDP payload sent.
  public var packetBytesOut = 0
  /// Streams that peers opened here.
  public var streamsIn = 0
  /// Streams that this node opened.
  public var streamsOut = 0
  /// Bytes received by stream.
  public var streamBytesIn = 0
  /// Bytes sent by stream.
  public var streamBytesOut = 0
  /// The most bytes that ever waited in one stream for its socket.
  public var streamQueuePeak = 0
  /// Streams that ended before their work was done.
  public var streamsFailed = 0
  /// Inbound streams that were refused.
  ///
  /// They were told to come back later, had another label, no version in common, or a name that is
  /// held.
  public var streamsRefused = 0
  /// Heartbeats received.
  public var heartbeatsIn = 0
  /// Heartbeats sent.
  public var heartbeatsOut = 0
  /// Digests received, in packets.
  public var digestsIn = 0
  /// Digests sent, in packets.
  public var digestsOut = 0
  /// Deltas received, in packets.
  public var deltasIn = 0
  /// Deltas sent, in packets.
  public var deltasOut = 0
  /// Pushes that this node began, however many packets each took.
  public var pushesOut = 0
  /// Packets of pushes sent, this node's own and those passed on.
  public var pushPacketsOut = 0
  /// Packets of pushes received.
  public var pushPacketsIn = 0
  /// Pushes received that brought something new.
  public var pushesNew = 0
  /// The hops that the last push with something new took to get here.
  public var pushHopsLast = 0
  /// Times that members were asked for at once, since a packet showed that more of them is to be
  /// had.
  public var pullsOut = 0
  /// Pings sent, for this node itself or for another.
  public var pingsOut = 0
  /// Pings received.
  public var pingsIn = 0
  /// Requests to others to ping a member in this node's place.
  public var relaysOut = 0
  /// Requests of others to ping a member in their place.
  public var relaysIn = 0
  /// Answers to pings received.
  public var acksIn = 0
  /// Silent members that answered by way of another member alone.
  public var relayAnswers = 0
  /// Silent members that answered by stream alone.
  public var streamAnswers = 0
  /// Silent members that this node began to look into.
  public var suspicions = 0
  /// Members that this node accused, since they did not answer at all.
  public var accusationsOut = 0
  /// Members that this node itself concluded to be down.
  public var verdictsOut = 0
  /// Those for which one accuser's word was enough, as it had stood for long.
  public var loneVerdicts = 0
  /// Verdicts from elsewhere that this node put to the member first, since nothing here spoke for
  /// them.
  public var challengesOut = 0
  /// Those that the member answered by a higher incarnation.
  public var challengesRefuted = 0
  /// Times that this node found that it had not run for a while.
  public var pauses = 0
  /// Questions of `spread` sent.
  public var requestsOut = 0
  /// Locks that the node came to hold.
  public var locksGranted = 0
  /// Locks that the node gave up since another member held them, too, or had been promised them.
  public var locksContested = 0
  /// Questions of others' `spread` received.
  public var requestsIn = 0
  /// Answers to questions of `spread` received.
  public var repliesIn = 0
  /// Entries of others that were applied.
  public var entriesIn = 0
  /// Entries sent, by packet or stream.
  public var entriesOut = 0
  /// Times that this node dropped its own aged tombstones.
  public var compactions = 0
  /// News of a buried member that was not believed.
  public var gravesHit = 0
  /// Snapshots applied.
  public var snapshotsIn = 0
  /// Times that a stream was opened since packets did not bring a peer's state.
  public var streamFallbacks = 0
  /// Times that this node raised its incarnation against a wrong verdict.
  public var refutations = 0
  /// Members that came up again after they were taken for down, or for having left.
  public var flaps = 0
  /// Packets that were not sent since too many waited already.
  public var packetsDiscarded = 0
  /// Pieces of state refused because a limit was reached.
  public var stateRefused = 0
  /// Received packets and frames that were dropped, by reason.
  public var drops = Drops()

  /// Creates counters of zero.
  public init() {}

  /// Why a received packet, frame or section was dropped.
  public enum DropReason: Int, Sendable, Hashable, Codable, CaseIterable {
    /// It was shorter than a header.
    case tooShort
    /// It did not begin with the protocol's magic byte.
    case wrongMagic
    /// It was of a protocol version that is not spoken here.
    case wrongVersion
    /// It was sealed, and this node has no key.
    case sealed
    /// It was of another cluster.
    case wrongLabel
    /// Its kind is not known.
    case unknownKind
    /// Its body broke a rule of the format.
    case malformed
    /// A name or a key was not UTF-8.
    case notUTF8
    /// It built on a version that this node does not have.
    case gap
    /// It was cut for another replica, and applying it could lose a deletion.
    case refused
    /// It spoke of an earlier life of a member, or of a buried one.
    case stale
    /// It claimed an identity whose key another member has.
    case keyCollision
    /// It would have exceeded a limit.
    case limit
    /// It came from this node itself.
    case fromSelf
    /// It was meant for another member, or for an earlier life of this one.
    case misdirected
  }

  /// A count per ``DropReason``.
  public struct Drops: Sendable, Hashable, Codable {
    private var counts = [Int](repeating: 0, count: DropReason.allCases.count)

    /// Creates counts of zero.
    public init() {}

    /// Reads counts; there must be one for each reason.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      counts = try container.decode([Int].self, forKey: .counts)
      guard counts.count == DropReason.allCases.count else {
        throw DecodingError.dataCorruptedError(
          forKey: .counts,
          in: container,
          debugDescription: "\(counts.count) counts for \(DropReason.allCases.count) reasons"
        )
      }
    }

    private enum CodingKeys: String, CodingKey {
      case counts
    }

    /// The number of drops for `reason`.
    public subscript(reason: DropReason) -> Int {
      get { counts[reason.rawValue] }
      set { counts[reason.rawValue] = newValue }
    }

    /// The number of drops in all.
    public var total: Int { counts.reduce(0, +) }
  }
}

extension Metrics.Drops: CustomStringConvertible {
  /// The reasons that occurred with their counts, such as `gap 2, stale 1`, or `none`.
  public var description: String {
    let told = Metrics.DropReason.allCases.filter { self[$0] > 0 }.map { "\($0) \(self[$0])" }
    return told.isEmpty ? "none" : told.joined(separator: ", ")
  }
}

extension Metrics: CustomStringConvertible {
  /// The counters that matter at a glance, on one line.
  public var description: String {
    """
    packets \(packetsIn) in, \(packetsOut) out; bytes \(packetBytesIn) in, \(packetBytesOut) out; \
    streams \(streamsIn) in, \(streamsOut) out; \
    stream bytes \(streamBytesIn) in, \(streamBytesOut) out; \
    entries \(entriesIn) in, \(entriesOut) out; drops: \(drops)
    """
  }
}
