internal import Glibc
package import GrapevineCore

/// One address of one network interface.
package struct InterfaceAddress: Sendable, Hashable {
  /// The interface's name, such as `eth0`.
  package let name: String
  /// The address, with port 0.
  package let endpoint: Endpoint
  /// Says whether the interface is up and running.
  package let isUp: Bool

  package init(name: String, endpoint: Endpoint, isUp: Bool) {
    self.name = name
    self.endpoint = endpoint
    self.isUp = isUp
  }
}

/// The machine's network interfaces.
package enum Interfaces {
  /// All addresses in the system's order.
  package static func addresses() throws(SystemError) -> [InterfaceAddress] {
    var list: UnsafeMutablePointer<ifaddrs>?
    try System.call("getifaddrs") { getifaddrs(&list) }
    defer { freeifaddrs(list) }
    let up = UInt32(IFF_UP | IFF_RUNNING)
    var addresses: [InterfaceAddress] = []
    var next = list
    while let interface = next?.pointee {
      if let address = interface.ifa_addr, let endpoint = Endpoint(address) {
        addresses.append(
          InterfaceAddress(
            name: String(cString: interface.ifa_name),
            endpoint: endpoint.with(port: 0),
            isUp: interface.ifa_flags & up == up
          )
        )
      }
      next = interface.ifa_next
    }
    return addresses
  }

  /// The address by which others most likely reach this machine; nil if it has none but loopback.
  package static func preferredAddress() throws(SystemError) -> Endpoint? {
    preferredAddress(of: try addresses())
  }

  /// The first IPv4 address, else the first IPv6 address, else the first that is valid on one link
  /// only; interfaces that are down and loopback addresses do not count.
  package static func preferredAddress(of addresses: [InterfaceAddress]) -> Endpoint? {
    let usable = addresses.filter(\.isUp).map(\.endpoint)
      .filter { !$0.isLoopback && !$0.isUnspecified }
    return usable.first { !$0.isIPv6 && !$0.isLinkLocal }
      ?? usable.first { $0.isIPv6 && !$0.isLinkLocal }
      ?? usable.first
  }
}
