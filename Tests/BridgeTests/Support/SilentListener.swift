import Glibc

/// A TCP port on loopback behind which there is no node.
public final class SilentListener: Sendable {
  private let descriptor: CInt
  /// The address and port.
  public let address: String

  /// Why there is no port.
  public struct NoPort: Error {}

  /// Takes a port, a free one if none is named; if it `accepts` connections then nothing comes by
  /// them, else it refuses them.
  public init(accepts: Bool, port: UInt16 = 0) throws(NoPort) {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var isReused: CInt = 1
    // Connections of whoever had the port before may not be over yet.
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<CInt>.size))
    var address = sockaddr_in()
    address.sin_port = port.bigEndian
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, size) == 0 && getsockname(descriptor, pointer, &size) == 0
      }
    }
    self.address = "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    guard isBound, !accepts || listen(descriptor, 16) == 0 else { throw NoPort() }
  }

  deinit {
    close(descriptor)
  }

  /// Says whether somebody has connected.
  public var hasVisitor: Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, 0) == 1
  }
}
