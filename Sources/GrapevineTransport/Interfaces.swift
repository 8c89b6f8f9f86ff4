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

  /// The first IPv4 address that is valid beyond its link, else an IPv6 address that is, else one
  /// of IPv4 that is valid on its link only; the last of those that are as good as each other.
  ///
  /// Interfaces that are down do not count, nor loopback addresses. The rule is ckit's, but for
  /// IPv6 addresses that are valid on their link only: others can't tell on which.
  package static func preferredAddress(of addresses: [InterfaceAddress]) -> Endpoint? {
    var best: (endpoint: Endpoint, rank: Int)?
    for address in addresses where address.isUsable {
      let endpoint = address.endpoint
      let rank = (endpoint.isLinkLocal ? 0 : 2) + (endpoint.isIPv6 ? 0 : 1)
      if rank >= best?.rank ?? 0 { best = (endpoint, rank) }
      if rank == 3 { break }
    }
    return best?.endpoint
  }

  /// The preferred address of the interfaces `names`, in that order.
  ///
  /// - Throws: ``NoUsableAddress``, which says of each why it has none.
  package static func preferredAddress(
    of addresses: [InterfaceAddress],
    named names: [String]
  ) throws(NoUsableAddress) -> Endpoint {
    let chosen = names.flatMap { name in addresses.filter { $0.name == name } }
    if let preferred = preferredAddress(of: chosen) { return preferred }
    throw NoUsableAddress(
      failures: names.map { name in
        let own = addresses.filter { $0.name == name }
        let reason =
          own.isEmpty
          ? "there is no such interface, or it has no address"
          : own.contains(where: \.isUp)
            ? "it has none but \(own.map(\.endpoint.address).joined(separator: " and "))"
            : "it is down"
        return (name, reason)
      }
    )
  }
}

extension InterfaceAddress {
  /// Says whether others may reach the machine by it.
  fileprivate var isUsable: Bool {
    isUp && !endpoint.isLoopback && !endpoint.isUnspecified
      && !(endpoint.isIPv6 && endpoint.isLinkLocal)
  }
}

/// No interface of those that were named has an address that others can reach.
package struct NoUsableAddress: Error, CustomStringConvertible {
  package let failures: [(name: String, reason: String)]

  /// What is wrong with each interface.
  package var description: String {
    failures.map { "\($0.name): \($0.reason)" }.joined(separator: "; ")
  }
}
