internal import GrapevineCore
internal import GrapevineTransport

/// The tunnels of a node as the loop's thread sees them.
struct TunnelTable {
  let limits: TunnelLimits
  /// What the node says first on each tunnel that it opens.
  let preamble: [UInt8]
  private(set) var outbound: [Endpoint: OutboundTunnel] = [:]
  private(set) var inbound: [UInt64: InboundTunnel] = [:]
  private var endpoints: [UInt64: Endpoint] = [:]
  private var pauses: [Endpoint: Pause] = [:]
  private var lastNumber: UInt64 = 0
  /// Tunnels that have something to write, each once.
  var unflushed: [OutboundTunnel] = []
  /// The bytes of packets that have come in part.
  var heldByteCount = 0
  /// When the tunnels are to be looked through; no time limit of theirs ends earlier.
  private(set) var nextSweep = Instant.never

  /// A time in which nothing is sent to an endpoint, since the last tunnel there failed.
  private struct Pause {
    let end: Instant
    let length: Duration
  }

  init(limits: TunnelLimits, advertised: Endpoint) {
    self.limits = limits
    preamble = TunnelFormat.preamble(of: advertised)
  }
}

// What is there.
extension TunnelTable {
  mutating func makeNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  func outbound(_ number: UInt64) -> OutboundTunnel? {
    endpoints[number].flatMap { outbound[$0] }
  }

  mutating func add(_ tunnel: OutboundTunnel) {
    outbound[tunnel.endpoint] = tunnel
    endpoints[tunnel.number] = tunnel.endpoint
    look(at: tunnel.expiry(limits))
  }

  mutating func add(_ tunnel: InboundTunnel) {
    inbound[tunnel.number] = tunnel
    look(at: tunnel.expiry(limits))
  }

  mutating func remove(_ tunnel: OutboundTunnel) {
    outbound[tunnel.endpoint] = nil
    endpoints[tunnel.number] = nil
  }

  mutating func remove(_ tunnel: InboundTunnel) {
    inbound[tunnel.number] = nil
    heldByteCount -= tunnel.reader.heldByteCount
  }

  /// Closes all of them; no registration may be left.
  mutating func removeAll() {
    outbound = [:]
    inbound = [:]
    endpoints = [:]
    unflushed = []
    heldByteCount = 0
    nextSweep = .never
  }

  mutating func noteUnflushed(_ tunnel: OutboundTunnel) {
    guard !tunnel.isUnflushed else { return }
    tunnel.isUnflushed = true
    unflushed.append(tunnel)
  }

  /// Sees to it that the tunnels are looked through no later than at `time`.
  mutating func look(at time: Instant) {
    nextSweep = min(nextSweep, time)
  }

  /// Takes those whose time is up, and sets the time of the next look.
  mutating func takeExpired(at now: Instant) -> ([OutboundTunnel], [InboundTunnel]) {
    guard nextSweep <= now else { return ([], []) }
    nextSweep = .never
    var (outboundOver, inboundOver): ([OutboundTunnel], [InboundTunnel]) = ([], [])
    for tunnel in outbound.values {
      let expiry = tunnel.expiry(limits)
      if expiry <= now { outboundOver.append(tunnel) } else { look(at: expiry) }
    }
    for tunnel in inbound.values {
      let expiry = tunnel.expiry(limits)
      if expiry <= now { inboundOver.append(tunnel) } else { look(at: expiry) }
    }
    return (outboundOver, inboundOver)
  }
}

// Who gives way.
extension TunnelTable {
  /// The tunnel that has to go before one more is opened, nil if there is room.
  ///
  /// Those that nobody has accepted yet have a share of their own: who has the node answer to
  /// addresses that lead nowhere does not cost it the tunnels that it uses.
  var outboundInExcess: OutboundTunnel? {
    let opening = outbound.values.lazy.filter { !$0.isOpen }
    if opening.count >= limits.openingLimit { return opening.min { $0.began < $1.began } }
    guard outbound.count >= limits.outboundLimit else { return nil }
    return outbound.values.min { $0.lastUse < $1.lastUse }
  }

  /// The tunnel that has to go before one more is begun or, where `isOpen`, accepted; nil if there
  /// is room.
  ///
  /// It is one of the host that has the most, so that nobody crowds the others out.
  func inboundInExcess(isOpen: Bool, besides newcomer: InboundTunnel?) -> InboundTunnel? {
    let alike = inbound.values.filter { $0.isOpen == isOpen && $0 !== newcomer }
    guard alike.count >= (isOpen ? limits.inboundLimit : limits.arrivalLimit) else { return nil }
    var counts: [Endpoint: Int] = [:]
    for tunnel in alike { counts[tunnel.host, default: 0] += 1 }
    let most = counts.values.max() ?? 0
    return alike.lazy.filter { counts[$0.host] == most }.min { $0.lastUse < $1.lastUse }
  }

  /// The tunnel that holds the most of a packet that has come in part, if all hold too much.
  var holderInExcess: InboundTunnel? {
    guard heldByteCount > limits.heldLimit else { return nil }
    return inbound.values.max { $0.reader.heldByteCount < $1.reader.heldByteCount }
  }
}

// Pauses after failures.
extension TunnelTable {
  func isPaused(_ endpoint: Endpoint, at now: Instant) -> Bool {
    pauses[endpoint].map { now < $0.end } ?? false
  }

  /// Lets nothing be sent to the endpoint for a while, each time for longer.
  mutating func pause(_ endpoint: Endpoint, at now: Instant) {
    var length = limits.shortestPause
    if let last = pauses[endpoint], now < last.end + limits.longestPause {
      length = min(last.length * 2, limits.longestPause)
    }
    if pauses[endpoint] == nil, pauses.count >= limits.pauseLimit {
      let longest = limits.longestPause
      pauses = pauses.filter { now < $0.value.end + longest }
      if pauses.count >= limits.pauseLimit { pauses = [:] }
    }
    pauses[endpoint] = Pause(end: now + length, length: length)
  }

  mutating func endPause(_ endpoint: Endpoint) {
    pauses[endpoint] = nil
  }
}
