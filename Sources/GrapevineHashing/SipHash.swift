/// SipHash-1-3 (Aumasson, Bernstein 2012): a keyed hash for tables that an adversary fills.
///
/// Its values depend on the secret keys: they decide where a key lies in a table, nothing else.
public struct SipHash: Sendable, Equatable {
  private let key0: UInt64
  private let key1: UInt64

  /// Creates a hash function from two secret words.
  public init(key0: UInt64, key1: UInt64) {
    self.key0 = key0
    self.key1 = key1
  }

  /// Returns the hash of the first `count` bytes of `bytes`.
  ///
  /// - Precondition: `count <= bytes.count`.
  /// - Complexity: O(`count`).
  public func hash(_ bytes: [UInt8], count: Int) -> UInt64 {
    precondition(count <= bytes.count, "\(count) of \(bytes.count) bytes")
    return bytes.withUnsafeBytes { hash(UnsafeRawBufferPointer(rebasing: $0[0..<count])) }
  }

  /// Returns the hash of the `range` of `bytes`.
  ///
  /// - Complexity: O(`range.count`).
  public func hash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
    bytes.extracting(range).withUnsafeBytes { hash($0) }
  }

  private func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var v0 = key0 ^ 0x736F_6D65_7073_6575
    var v1 = key1 ^ 0x646F_7261_6E64_6F6D
    var v2 = key0 ^ 0x6C79_6765_6E65_7261
    var v3 = key1 ^ 0x7465_6462_7974_6573
    func round() {
      v0 = v0 &+ v1
      v1 = Self.rotate(v1, 13) ^ v0
      v0 = Self.rotate(v0, 32)
      v2 = v2 &+ v3
      v3 = Self.rotate(v3, 16) ^ v2
      v0 = v0 &+ v3
      v3 = Self.rotate(v3, 21) ^ v0
      v2 = v2 &+ v1
      v1 = Self.rotate(v1, 17) ^ v2
      v2 = Self.rotate(v2, 32)
    }
    var offset = 0
    while offset + 8 <= bytes.count {
      let word = UInt64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      )
      v3 ^= word
      round()
      v0 ^= word
      offset += 8
    }
    var last = UInt64(truncatingIfNeeded: bytes.count) << 56
    var shift: UInt64 = 0
    while offset < bytes.count {
      last |= UInt64(bytes[offset]) << shift
      shift += 8
      offset += 1
    }
    v3 ^= last
    round()
    v0 ^= last
    v2 ^= 0xFF
    round()
    round()
    round()
    return v0 ^ v1 ^ v2 ^ v3
  }

  private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
    (value << count) | (value >> (64 - count))
  }
}
