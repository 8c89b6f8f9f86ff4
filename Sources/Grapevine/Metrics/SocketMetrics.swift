import GrapevineTransport

/// What a node's sockets have counted: all that went wrong and ended nothing.
public struct SocketMetrics: Sendable, Hashable, Codable {
  /// Datagrams that were not sent, by the reason.
  public let failedSends: [SendFailure: Int]
  /// Received datagrams that were dropped since they did not fit into the largest buffer.
  public let truncatedReceives: Int
  /// Receiving calls that failed.
  public let failedReceives: Int
  /// Inbound connections that failed before they were accepted.
  public let failedAccepts: Int
  /// Times that accepting paused since the process or the system had run out of descriptors or
  /// memory.
  public let exhaustedAccepts: Int
  /// Tunnels that the node opened and that were accepted; see ``Node/Transport``.
  public let openedTunnels: Int
  /// Tunnels of others that the node accepted.
  public let takenTunnels: Int
  /// Tunnels that could not be opened, or that the peer broke off or took nothing from.
  public let failedTunnels: Int
  /// Connections of others that were closed in place of carrying packets, by the reason; of
  /// `displaced` the node's own, too.
  public let refusedTunnels: [TunnelRefusal: Int]

  /// Why a datagram was not sent.
  public enum SendFailure: String, Sendable, Hashable, CaseIterable, Codable,
    CodingKeyRepresentable
  {
    /// The socket had no room.
    case noRoom = "no_room"
    /// The system had no memory (`ENOBUFS`, `ENOMEM`).
    case noMemory = "no_memory"
    /// An earlier one had met a closed port, which the system tells to connected sockets alone.
    case refused
    /// No tunnel to the target could be opened, or one failed a moment ago or with packets in it.
    case noTunnel = "no_tunnel"
    /// There is no way to the target, or not from this socket.
    case unreachable
    /// It was larger than the path or the system takes.
    case tooLarge = "too_large"
    /// A firewall forbade it.
    case forbidden
    /// Any other reason.
    case other
  }

  /// Why a connection did not become a tunnel, or did not stay one.
  public enum TunnelRefusal: String, Sendable, Hashable, CaseIterable, Codable,
    CodingKeyRepresentable
  {
    /// Packets go by UDP here: the node that opened it has another transport.
    case unwanted
    /// It said what no tunnel says.
    case malformed
    /// It did not say in time what it is.
    case late
    /// It gave way to another one, since there were as many as there may be.
    case displaced
  }

  init(_ metrics: TransportMetrics) {
    failedSends = [
      .noRoom: metrics.sendsWithoutRoom,
      .noMemory: metrics.sendsWithoutMemory,
      .refused: metrics.sendsRefused,
      .noTunnel: metrics.sendsWithoutTunnel,
      .unreachable: metrics.sendsUnreachable,
      .tooLarge: metrics.sendsTooLarge,
      .forbidden: metrics.sendsForbidden,
      .other: metrics.sendsFailedOtherwise,
    ]
    truncatedReceives = metrics.receivesTruncated
    failedReceives = metrics.receivesFailed
    failedAccepts = metrics.acceptsFailed
    exhaustedAccepts = metrics.acceptsExhausted
    openedTunnels = metrics.tunnelsOpened
    takenTunnels = metrics.tunnelsTaken
    failedTunnels = metrics.tunnelsFailed
    refusedTunnels = [
      .unwanted: metrics.tunnelsUnwanted,
      .malformed: metrics.tunnelsMalformed,
      .late: metrics.tunnelsLate,
      .displaced: metrics.tunnelsDisplaced,
    ]
  }
}

extension SocketMetrics: CustomStringConvertible {
  /// What went wrong with its counts, such as `sends failed: refused 2`, or `sockets well`.
  public var description: String {
    let sends = SendFailure.allCases.compactMap { reason in
      failedSends[reason].flatMap { $0 > 0 ? "\(reason.rawValue) \($0)" : nil }
    }
    var told = sends.isEmpty ? [] : ["sends failed: \(sends.joined(separator: ", "))"]
    let others = [
      ("receives cut", truncatedReceives), ("receives failed", failedReceives),
      ("accepts failed", failedAccepts), ("out of descriptors", exhaustedAccepts),
    ]
    for (text, count) in others where count > 0 { told.append("\(text): \(count)") }
    if failedTunnels > 0 { told.append("tunnels failed: \(failedTunnels)") }
    let refusals = TunnelRefusal.allCases.compactMap { reason in
      refusedTunnels[reason].flatMap { $0 > 0 ? "\(reason.rawValue) \($0)" : nil }
    }
    if !refusals.isEmpty { told.append("tunnels refused: \(refusals.joined(separator: ", "))") }
    return told.isEmpty ? "sockets well" : told.joined(separator: "; ")
  }
}
