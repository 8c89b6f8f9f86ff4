internal import GrapevineCore
internal import GrapevineTransport

/// A node's sockets and streams as the loop's thread sees them.
struct StreamTable {
  /// The sockets; nil after the end.
  private(set) var sockets: PortPair?
  /// What the loop knows the sockets by, once they are on it.
  var registrations: Registrations?
  /// Streams by the engine's numbers, which it never uses twice.
  var streams: [StreamID: OpenStream] = [:]
  /// Streams that have something to write, each once.
  var unflushed: [StreamID] = []
  /// Connections that carry packets, where there is no UDP socket.
  var tunnels: TunnelTable
  /// The streams that the engine has finished and that are not yet at their end.
  var finishingCount = 0
  /// When the listener, out of descriptors, tries again; nil while it listens.
  var acceptResumption: Instant?
  /// Whether the sockets are to outlive the driver's time on its loop, unread.
  var isSilent = false
  /// What opens sealed packets, and knows whose have come.
  var opener = PacketOpener()
  /// Who has events to deliver after this piece of work.
  var delegate: (any NodeRuntimeDelegate)?

  struct Registrations {
    let client: ClientID
    /// Nil where there is no UDP socket.
    let datagrams: RegistrationID?
    let listener: RegistrationID
  }

  init(sockets: PortPair, _ tunnels: TunnelTable) {
    self.sockets = sockets
    self.tunnels = tunnels
  }
}

extension StreamTable {
  /// Remembers that a stream has something to write.
  mutating func noteUnflushed(_ stream: OpenStream) {
    guard !stream.isUnflushed else { return }
    stream.isUnflushed = true
    unflushed.append(stream.id)
  }

  /// Closes everything; no registration may be left.
  mutating func closeAll() {
    sockets = nil
    registrations = nil
    streams = [:]
    unflushed = []
    finishingCount = 0
    acceptResumption = nil
    tunnels.removeAll()
  }

  /// The finished stream that is given up first where there are too many: one that has sent all, or
  /// else the one that has sent nothing for the longest; none that is yet to be flushed.
  ///
  /// - Complexity: O(streams).
  var idlestFinished: OpenStream? {
    func rank(_ stream: OpenStream) -> (Int, Instant, UInt64) {
      (stream.end == .awaitingPeer ? 0 : 1, stream.expiry, stream.id.rawValue)
    }
    return streams.values
      .filter { $0.end != .none && !$0.isUnflushed }
      .min { rank($0) < rank($1) }
  }

  /// When the streams themselves want to be looked at.
  var nextDeadline: Instant {
    let resumption = min(acceptResumption ?? .never, tunnels.nextSweep)
    guard finishingCount > 0 else { return resumption }
    return streams.values.reduce(resumption) { min($0, $1.expiry) }
  }
}

/// One stream of a node.
final class OpenStream {
  let id: StreamID
  let connection: StreamConnection
  let registration: RegistrationID
  var interest: Interest
  var isConnecting: Bool
  /// Whether it is among the unflushed.
  var isUnflushed = false
  /// Whether the peer has said anything.
  var hasSaid = false
  /// How the stream is sealed; it is not used by a node without keys.
  var seal: SealedStream
  /// Why writing failed; the stream ends with that once all that the peer sent is read.
  var writeError: SystemError?
  var end = End.none
  /// When a finished stream is given up; `never` for others, which the engine watches.
  var expiry = Instant.never

  /// How far a stream that the engine has finished is.
  enum End {
    case none
    /// What is queued still goes out.
    case draining
    /// All is sent and the peer is told; closing before the peer has ended too could reset the
    /// connection and take from the peer what it has not read.
    case awaitingPeer
  }

  init(
    id: StreamID,
    connection: StreamConnection,
    registration: RegistrationID,
    interest: Interest,
    isConnecting: Bool
  ) {
    self.id = id
    self.connection = connection
    self.registration = registration
    self.interest = interest
    self.isConnecting = isConnecting
    seal = SealedStream(isOpener: isConnecting)
  }
}

/// What a registration of a node stands for.
enum EventSource {
  case datagrams
  case listener
  case stream(StreamID)
  case outboundTunnel(UInt64)
  case inboundTunnel(UInt64)

  private static let outboundBit: UInt64 = 1 << 63
  private static let inboundBit: UInt64 = 1 << 62

  init(rawValue: UInt64) {
    self =
      switch rawValue {
      case 0: .datagrams
      case 1: .listener
      case Self.outboundBit...: .outboundTunnel(rawValue - Self.outboundBit)
      case Self.inboundBit...: .inboundTunnel(rawValue - Self.inboundBit)
      default: .stream(StreamID(rawValue: rawValue - 2))
      }
  }

  var rawValue: UInt64 {
    switch self {
    case .datagrams: 0
    case .listener: 1
    case .stream(let id): id.rawValue + 2
    case .outboundTunnel(let number): number + Self.outboundBit
    case .inboundTunnel(let number): number + Self.inboundBit
    }
  }
}
