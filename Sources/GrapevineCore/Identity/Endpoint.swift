/// An IPv4 or IPv6 address with a port.
///
/// An IPv4 address that came mapped into IPv6 (`::ffff:a.b.c.d`) is the IPv4 address.
public struct Endpoint: Hashable, Sendable {
  /// The upper eight bytes of an IPv6 address, zero for IPv4.
  package let high: UInt64
  /// The lower eight bytes of an IPv6 address, or the four of an IPv4 address.
  package let low: UInt64
  /// The interface that a link-local IPv6 address belongs to, else zero.
  ///
  /// It has a meaning on one machine only and never travels.
  package let scope: UInt32
  /// The UDP and TCP port.
  public let port: UInt16
  /// Says whether the address is an IPv6 one.
  public let isIPv6: Bool

  /// Creates an IPv4 endpoint from the address's number, the first byte uppermost.
  public init(ipv4 address: UInt32, port: UInt16) {
    high = 0
    low = UInt64(address)
    scope = 0
    self.port = port
    isIPv6 = false
  }

  /// Creates an IPv6 endpoint from the two halves of the address, the first byte uppermost.
  public init(ipv6 high: UInt64, _ low: UInt64, scope: UInt32 = 0, port: UInt16) {
    let isMapped = high == 0 && low >> 32 == 0xFFFF
    self.high = high
    self.low = isMapped ? low & 0xFFFF_FFFF : low
    self.scope = high >> 54 == 0x3FA ? scope : 0
    self.port = port
    isIPv6 = !isMapped
  }

  /// The same address with another port.
  public func with(port: UInt16) -> Endpoint {
    isIPv6
      ? Endpoint(ipv6: high, low, scope: scope, port: port)
      : Endpoint(ipv4: UInt32(truncatingIfNeeded: low), port: port)
  }

  /// Says whether this is the address that stands for all of a host's addresses.
  public var isUnspecified: Bool { high == 0 && low == 0 }

  /// Says whether a host reaches only itself by this address.
  public var isLoopback: Bool {
    isIPv6 ? high == 0 && low == 1 : low >> 24 == 127
  }

  /// Says whether the address is valid on one link only.
  public var isLinkLocal: Bool {
    isIPv6 ? high >> 54 == 0x3FA : low >> 16 == 0xA9FE
  }
}

extension Endpoint: Comparable {
  /// Orders IPv4 before IPv6, then by address, port and scope.
  public static func < (first: Endpoint, second: Endpoint) -> Bool {
    if first.isIPv6 != second.isIPv6 { return second.isIPv6 }
    if first.high != second.high { return first.high < second.high }
    if first.low != second.low { return first.low < second.low }
    if first.port != second.port { return first.port < second.port }
    return first.scope < second.scope
  }
}
