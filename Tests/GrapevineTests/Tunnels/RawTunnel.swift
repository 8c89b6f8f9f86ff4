import Glibc
import Grapevine
import GrapevineCore
import GrapevineTransport

/// A tunnel to a node by which a test says what it likes.
struct RawTunnel: Sendable {
  let stream: RawStream

  /// Opens a tunnel in the name of `sender`.
  init(
    to target: Endpoint,
    from sender: Endpoint = Endpoint(ipv4: 0x7F00_0001, port: 9)
  ) {
    stream = RawStream(to: target)
    stream.sendAll(TunnelFormat.preamble(of: sender))
  }

  /// Sends packets; false if the tunnel is closed.
  @discardableResult
  func send(_ packets: [[UInt8]]) -> Bool {
    stream.sendAll(packets.flatMap { TunnelFormat.frame($0.span) })
  }
}
