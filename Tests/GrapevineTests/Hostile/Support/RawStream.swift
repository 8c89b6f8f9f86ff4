import Glibc
import GrapevineCore
import GrapevineTransport

/// A TCP connection on loopback that says whatever bytes a test makes up, and never blocks.
final class RawStream: Sendable {
  let descriptor: CInt

  /// Begins to connect; the system completes it by itself, and holds at most `buffer` bytes for it
  /// to read.
  init(to target: Endpoint, receiving buffer: CInt? = nil) {
    let type = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
    let descriptor = socket(AF_INET, CInt(type), 0)
    precondition(descriptor >= 0, "no socket for a stream: errno \(errno)")
    if var buffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, 4) }
    RawAddress.with(target) { address, size in
      let code = connect(descriptor, address, size)
      precondition(code == 0 || errno == EINPROGRESS, "connect: errno \(errno)")
    }
    self.descriptor = descriptor
  }

  /// Takes over a connection that a test accepted.
  init(connected descriptor: CInt) {
    precondition(descriptor >= 0, "no connection was accepted: errno \(errno)")
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  /// Breaks the connection off when it is closed, with no word of an end.
  func resetOnClose() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  /// Sends what the socket takes; returns how much that was, nil if the connection is broken.
  @discardableResult
  func send(_ bytes: some Collection<UInt8>) -> Int? {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    poll(&wanted, 1, 1_000)
    let count = Array(bytes).withUnsafeBytes {
      Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
    }
    if count < 0 { return errno == EAGAIN ? 0 : nil }
    return count
  }

  /// Sends all the bytes, waiting for room; false if the connection breaks or nothing moves for
  /// two seconds.
  @discardableResult
  func sendAll(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    var patience = 2
    while !rest.isEmpty, patience > 0 {
      guard let count = send(rest) else { return false }
      rest = rest.dropFirst(count)
      if count == 0 { patience -= 1 }
    }
    return rest.isEmpty
  }

  /// Says whether the node has ended the connection; what came before is read and forgotten.
  var isClosed: Bool {
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count == 0 { return true }
      if count < 0 { return errno != EAGAIN }
    }
  }

  /// Reads to the end of the connection; returns nil if it does not end within `limit`.
  func readToEnd(within limit: Duration = .seconds(10)) -> [UInt8]? {
    let end = MonotonicClock.now() + limit
    var found: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while MonotonicClock.now() < end {
      var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, 100) == 1 else { continue }
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return found }
      found += buffer[..<count]
    }
    return nil
  }
}

extension RawStream {
  /// Says whether the node has ended the connection or broken it off, without reading anything.
  var isEnded: Bool {
    // POLLRDHUP, which the Glibc module lacks.
    let ended: Int16 = 0x2000
    var state = pollfd(fd: descriptor, events: ended, revents: 0)
    let signs = Int16(POLLERR | POLLHUP) | ended
    return poll(&state, 1, 0) == 1 && state.revents & signs != 0
  }
}
