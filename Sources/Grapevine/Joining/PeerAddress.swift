package import GrapevineCore

/// An address of another node as a user writes it.
package enum PeerAddress: Hashable, Sendable {
  case endpoint(Endpoint)
  case host(String, port: UInt16)

  /// What a right one looks like.
  package static var rule: String {
    "an IPv4 address, an IPv6 address or a host name, with or without a port"
  }

  /// Reads `10.1.2.3`, `10.1.2.3:7000`, `::1`, `[::1]`, `[::1]:7000`, `host` or `host:7000`; nil if
  /// `text` is none of these.
  package init?(_ text: String, defaultPort: UInt16) {
    if let endpoint = Endpoint(text) ?? Endpoint(address: text, port: defaultPort) {
      guard endpoint.port != 0, !endpoint.isUnspecified else { return nil }
      self = .endpoint(endpoint)
      return
    }
    if text.utf8.first == UInt8(ascii: "["), text.utf8.last == UInt8(ascii: "]") {
      let address = String(text.dropFirst().dropLast())
      guard address.utf8.contains(UInt8(ascii: ":")) else { return nil }
      self.init(address, defaultPort: defaultPort)
      return
    }
    let parts = text.utf8.split(
      separator: UInt8(ascii: ":"),
      maxSplits: 1,
      omittingEmptySubsequences: false
    )
    guard let name = parts.first, Self.isHostName(name) else { return nil }
    var port = defaultPort
    if parts.count == 2 {
      guard parts[1].allSatisfy(Self.isDigit), let number = UInt16(Substring(parts[1])) else {
        return nil
      }
      port = number
    }
    guard port != 0 else { return nil }
    self = .host(String(Substring(name)), port: port)
  }

  /// Says whether `name` can be a host's: the resolver would also take `1.2.3`, for the IPv4
  /// address 1.2.0.3, so a last label of digits alone is refused.
  private static func isHostName(_ name: Substring.UTF8View) -> Bool {
    guard (1...253).contains(name.count) else { return false }
    let labels = name.split(separator: UInt8(ascii: "."))
    guard let last = labels.last, !last.allSatisfy(isDigit) else { return false }
    return name.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
      default: isDigit(byte)
      }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
