internal import GrapevineCore
internal import GrapevineTransport

/// A tunnel that the node sends packets over.
final class OutboundTunnel {
  let endpoint: Endpoint
  let number: UInt64
  let connection: StreamConnection
  let registration: RegistrationID
  let began: Instant
  var interest = Interest.writable
  var stage = Stage.connecting
  /// Packets that wait for the tunnel to be accepted.
  var waiting: [[UInt8]] = []
  private(set) var waitingByteCount = 0
  /// What has come of the acceptance.
  var answer: [UInt8] = []
  /// When a packet came for it.
  var lastUse: Instant
  /// When the peer last took something, or there was nothing for it.
  var lastProgress: Instant
  /// Whether it is among the unflushed.
  var isUnflushed = false

  enum Stage: Hashable {
    case connecting
    /// The preamble is said, or being said.
    case greeting
    case open(since: Instant)
  }

  init(
    to endpoint: Endpoint,
    _ number: UInt64,
    _ connection: StreamConnection,
    _ registration: RegistrationID,
    at now: Instant
  ) {
    self.endpoint = endpoint
    self.number = number
    self.connection = connection
    self.registration = registration
    began = now
    lastUse = now
    lastProgress = now
  }
}

extension OutboundTunnel {
  var isOpen: Bool {
    switch stage {
    case .open: true
    case .connecting, .greeting: false
    }
  }

  var queuedByteCount: Int { connection.queuedByteCount + waitingByteCount }

  /// Adds a packet behind those that wait.
  func enqueue(_ frame: [UInt8], at now: Instant) {
    if queuedByteCount == 0 { lastProgress = now }
    if isOpen {
      connection.enqueue(frame)
    } else {
      waiting.append(frame)
      waitingByteCount += frame.count
    }
  }

  /// Lets those go that waited for the acceptance.
  func open(at now: Instant) {
    stage = .open(since: now)
    lastProgress = now
    for frame in waiting { connection.enqueue(frame) }
    waiting = []
    waitingByteCount = 0
  }

  /// When it is over, as things stand.
  func expiry(_ limits: TunnelLimits) -> Instant {
    guard isOpen else { return began + limits.openTimeout }
    guard queuedByteCount > 0 else { return lastUse + limits.idleTime }
    return lastProgress + limits.stallLimit
  }
}

/// A connection that the node accepted and that is a tunnel, or may become one.
final class InboundTunnel {
  let number: UInt64
  let connection: StreamConnection
  let registration: RegistrationID
  /// Where it came from.
  let source: Endpoint
  let began: Instant
  var reader = TunnelReader()
  /// Whether its first byte was a tunnel's.
  var hasBegun = false
  /// When a packet came.
  var lastUse: Instant

  init(
    _ number: UInt64,
    _ connection: StreamConnection,
    _ registration: RegistrationID,
    from source: Endpoint,
    at now: Instant
  ) {
    self.number = number
    self.connection = connection
    self.registration = registration
    self.source = source
    began = now
    lastUse = now
  }
}

extension InboundTunnel {
  /// Whether the preamble was understood.
  var isOpen: Bool { reader.sender != nil }

  /// What stands for the machine at the other end: its IPv4 address, or the network that machines
  /// have of IPv6, in which they can take any address.
  var host: Endpoint {
    source.isIPv6
      ? Endpoint(ipv6: source.high, 0, port: 0) : source.with(port: 0)
  }

  func expiry(_ limits: TunnelLimits) -> Instant {
    isOpen ? lastUse + limits.inboundIdleTime : began + limits.preambleTimeout
  }
}
