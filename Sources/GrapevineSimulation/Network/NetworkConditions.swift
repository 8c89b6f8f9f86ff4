import GrapevineCore

/// What the simulated network is like, wherever no rule for a link says otherwise.
package struct NetworkConditions: Sendable, Hashable {
  /// The time that a packet travels one way.
  package var latency = Latency.fixed(.milliseconds(1))
  /// The share of packets that are lost; on streams a loss costs time.
  package var loss = Ratio.never
  /// The share of datagrams that come twice.
  package var duplication = Ratio.never
  /// The share of datagrams that are held up, so that later ones overtake them.
  package var reordering = Ratio.never
  /// The longest time that a held-up datagram comes late.
  package var reorderingDelay = Duration.milliseconds(20)
  /// The largest datagram's payload that passes; larger ones vanish.
  package var datagramSizeLimit = 65_507
  /// Bytes a second of each link between two nodes; nil for no limit.
  package var linkBandwidth: UInt64?
  /// Bytes a second of each node, out and in apart; nil for no limit.
  package var nodeBandwidth: UInt64?
  /// The bytes that wait for a slow line before further datagrams are dropped.
  package var lineQueueLimit: UInt64 = 262_144
  /// The bytes of datagrams that wait for a paused process before further ones are dropped.
  package var receiveBufferSize = 212_992
  /// The bytes of a stream that are under way or unread by the peer, each way.
  package var streamWindow = 131_072
  /// The time after which a stream that nothing passes is broken off.
  package var streamTimeout = Duration.seconds(5)
  /// The time after which a lost part of a stream is sent again.
  package var retransmissionDelay = Duration.milliseconds(200)

  package init() {}
}

/// What one direction of one link has otherwise than the ``NetworkConditions``; nil changes
/// nothing.
package struct LinkRule: Sendable, Hashable {
  package var latency: Latency?
  package var loss: Ratio?
  /// The largest datagram's payload that passes: a black hole for larger ones.
  package var datagramSizeLimit: Int?
  package var bandwidth: UInt64?

  package init(
    latency: Latency? = nil,
    loss: Ratio? = nil,
    datagramSizeLimit: Int? = nil,
    bandwidth: UInt64? = nil
  ) {
    self.latency = latency
    self.loss = loss
    self.datagramSizeLimit = datagramSizeLimit
    self.bandwidth = bandwidth
  }
}

/// Datagrams that the network did not deliver, by reason, and those that it multiplied.
package struct NetworkCounters: Sendable, Hashable {
  package var lost = 0
  package var duplicated = 0
  package var reordered = 0
  /// Sent across a partition.
  package var cut = 0
  /// Larger than the path takes.
  package var tooLarge = 0
  /// Sent on a line whose queue was full.
  package var queueFull = 0
  /// Sent to a process that slept with a full buffer.
  package var bufferFull = 0
  /// Sent to an address where no process runs.
  package var nobodyThere = 0

  package init() {}
}

/// What one process sent and received since its slot was made.
package struct Traffic: Sendable, Hashable {
  package var packetsOut = 0
  package var packetsIn = 0
  /// Bytes of UDP payload sent.
  package var packetBytesOut = 0
  /// The most packets sent in a second, since the start or the last reset.
  package var packetsPerSecondPeak = 0
  /// Bytes of UDP payload received.
  package var packetBytesIn = 0
  package var streamsOut = 0
  package var streamsIn = 0
  package var streamBytesOut = 0
  package var streamBytesIn = 0
  /// The most bytes that ever waited in one stream for its socket.
  package var streamQueuePeak = 0

  package init() {}

  /// The bytes of a datagram's IPv4 and UDP headers.
  package static let headerSize = 28

  /// Bytes of datagrams sent, with their IP and UDP headers.
  package var wireBytesOut: Int { packetBytesOut + Traffic.headerSize * packetsOut }
  /// Bytes of datagrams received, with their IP and UDP headers.
  package var wireBytesIn: Int { packetBytesIn + Traffic.headerSize * packetsIn }
}
