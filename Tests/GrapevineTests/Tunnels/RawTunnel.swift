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

/// Listeners that accept tunnels and read nothing more.
final class DeafListeners: Sendable {
  let endpoints: [Endpoint]
  private let taken = Locked(0)
  private let isOver = Locked(false)

  init(_ count: Int) {
    var peers: [StreamListener] = []
    for _ in 0..<count {
      if let peer = try? StreamListener(bind: Endpoint(ipv4: 0x7F00_0001, port: 0)) {
        peers.append(peer)
      }
    }
    endpoints = peers.map(\.boundEndpoint)
    let listeners = peers
    let (taken, isOver) = (taken, isOver)
    try? NativeThread.start(name: "deaf") {
      var connections: [StreamConnection] = []
      while !isOver.withLock({ $0 }) {
        for listener in listeners {
          guard let accepted = try? listener.accept() else { continue }
          accepted.connection.enqueue(TunnelFormat.acceptance)
          _ = try? accepted.connection.flush()
          connections.append(accepted.connection)
          taken.withLock { $0 += 1 }
        }
        RawPause.wait(.milliseconds(5))
      }
    }
  }

  deinit {
    close()
  }

  /// Closes the connections, and the listeners.
  func close() {
    isOver.withLock { $0 = true }
  }

  var takenCount: Int { taken.withLock { $0 } }
}
