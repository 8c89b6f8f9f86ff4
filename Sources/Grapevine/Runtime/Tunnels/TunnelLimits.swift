/// What bounds the tunnels of a node; see `Node.Transport`.
package struct TunnelLimits: Sendable {
  /// The most tunnels that the node opens at a time.
  package var outboundLimit = 256
  /// The most of these that are being opened and have not been accepted.
  package var openingLimit = 64
  /// The most tunnels that others may hold.
  package var inboundLimit = 256
  /// The most connections that may be there and have not said yet what they are.
  package var arrivalLimit = 128
  /// The time without a packet after which the sender closes a tunnel.
  package var idleTime = Duration.seconds(30)
  /// The time without a packet after which the receiver does, if the sender has not.
  package var inboundIdleTime = Duration.seconds(60)
  /// How long a tunnel may take from the first packet until it is accepted.
  package var openTimeout = Duration.seconds(3)
  /// How long a connection may take to say what it is.
  package var preambleTimeout = Duration.seconds(5)
  /// How long a peer may take no byte of those that wait for it.
  package var stallLimit = Duration.seconds(5)
  /// The most bytes that wait for one tunnel; packets beyond are dropped.
  package var queueLimit = 64 << 10
  /// About how many bytes the kernel holds of one tunnel besides.
  package var kernelBufferSize = 64 << 10
  /// The most bytes that wait for the loop; packets beyond are dropped.
  package var mailboxLimit = 1 << 20
  /// The most bytes of packets that have come in part, of all tunnels together.
  package var heldLimit = 4 << 20
  /// How long nothing is sent to where a tunnel has failed: at first, and after many failures.
  package var shortestPause = Duration.milliseconds(200)
  package var longestPause = Duration.seconds(5)
  /// The most endpoints whose failures are remembered.
  package var pauseLimit = 1_024

  package init() {}
}
