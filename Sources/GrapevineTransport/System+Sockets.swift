internal import CGrapevineLinux
internal import Glibc
package import GrapevineCore

extension System {
  static let datagramType = CInt(SOCK_DGRAM.rawValue)
  static let streamType = CInt(SOCK_STREAM.rawValue)
  private static let socketFlags = CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)

  /// socket(2), non-blocking and closed on exec.
  static func socket(isIPv6: Bool, type: CInt) throws(SystemError) -> Descriptor {
    let raw = try call("socket") {
      Glibc.socket(isIPv6 ? AF_INET6 : AF_INET, type | socketFlags, 0)
    }
    return Descriptor(rawValue: raw)
  }

  /// Takes over a bound Internet socket of a type; what is none is not touched.
  ///
  /// From then on it does not block, and no child inherits it.
  static func adopt(_ raw: CInt, type: CInt) throws(SystemError) -> Descriptor {
    let operation = "use descriptor \(raw)"
    guard let found = socketOption(of: raw, SO_TYPE), let domain = socketOption(of: raw, SO_DOMAIN)
    else { throw SystemError(code: ENOTSOCK, operation: operation) }
    guard found == type else { throw SystemError(code: EPROTOTYPE, operation: operation) }
    guard domain == AF_INET || domain == AF_INET6 else {
      throw SystemError(code: EAFNOSUPPORT, operation: operation)
    }
    let descriptor = Descriptor(rawValue: raw)
    let flags = try call("fcntl") { fcntl(raw, F_GETFL) }
    try call("fcntl") { fcntl(raw, F_SETFL, flags | O_NONBLOCK) }
    try call("fcntl") { fcntl(raw, F_SETFD, FD_CLOEXEC) }
    let endpoint = try boundEndpoint(of: descriptor)
    guard endpoint.port != 0 else {
      throw SystemError(code: EDESTADDRREQ, operation: operation)
    }
    if endpoint.isIPv6, endpoint.isUnspecified,
      try option(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY) != 0
    {
      // The address that others are told may be one of IPv4.
      throw SystemError(
        code: EAFNOSUPPORT,
        operation: operation + ", which takes no IPv4 (systemd: BindIPv6Only=both)"
      )
    }
    return descriptor
  }

  /// bind(2).
  static func bind(
    _ descriptor: borrowing Descriptor,
    to endpoint: Endpoint
  ) throws(SystemError) {
    let address = SocketAddress(endpoint, isIPv6: endpoint.isIPv6)
    let raw = descriptor.rawValue
    do {
      try call("bind") { address.withPointer { Glibc.bind(raw, $0, $1) } }
    } catch {
      throw error.during("bind \(endpoint)")
    }
  }

  /// listen(2).
  static func listen(
    _ descriptor: borrowing Descriptor,
    backlog: CInt
  ) throws(SystemError) {
    let raw = descriptor.rawValue
    try call("listen") { Glibc.listen(raw, backlog) }
  }

  /// getsockname(2).
  static func boundEndpoint(
    of descriptor: borrowing Descriptor
  ) throws(SystemError) -> Endpoint {
    let raw = descriptor.rawValue
    var address = SocketAddress()
    try call("getsockname") { address.withMutablePointer { Glibc.getsockname(raw, $0, $1) } }
    guard let endpoint = address.endpoint else {
      throw SystemError(code: EAFNOSUPPORT, operation: "getsockname")
    }
    return endpoint
  }

  /// accept4(2), non-blocking and closed on exec; nil if nobody waits.
  static func accept(
    _ descriptor: borrowing Descriptor
  ) throws(SystemError) -> AcceptedStream? {
    let raw = descriptor.rawValue
    var address = SocketAddress()
    let accepted = try attempt("accept4") {
      address.withMutablePointer { grapevine_accept4(raw, $0, $1, socketFlags) }
    }
    guard let accepted else { return nil }
    let stream = Descriptor(rawValue: accepted)
    // A peer that is gone already may have no address any more.
    let source = address.endpoint ?? Endpoint(ipv4: 0, port: 0)
    return AcceptedStream(descriptor: stream, source: source)
  }

  /// setsockopt(2) with an integer.
  static func setOption(
    _ descriptor: borrowing Descriptor,
    _ level: CInt,
    _ option: CInt,
    to value: CInt
  ) throws(SystemError) {
    let raw = descriptor.rawValue
    var value = value
    try call("setsockopt") {
      setsockopt(raw, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
    }
  }

  /// setsockopt(2) of `SO_LINGER`: closing forgets what is unsent and resets the connection.
  static func resetOnClose(_ descriptor: borrowing Descriptor) throws(SystemError) {
    let raw = descriptor.rawValue
    var value = linger(l_onoff: 1, l_linger: 0)
    try call("setsockopt") {
      setsockopt(raw, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }
  }

  /// getsockopt(2) of an integer.
  static func option(
    _ descriptor: borrowing Descriptor,
    _ level: CInt,
    _ option: CInt
  ) throws(SystemError) -> CInt {
    let raw = descriptor.rawValue
    var value: CInt = 0
    var size = socklen_t(MemoryLayout<CInt>.size)
    try call("getsockopt") { getsockopt(raw, level, option, &value, &size) }
    return value
  }

  /// recvmmsg(2): the number of messages taken, nil if there is none.
  static func receive(
    _ descriptor: borrowing Descriptor,
    into messages: UnsafeMutableBufferPointer<grapevine_message>
  ) throws(SystemError) -> Int? {
    let raw = descriptor.rawValue
    let count = try attempt("recvmmsg") {
      grapevine_recvmmsg(
        raw,
        messages.baseAddress,
        CUnsignedInt(messages.count),
        CInt(MSG_DONTWAIT)
      )
    }
    return count.map { Int($0) }
  }

  /// sendmmsg(2): the number of messages taken, nil if the socket has no room; throws if the first
  /// fails.
  static func send(
    _ descriptor: borrowing Descriptor,
    _ messages: UnsafeMutableBufferPointer<grapevine_message>
  ) throws(SystemError) -> Int? {
    let raw = descriptor.rawValue
    let flags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)
    let count = try attempt("sendmmsg") {
      grapevine_sendmmsg(raw, messages.baseAddress, CUnsignedInt(messages.count), flags)
    }
    return count.map { Int($0) }
  }

  /// sendmsg(2) on a stream: the number of bytes taken, nil if the socket has no room.
  static func send(
    _ descriptor: borrowing Descriptor,
    _ pieces: UnsafeMutableBufferPointer<iovec>
  ) throws(SystemError) -> Int? {
    let raw = descriptor.rawValue
    var header = msghdr()
    header.msg_iov = pieces.baseAddress
    header.msg_iovlen = pieces.count
    let flags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)
    return try attempt("sendmsg") { sendmsg(raw, &header, flags) }
  }

  /// recv(2): the number of bytes taken, zero at the end of the stream, nil if there are none now.
  static func receive(
    _ descriptor: borrowing Descriptor,
    into buffer: UnsafeMutableRawBufferPointer
  ) throws(SystemError) -> Int? {
    let raw = descriptor.rawValue
    return try attempt("recv") {
      recv(raw, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT))
    }
  }

  /// shutdown(2) of the sending side.
  static func shutdownSending(_ descriptor: borrowing Descriptor) throws(SystemError) {
    let raw = descriptor.rawValue
    try call("shutdown") { shutdown(raw, CInt(SHUT_WR)) }
  }
}

/// A connection that a listener took, and where it came from.
package struct AcceptedStream: ~Copyable {
  package let descriptor: Descriptor
  package let source: Endpoint

  init(descriptor: consuming Descriptor, source: Endpoint) {
    self.descriptor = descriptor
    self.source = source
  }

  /// Hands the connection over.
  consuming func takeDescriptor() -> Descriptor { descriptor }
}

extension System {
  /// What a socket carries.
  package enum SocketType: Sendable {
    case datagrams
    case stream
  }

  /// What the Internet socket of that descriptor carries; nil if it is none.
  package static func socketType(of raw: CInt) -> SocketType? {
    let domain = socketOption(of: raw, SO_DOMAIN)
    guard domain == AF_INET || domain == AF_INET6 else { return nil }
    return switch socketOption(of: raw, SO_TYPE) {
    case datagramType: .datagrams
    case streamType: .stream
    default: nil
    }
  }

  /// getsockopt(2) of an integer; nil for what is no socket, which here is no mistake of ours.
  private static func socketOption(of raw: CInt, _ option: CInt) -> CInt? {
    var (value, size): (CInt, _) = (0, socklen_t(MemoryLayout<CInt>.size))
    return getsockopt(raw, SOL_SOCKET, option, &value, &size) == 0 ? value : nil
  }
}
