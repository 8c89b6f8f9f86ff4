public import GrapevineCore
package import GrapevineTransport

extension Node {
  /// How a node presents itself and behaves; every value has a default.
  public struct Configuration: Sendable {
    /// What packets go by: UDP, or TCP where the network drops UDP; all nodes of a cluster are to
    /// have the same.
    public var transport = Transport.datagramsAndStreams

    /// The address and port of both UDP and TCP: `:7000` on all addresses, `127.0.0.1:0` or
    /// `[::1]:7000` on one; port 0 asks the system for a free one.
    public var bind = ":7000"

    /// Sockets that are bound already, as by systemd, for one node; then ``bind`` is of no meaning,
    /// but still to be valid.
    public var sockets: BoundSockets?

    /// The node's name, 1 to 255 bytes of UTF-8; nil for nine random lower-case letters and digits.
    public var name: String?

    /// The number of this life of the name, higher than that of any before; nil for milliseconds
    /// since 1970.
    public var generation: UInt64?

    /// The address that others are told, with a port or without for the one that was bound.
    ///
    /// If nil it is the address in ``bind``, or where that stands for all addresses the first
    /// usable one of the machine's interfaces.
    public var advertise: String?

    /// The interfaces whose address others are told where ``bind`` stands for all addresses and
    /// ``advertise`` is nil, such as `["eth0", "en0"]`; all of the machine's if empty.
    ///
    /// It is the first IPv4 address among them that is valid beyond its link, else an IPv6 address
    /// that is, else one of IPv4 that is valid on its link only.
    public var interfaces: [String] = []

    /// The protocol's own settings.
    public var gossip = GossipConfiguration()

    /// Gives addresses of other nodes, as `join` takes them, whenever it is asked.
    ///
    /// It is asked at the start, again and again (less and less often) while no other member is
    /// live, and every ``seedInterval`` otherwise. It runs on a thread of its own, so it may block.
    public var seeds: (@Sendable () -> [String])?

    /// The time, jittered by 10 % each way, after which the seeds are asked again and all host
    /// names that were ever given are resolved again; 10 ms to a day.
    ///
    /// While no other member is live it is done sooner.
    public var seedInterval: Duration = .seconds(30)

    /// Keys by which the node seals what it sends, and opens what it receives; nil for none, and
    /// then everything is plain.
    ///
    /// All nodes of a cluster need the same keys.
    /// ``/GrapevineCore/GossipConfiguration/maximumPacketSize`` stays the largest UDP payload that
    /// is sent; of it the seal takes 48 bytes.
    public var sealer: (any PacketSealer)?

    /// What the node seals and takes at the start, where it has a ``sealer``.
    ///
    /// Anything but ``/GrapevineCore/SealingMode/require`` is for introducing keys in a cluster
    /// that is live: until then whoever can reach a node can speak to it.
    public var sealingMode = SealingMode.require

    /// The event loop that the node shares with others; nil for one of its own.
    public var loop: Loop?

    /// Where the node's log records go; nil for nowhere.
    public var logSink: (any LogSink)?

    /// The most events that wait for one watcher or event stream; 1 to 16,777,216.
    public var watcherQueueLimit = 10_000

    /// The most bytes of keys and values that wait for one watcher or event stream; 1 to
    /// 1,099,511,627,776.
    ///
    /// What does not fit is missed, as where there are too many events.
    public var watcherQueueByteLimit = 67_108_864

    /// The memory network that takes the place of the system's; nil for none.
    package var memoryNetwork: MemorySwitch?

    /// What share of the packets is lost at the sending socket, for measurements.
    package var sendLoss: SendLoss?

    /// What bounds the tunnels of a node that has no UDP socket.
    package var tunnelLimits = TunnelLimits()

    /// Creates a configuration of defaults.
    public init() {}
  }
}

extension Node.Configuration {
  /// Checks every value against its rule.
  ///
  /// - Throws: ``/GrapevineCore/InvalidConfiguration``, which names the first value that breaks
  ///   its rule.
  public func validate() throws(InvalidConfiguration) {
    try gossip.validate()
    _ = try bindEndpoint()
    _ = try advertiseEndpoint(boundPort: 1)
    if let name {
      try check((1...255).contains(name.utf8.count), "name", name, "1 to 255 bytes of UTF-8")
    }
    try check(
      seedInterval >= .milliseconds(10) && seedInterval <= .seconds(86_400),
      "seedInterval",
      "\(seedInterval)",
      "10 ms to a day"
    )
    try check(
      memoryNetwork == nil || sockets == nil,
      "sockets",
      sockets.map { "\($0)" } ?? "",
      "nil on a memory network"
    )
    if sealer != nil { try checkSealing() }
    try check(
      sockets == nil || sockets?.datagrams != nil || transport == .streams,
      "sockets",
      sockets?.description ?? "",
      "a UDP and a TCP socket; one of TCP is enough with the transport `.streams`"
    )
    try check(watcherQueueLimit, 1...(1 << 24), "watcherQueueLimit")
    try check(watcherQueueByteLimit, 1...(1 << 40), "watcherQueueByteLimit")
  }

  private func check(
    _ limit: Int,
    _ range: ClosedRange<Int>,
    _ name: String
  ) throws(InvalidConfiguration) {
    try check(
      range.contains(limit),
      name,
      "\(limit)",
      "\(range.lowerBound) to \(range.upperBound)"
    )
  }

  private func checkSealing() throws(InvalidConfiguration) {
    let least = GossipConfiguration.packetSizeMinimum + Seal.packetOverhead
    try check(
      gossip.maximumPacketSize >= least,
      "gossip.maximumPacketSize",
      "\(gossip.maximumPacketSize)",
      "at least \(least) with a sealer"
    )
    try check(
      gossip.valueSizeLimit >= MemberSealing.sizeLimit,
      "gossip.valueSizeLimit",
      "\(gossip.valueSizeLimit)",
      "at least \(MemberSealing.sizeLimit) with a sealer"
    )
  }

  /// The endpoint that ``bind`` stands for.
  func bindEndpoint() throws(InvalidConfiguration) -> Endpoint {
    // An IPv6 socket on all addresses takes IPv4 too.
    let text = isBoundToAll ? "[::]" + bind : bind
    guard let endpoint = Endpoint(text) else {
      throw InvalidConfiguration(
        name: "bind",
        value: bind,
        rule: "“:port”, “IPv4 address:port” or “[IPv6 address]:port”"
      )
    }
    return endpoint
  }

  /// Says whether ``bind`` is a port alone.
  var isBoundToAll: Bool { bind.utf8.first == UInt8(ascii: ":") }

  /// The endpoint that ``advertise`` stands for, nil where it is nil.
  func advertiseEndpoint(boundPort: UInt16) throws(InvalidConfiguration) -> Endpoint? {
    guard let advertise else { return nil }
    guard case .endpoint(let endpoint) = PeerAddress(advertise, defaultPort: boundPort),
      !endpoint.isOfOneLink
    else {
      throw InvalidConfiguration(
        name: "advertise",
        value: advertise,
        rule: "an IPv4 or IPv6 address that others can reach, with or without a port"
      )
    }
    return endpoint
  }

  private func check(
    _ holds: Bool,
    _ name: String,
    _ value: String,
    _ rule: String
  ) throws(InvalidConfiguration) {
    guard !holds else { return }
    throw InvalidConfiguration(name: name, value: value, rule: rule)
  }
}

extension Endpoint {
  /// Says whether it is an IPv6 address that is valid on one link only: the link is not told, so
  /// that it leads nobody here.
  var isOfOneLink: Bool { isIPv6 && isLinkLocal }
}
