import Glibc
import Grapevine

/// A TCP socket on loopback that is no node.
final class StrangePeer: Sendable {
  private let descriptor: CInt
  let port: UInt16

  var address: String { "127.0.0.1:\(port)" }

  /// How the socket meets who connects to it.
  enum Manner {
    /// The port is taken and nobody listens: connecting is refused.
    case closed
    /// Connecting succeeds, and then nothing comes.
    case silent
  }

  init(_ manner: Manner) {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        precondition(bind(descriptor, pointer, size) == 0)
        precondition(getsockname(descriptor, pointer, &size) == 0)
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    if manner == .silent { precondition(listen(descriptor, 16) == 0) }
  }

  deinit {
    close(descriptor)
  }

  /// Answers the next one that connects with `bytes` and keeps the connection open until `gate` is.
  func answer(with bytes: [UInt8], keepingOpenUntil gate: Gate) {
    let connection = accept(descriptor, nil, nil)
    precondition(connection >= 0)
    _ = bytes.withUnsafeBytes {
      send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
    }
    gate.pass()
    close(connection)
  }
}
