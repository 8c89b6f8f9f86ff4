internal import CGrapevineLinux
internal import Glibc
package import GrapevineCore

/// An address as the system's calls take it: room for IPv4 and IPv6, and how much of it is used.
///
/// `sockaddr_in6` is the larger of the two and is aligned for both.
package struct SocketAddress {
  private var storage = sockaddr_in6()
  private var length = socklen_t(MemoryLayout<sockaddr_in6>.size)

  /// Room for an address that the system will write.
  package init() {}

  /// The address of `endpoint` for a socket of the family given.
  package init(_ endpoint: Endpoint, isIPv6: Bool) {
    length = withUnsafeMutablePointer(to: &storage) { endpoint.write(to: $0, isIPv6: isIPv6) }
  }

  /// The endpoint that the system wrote; nil if it is of another family.
  package var endpoint: Endpoint? {
    withPointer { pointer, _ in length == 0 ? nil : Endpoint(pointer) }
  }

  /// Lends the address to a call that reads it.
  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafeBytes(of: storage) { bytes in
      // A value always has memory, so the base address is never nil.
      body(bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self), length)
    }
  }

  /// Lends the address to a call that writes it.
  mutating func withMutablePointer<Result>(
    _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
  ) -> Result {
    length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    return withUnsafeMutableBytes(of: &storage) { bytes in
      body(bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self), &length)
    }
  }
}

extension Endpoint {
  /// Reads a socket's address; nil if it is neither IPv4 nor IPv6.
  init?(_ address: UnsafePointer<sockaddr>) {
    let raw = UnsafeRawPointer(address)
    switch CInt(address.pointee.sa_family) {
    case AF_INET:
      let ipv4 = raw.loadUnaligned(as: sockaddr_in.self)
      self.init(
        ipv4: UInt32(bigEndian: ipv4.sin_addr.s_addr),
        port: UInt16(bigEndian: ipv4.sin_port)
      )
    case AF_INET6:
      let ipv6 = raw.loadUnaligned(as: sockaddr_in6.self)
      let (high, low) = withUnsafeBytes(of: ipv6.sin6_addr) { bytes in
        (
          UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
          UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
      }
      self.init(
        ipv6: high,
        low,
        scope: ipv6.sin6_scope_id,
        port: UInt16(bigEndian: ipv6.sin6_port)
      )
    default:
      return nil
    }
  }

  /// Writes the endpoint as a socket of the family given takes it, and returns the size.
  ///
  /// On an IPv6 socket an IPv4 address is mapped (`::ffff:a.b.c.d`). An IPv6 address on an IPv4
  /// socket stays what it is, and the system refuses it.
  func write(to storage: UnsafeMutablePointer<sockaddr_in6>, isIPv6 isIPv6Socket: Bool) -> socklen_t
  {
    guard isIPv6 || isIPv6Socket else {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
      UnsafeMutableRawPointer(storage).storeBytes(of: address, as: sockaddr_in.self)
      return socklen_t(MemoryLayout<sockaddr_in>.size)
    }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = port.bigEndian
    address.sin6_scope_id = scope
    withUnsafeMutableBytes(of: &address.sin6_addr) { bytes in
      bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
      let lower = isIPv6 ? low : 0xFFFF_0000_0000 | low
      bytes.storeBytes(of: lower.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
    storage.pointee = address
    return socklen_t(MemoryLayout<sockaddr_in6>.size)
  }
}
