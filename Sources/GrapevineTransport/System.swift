internal import CGrapevineLinux
internal import Glibc
internal import GrapevineCore

/// The system calls that this package makes, and the one place that reads `errno`.
///
/// A call that a signal interrupts is made again, one that would block returns nil, and every
/// other error is thrown, but for `EBADF`, `EFAULT` and `ENOTSOCK`: these are mistakes of ours
/// that may already have hit a stranger's descriptor, so they trap. The functions that read
/// `errno` are never inlined: the compiler could else keep its address, which belongs to one
/// thread, for another.
package enum System {
  /// Makes a call that never blocks; throws what went wrong.
  @inline(never) @discardableResult
  static func call<Result: BinaryInteger>(
    _ operation: StaticString,
    _ body: () -> Result
  ) throws(SystemError) -> Result {
    while true {
      let result = body()
      guard result < 0 else { return result }
      let code = errno
      guard code != EINTR else { continue }
      throw error(code, operation)
    }
  }

  /// Makes a call that may have to wait; returns nil if it would.
  @inline(never)
  static func attempt<Result: BinaryInteger>(
    _ operation: StaticString,
    _ body: () -> Result
  ) throws(SystemError) -> Result? {
    while true {
      let result = body()
      guard result < 0 else { return result }
      let code = errno
      guard code != EINTR else { continue }
      guard code != EAGAIN, code != EWOULDBLOCK else { return nil }
      throw error(code, operation)
    }
  }

  /// Makes a call that returns its error number instead of setting `errno`.
  static func callReturningError(
    _ operation: StaticString,
    _ body: () -> CInt
  ) throws(SystemError) {
    let code = body()
    guard code != 0 else { return }
    throw error(code, operation)
  }

  /// connect(2): says whether the connection is there at once.
  ///
  /// A connect that a signal interrupts goes on by itself, as one that returns `EINPROGRESS` does.
  @inline(never)
  static func connect(
    _ descriptor: borrowing Descriptor,
    _ address: SocketAddress
  ) throws(SystemError) -> Bool {
    let result = address.withPointer { Glibc.connect(descriptor.rawValue, $0, $1) }
    guard result != 0 else { return true }
    let code = errno
    guard code != EINPROGRESS, code != EINTR else { return false }
    throw error(code, "connect")
  }

  /// close(2).
  ///
  /// It is never made twice: Linux releases the descriptor even where it reports an error.
  @inline(never)
  static func close(_ rawDescriptor: CInt) {
    let result = Glibc.close(rawDescriptor)
    precondition(result == 0 || errno != EBADF, "descriptor \(rawDescriptor) was not open")
  }

  /// getaddrinfo(3): appends the addresses of `host` and returns zero, or returns an `EAI` code
  /// and, where that is `EAI_SYSTEM`, the error number.
  @inline(never)
  static func addresses(
    of host: String,
    port: UInt16,
    into endpoints: inout [Endpoint]
  ) -> (code: CInt, systemCode: CInt) {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = datagramType
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    guard code == 0 else { return (code, code == EAI_SYSTEM ? errno : 0) }
    defer { freeaddrinfo(list) }
    var next = list
    while let info = next?.pointee {
      if let address = info.ai_addr, let endpoint = Endpoint(address) {
        endpoints.append(endpoint.with(port: port))
      }
      next = info.ai_next
    }
    return (0, 0)
  }

  private static func error(_ code: CInt, _ operation: StaticString) -> SystemError {
    precondition(
      code != EBADF && code != EFAULT && code != ENOTSOCK,
      "\(operation) was called with a descriptor or an address that is not ours: \(code)"
    )
    return SystemError(code: code, operation: "\(operation)")
  }
}
