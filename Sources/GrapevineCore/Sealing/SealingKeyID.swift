/// The number of a key that seals packets, 4 bytes that say nothing of the key itself.
public struct SealingKeyID: RawRepresentable, Hashable, Sendable {
  /// The number.
  public let rawValue: UInt32

  /// Creates the identity of the key with this number.
  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }
}

extension SealingKeyID: Comparable {
  /// Says whether the first number is the lower one.
  public static func < (first: SealingKeyID, second: SealingKeyID) -> Bool {
    first.rawValue < second.rawValue
  }
}

extension SealingKeyID: LosslessStringConvertible {
  /// Reads eight hexadecimal digits; nil if it is anything else.
  public init?(_ text: String) {
    guard text.utf8.count == 8, text.utf8.allSatisfy(Self.isDigit),
      let number = UInt32(text, radix: 16)
    else { return nil }
    rawValue = number
  }

  /// The number as eight hexadecimal digits.
  public var description: String {
    let digits = String(rawValue, radix: 16)
    return String(repeating: "0", count: 8 - digits.utf8.count) + digits
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
    default: false
    }
  }
}

extension SealingKeyID: Codable {
  /// Reads eight hexadecimal digits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let id = SealingKeyID(text) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "“\(text)” is not eight hexadecimal digits"
      )
    }
    self = id
  }

  /// Writes eight hexadecimal digits.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
