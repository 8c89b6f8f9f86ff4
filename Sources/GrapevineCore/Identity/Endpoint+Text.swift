extension Endpoint: LosslessStringConvertible {
  /// Reads `127.0.0.1:7000`, `[::1]:7000` or `[fe80::1%2]:7000`; nil if `text` is none of these.
  public init?(_ text: String) {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
      let port = Self.decimal(text.utf8[text.utf8.index(after: colon)...], maximum: 65_535)
    else { return nil }
    var host = text[..<colon]
    if host.utf8.first == UInt8(ascii: "[") {
      guard host.utf8.last == UInt8(ascii: "]") else { return nil }
      host = host.dropFirst().dropLast()
      guard host.utf8.contains(UInt8(ascii: ":")) else { return nil }
    } else if host.utf8.contains(UInt8(ascii: ":")) {
      return nil
    }
    self.init(address: String(host), port: UInt16(port))
  }

  /// Reads a bare address, `10.1.2.3` or `fe80::1%2` (an interface's number after the `%`).
  public init?(address text: String, port: UInt16) {
    if text.utf8.contains(UInt8(ascii: ":")) {
      let parts = text.utf8.split(
        separator: UInt8(ascii: "%"),
        maxSplits: 1,
        omittingEmptySubsequences: false
      )
      var scope: UInt64 = 0
      if parts.count == 2 {
        guard let number = Self.decimal(parts[1], maximum: UInt64(UInt32.max)) else { return nil }
        scope = number
      }
      guard let (high, low) = Self.ipv6(Array(parts[0])) else { return nil }
      self.init(ipv6: high, low, scope: UInt32(scope), port: port)
    } else {
      guard let number = Self.ipv4(Array(text.utf8)) else { return nil }
      self.init(ipv4: number, port: port)
    }
  }

  /// The endpoint as `127.0.0.1:7000` or `[::1]:7000`.
  public var description: String {
    isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)"
  }

  /// The address alone, in the canonical form of RFC 5952.
  public var address: String {
    guard isIPv6 else {
      return "\(low >> 24).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)"
    }
    let groups = (0..<8).map { group in
      (group < 4 ? high >> (48 - 16 * group) : low >> (48 - 16 * (group - 4))) & 0xFFFF
    }
    var best = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start > max(1, best.count) { best = start..<end }
      start = max(end, start + 1)
    }
    let hex = groups.map { String($0, radix: 16) }
    let suffix = scope == 0 ? "" : "%\(scope)"
    guard !best.isEmpty else { return hex.joined(separator: ":") + suffix }
    return hex[..<best.lowerBound].joined(separator: ":") + "::"
      + hex[best.upperBound...].joined(separator: ":") + suffix
  }

  private static func decimal(_ digits: Substring.UTF8View, maximum: UInt64) -> UInt64? {
    guard !digits.isEmpty, digits.count <= 10 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard digit >= 48, digit <= 57 else { return nil }
      value = value * 10 + UInt64(digit - 48)
    }
    return value <= maximum ? value : nil
  }

  private static func ipv4(_ text: [UInt8]) -> UInt32? {
    var address: UInt32 = 0
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    for part in parts {
      guard !part.isEmpty, part.count <= 3, part.count == 1 || part.first != 48 else { return nil }
      var value: UInt32 = 0
      for digit in part {
        guard digit >= 48, digit <= 57 else { return nil }
        value = value * 10 + UInt32(digit - 48)
      }
      guard value <= 255 else { return nil }
      address = address << 8 | value
    }
    return address
  }

  private static func ipv6(_ text: [UInt8]) -> (UInt64, UInt64)? {
    var head: [UInt64] = []
    var tail: [UInt64] = []
    var hasGap = false
    var index = 0
    if text.starts(with: [58, 58]) {
      hasGap = true
      index = 2
    }
    while index < text.count {
      var end = index
      while end < text.count, text[end] != 58 { end += 1 }
      guard let groups = Self.groups(text[index..<end], isLast: end == text.count) else {
        return nil
      }
      if hasGap { tail += groups } else { head += groups }
      guard head.count + tail.count <= 8 else { return nil }
      index = end
      guard index < text.count else { break }
      index += 1
      if index < text.count, text[index] == 58 {
        guard !hasGap else { return nil }
        hasGap = true
        index += 1
      } else if index == text.count {
        return nil
      }
    }
    let count = head.count + tail.count
    guard hasGap ? count <= 7 : count == 8 else { return nil }
    let all = head + [UInt64](repeating: 0, count: 8 - count) + tail
    return (
      all[0] << 48 | all[1] << 32 | all[2] << 16 | all[3],
      all[4] << 48 | all[5] << 32 | all[6] << 16 | all[7]
    )
  }

  private static func groups(_ text: ArraySlice<UInt8>, isLast: Bool) -> [UInt64]? {
    if isLast, text.contains(UInt8(ascii: ".")) {
      guard let embedded = ipv4(Array(text)) else { return nil }
      return [UInt64(embedded >> 16), UInt64(embedded & 0xFFFF)]
    }
    guard !text.isEmpty, text.count <= 4 else { return nil }
    var value: UInt64 = 0
    for byte in text {
      switch byte {
      case 48...57: value = value << 4 | UInt64(byte - 48)
      case 65...70: value = value << 4 | UInt64(byte - 55)
      case 97...102: value = value << 4 | UInt64(byte - 87)
      default: return nil
      }
    }
    return [value]
  }
}

extension Endpoint: Codable {
  /// Reads the endpoint from its text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let endpoint = Endpoint(text) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "“\(text)” is not an address with a port"
      )
    }
    self = endpoint
  }

  /// Writes the endpoint as its text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
