import GrapevineHashing

/// The place of something in the space that the members of a cluster share among them.
///
/// It is the XXH64 of a name or of bytes, with seed 0: the same on every machine, and the same as
/// ckit's `shard.Key`.
public struct ShardKey: Hashable, Sendable, Codable {
  /// The place, from 0 to 2⁶⁴−1.
  public let rawValue: UInt64

  /// Creates a key of a place that is known already.
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// Creates the key of the UTF-8 bytes of `string`.
  ///
  /// - Complexity: O(number of bytes).
  public init(_ string: String) {
    rawValue = XXH64.hash(string.utf8)
  }

  /// Creates the key of `bytes`.
  ///
  /// - Complexity: O(number of bytes).
  public init(bytes: some Sequence<UInt8>) {
    rawValue = XXH64.hash(bytes)
  }
}

extension ShardKey: Comparable {
  /// Says whether the first lies before the second.
  public static func < (first: ShardKey, second: ShardKey) -> Bool {
    first.rawValue < second.rawValue
  }
}

extension ShardKey: CustomStringConvertible {
  /// The place as 16 hexadecimal digits.
  public var description: String {
    let digits = String(rawValue, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension ShardKey {
  /// Makes a key out of pieces, which count as if they were one.
  ///
  /// ```swift
  /// var builder = ShardKey.Builder()
  /// builder.append("tenant-7/")
  /// builder.append("invoices")
  /// let key = builder.key  // ShardKey("tenant-7/invoices")
  /// ```
  public struct Builder: Sendable {
    private var stream = XXH64.Stream()

    /// Creates a builder with no bytes.
    public init() {}

    /// Adds the UTF-8 bytes of a string.
    ///
    /// - Complexity: O(number of bytes).
    public mutating func append(_ string: String) {
      stream.append(contentsOf: string.utf8)
    }

    /// Adds bytes.
    ///
    /// - Complexity: O(number of bytes).
    public mutating func append(bytes: some Sequence<UInt8>) {
      stream.append(contentsOf: bytes)
    }

    /// The key of what was added until now; reading it changes nothing.
    public var key: ShardKey { ShardKey(rawValue: stream.value) }

    /// Forgets what was added.
    public mutating func reset() {
      stream.reset()
    }
  }
}
