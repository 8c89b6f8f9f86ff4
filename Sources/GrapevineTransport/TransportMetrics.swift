internal import Glibc

/// What a node's sockets have counted: everything that went wrong and ended nothing.
package struct TransportMetrics: Sendable, Hashable {
  /// Outgoing datagrams that were dropped since the socket had no room.
  package var sendsWithoutRoom = 0
  /// Outgoing datagrams that were dropped since the system had no memory (`ENOBUFS`, `ENOMEM`).
  package var sendsWithoutMemory = 0
  /// Outgoing datagrams that met an earlier one's "port unreachable".
  package var sendsRefused = 0
  /// Outgoing datagrams to where there is no way, or not from this socket.
  package var sendsUnreachable = 0
  /// Outgoing datagrams that were larger than the path or the system takes.
  package var sendsTooLarge = 0
  /// Outgoing datagrams that a firewall forbade.
  package var sendsForbidden = 0
  /// Outgoing datagrams that failed for any other reason.
  package var sendsFailedOtherwise = 0
  /// Outgoing packets to where no tunnel could be opened, or whose tunnel ended before they went.
  package var sendsWithoutTunnel = 0
  /// Outgoing datagrams that the evaluation's loss took.
  package var sendsLostOnPurpose = 0
  /// Received datagrams that were dropped since they did not fit into the largest buffer.
  package var receivesTruncated = 0
  /// Receiving calls that failed.
  package var receivesFailed = 0
  /// Inbound connections that failed before they were accepted.
  package var acceptsFailed = 0
  /// Times that accepting paused since the process or the system had run out of descriptors or
  /// memory.
  package var acceptsExhausted = 0
  /// Tunnels that were opened, and accepted by the peer.
  package var tunnelsOpened = 0
  /// Tunnels of others that were accepted.
  package var tunnelsTaken = 0
  /// Tunnels that could not be opened, or that the peer broke off or took nothing from.
  package var tunnelsFailed = 0
  /// Tunnels that were closed to make room for others.
  package var tunnelsDisplaced = 0
  /// Tunnels of others that were refused since packets go by UDP here.
  package var tunnelsUnwanted = 0
  /// Tunnels of others that were refused since they said what none says.
  package var tunnelsMalformed = 0
  /// Connections that were closed since they did not say in time what they are.
  package var tunnelsLate = 0

  package init() {}
}

extension TransportMetrics {
  /// Adds the counts of `other`.
  package mutating func add(_ other: TransportMetrics) {
    sendsWithoutRoom += other.sendsWithoutRoom
    sendsWithoutMemory += other.sendsWithoutMemory
    sendsRefused += other.sendsRefused
    sendsUnreachable += other.sendsUnreachable
    sendsTooLarge += other.sendsTooLarge
    sendsForbidden += other.sendsForbidden
    sendsFailedOtherwise += other.sendsFailedOtherwise
    sendsWithoutTunnel += other.sendsWithoutTunnel
    sendsLostOnPurpose += other.sendsLostOnPurpose
    receivesTruncated += other.receivesTruncated
    receivesFailed += other.receivesFailed
    acceptsFailed += other.acceptsFailed
    acceptsExhausted += other.acceptsExhausted
    tunnelsOpened += other.tunnelsOpened
    tunnelsTaken += other.tunnelsTaken
    tunnelsFailed += other.tunnelsFailed
    tunnelsDisplaced += other.tunnelsDisplaced
    tunnelsUnwanted += other.tunnelsUnwanted
    tunnelsMalformed += other.tunnelsMalformed
    tunnelsLate += other.tunnelsLate
  }

  /// Counts a datagram that was not sent.
  package mutating func countFailedSend(_ error: SystemError) {
    switch error.code {
    case ENOBUFS, ENOMEM: sendsWithoutMemory += 1
    case ECONNREFUSED: sendsRefused += 1
    case EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL:
      sendsUnreachable += 1
    case EMSGSIZE: sendsTooLarge += 1
    case EPERM, EACCES: sendsForbidden += 1
    default: sendsFailedOtherwise += 1
    }
  }
}
