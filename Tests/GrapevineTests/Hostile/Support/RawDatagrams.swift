import Glibc
import GrapevineCore
import GrapevineTransport

/// A UDP socket on loopback that sends whatever bytes a test makes up, and is no node.
final class RawDatagrams: Sendable {
  let descriptor: CInt
  let endpoint: Endpoint

  /// - Parameter address: an IPv4 address of loopback, as a number.
  init(address: UInt32 = 0x7F00_0001) {
    let descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    precondition(descriptor >= 0, "no socket")
    var size: CInt = 4 << 20
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, 4)
    endpoint = RawAddress.bind(descriptor, to: Endpoint(ipv4: address, port: 0))
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  func send(_ bytes: [UInt8], to target: Endpoint) {
    RawAddress.with(target) { address, size in
      _ = bytes.withUnsafeBytes {
        sendto(descriptor, $0.baseAddress, $0.count, 0, address, size)
      }
    }
  }

  /// Sends packets no faster than the node at `target`, whose key is `key`, takes them, so that its
  /// socket loses none; returns what came back.
  @discardableResult
  func send(_ packets: some Sequence<[UInt8]>, to target: Endpoint, of key: MemberKey) -> [[UInt8]]
  {
    var answers: [[UInt8]] = []
    var count = 0
    for packet in packets {
      send(packet, to: target)
      count += 1
      if count % 64 == 0 { answers += settle(target, of: key) }
    }
    return answers + settle(target, of: key)
  }

  /// Waits until the node at `target` has taken all that was sent; returns what came back.
  ///
  /// The node answers a ping after what came before it.
  func settle(
    _ target: Endpoint,
    of key: MemberKey,
    patience: Duration = .seconds(10)
  ) -> [[UInt8]] {
    var answers: [[UInt8]] = []
    let pause = min(patience, .milliseconds(500))
    let end = MonotonicClock.now() + patience
    while MonotonicClock.now() < end {
      let sequence = SequenceNumber.random(in: 1_000...(.max))
      let asker = Forger("asker")
      send(asker.ping(key, sequence: sequence), to: target)
      let mark = Forger.pingBody(key, sequence)
      while let next = receive(within: pause) {
        if next.count == PacketHeader.size + mark.count, next.suffix(mark.count) == mark[...] {
          return answers
        }
        answers.append(next)
      }
    }
    return answers
  }

  /// The next datagram, if one comes within `limit`.
  func receive(within limit: Duration = .seconds(5)) -> [UInt8]? {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&wanted, 1, CInt(limit.wholeNanoseconds / 1_000_000)) == 1 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count >= 0 ? Array(buffer[..<count]) : nil
  }

  /// What waits now.
  func receiveAll() -> [[UInt8]] {
    var found: [[UInt8]] = []
    while let next = receive(within: .zero) { found.append(next) }
    return found
  }
}

/// A socket that sends as many packets as it can.
enum Flood {
  /// Sends the packets in turn for a time, 64 in a call; returns how many the system took.
  static func run(_ packets: [[UInt8]], to target: Endpoint, for duration: Duration) throws -> Int {
    let socket = try DatagramSocket(bind: Endpoint(ipv4: 0x7F00_0001, port: 0))
    let outbox = DatagramOutbox()
    var metrics = TransportMetrics()
    var total = 0
    let end = MonotonicClock.now() + duration
    while MonotonicClock.now() < end {
      for index in 0..<DatagramOutbox.batchSize {
        _ = outbox.append { bytes in
          bytes += packets[(total + index) % packets.count]
          return target
        }
      }
      outbox.send(through: socket, counting: &metrics)
      total += DatagramOutbox.batchSize
    }
    return total - metrics.sendsWithoutRoom
  }
}

/// Addresses as the system's calls take them.
enum RawAddress {
  static func with<Result>(
    _ endpoint: Endpoint,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = endpoint.port.bigEndian
    address.sin_addr.s_addr = UInt32(truncatingIfNeeded: endpoint.low).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// Binds a socket and returns where it is bound to.
  static func bind(_ descriptor: CInt, to endpoint: Endpoint) -> Endpoint {
    with(endpoint) { address, size in
      precondition(Glibc.bind(descriptor, address, size) == 0, "cannot bind \(endpoint)")
    }
    var bound = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &bound) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        precondition(getsockname(descriptor, $0, &size) == 0)
      }
    }
    return endpoint.with(port: UInt16(bigEndian: bound.sin_port))
  }
}
