/// XXH64, the 64-bit xxHash of Yann Collet (specification 0.1.1), over whole byte sequences.
///
/// The same input and seed give the same hash on every machine, so its values may go on the wire.
public enum XXH64 {
  @usableFromInline static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  @usableFromInline static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  @usableFromInline static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  @usableFromInline static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  @usableFromInline static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  /// Returns the hash of `bytes`.
  ///
  /// - Complexity: O(`bytes.count`).
  public static func hash(_ bytes: some Sequence<UInt8>, seed: UInt64 = 0) -> UInt64 {
    if let hash = bytes.withContiguousStorageIfAvailable({
      hash(UnsafeRawBufferPointer($0), seed: seed)
    }) {
      return hash
    }
    return hash(Array(bytes), seed: seed)
  }

  /// Returns the hash of the UTF-8 of `text`.
  ///
  /// - Complexity: O(`text.utf8.count`).
  public static func hash(_ text: String) -> UInt64 { hash(text.utf8) }

  /// Returns the hash of the first `count` bytes of two words, the lowest byte of each first.
  ///
  /// - Precondition: `count` is from 0 to 16.
  public static func hash(_ first: UInt64, _ second: UInt64, count: Int) -> UInt64 {
    precondition(0...16 ~= count, "\(count) bytes of two words")
    var result = prime5 &+ UInt64(truncatingIfNeeded: count)
    if count >= 8 { result = mixWord(result, first) }
    if count == 16 { return avalanche(mixWord(result, second)) }
    return avalanche(mixRest(result, count < 8 ? first : second, count & 7))
  }

  /// Mixes in the last `count` bytes, fewer than 8.
  static func mixRest(_ result: UInt64, _ word: UInt64, _ count: Int) -> UInt64 {
    var (result, word, left) = (result, word, count)
    if left >= 4 {
      result = mixHalf(result, word & 0xFFFF_FFFF)
      word >>= 32
      left -= 4
    }
    while left > 0 {
      result = mixByte(result, word & 0xFF)
      word >>= 8
      left -= 1
    }
    return result
  }

  static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var offset = 0
    let count = bytes.count
    var result: UInt64
    if count >= 32 {
      var lane1 = seed &+ prime1 &+ prime2
      var lane2 = seed &+ prime2
      var lane3 = seed
      var lane4 = seed &- prime1
      while offset + 32 <= count {
        lane1 = round(lane1, word(bytes, offset))
        lane2 = round(lane2, word(bytes, offset + 8))
        lane3 = round(lane3, word(bytes, offset + 16))
        lane4 = round(lane4, word(bytes, offset + 24))
        offset += 32
      }
      result = merge(lane1, lane2, lane3, lane4)
    } else {
      result = seed &+ prime5
    }
    result = result &+ UInt64(truncatingIfNeeded: count)
    while offset + 8 <= count {
      result = mixWord(result, word(bytes, offset))
      offset += 8
    }
    if offset + 4 <= count {
      let half = UInt64(
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      )
      result = mixHalf(result, half)
      offset += 4
    }
    while offset < count {
      result = mixByte(result, UInt64(bytes[offset]))
      offset += 1
    }
    return avalanche(result)
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// What the four lanes of all whole stripes come to.
  static func merge(
    _ lane1: UInt64,
    _ lane2: UInt64,
    _ lane3: UInt64,
    _ lane4: UInt64
  ) -> UInt64 {
    var result = rotate(lane1, 1) &+ rotate(lane2, 7) &+ rotate(lane3, 12) &+ rotate(lane4, 18)
    result = (result ^ round(0, lane1)) &* prime1 &+ prime4
    result = (result ^ round(0, lane2)) &* prime1 &+ prime4
    result = (result ^ round(0, lane3)) &* prime1 &+ prime4
    return (result ^ round(0, lane4)) &* prime1 &+ prime4
  }

  static func mixWord(_ result: UInt64, _ word: UInt64) -> UInt64 {
    rotate(result ^ round(0, word), 27) &* prime1 &+ prime4
  }

  static func mixHalf(_ result: UInt64, _ half: UInt64) -> UInt64 {
    rotate(result ^ (half &* prime1), 23) &* prime2 &+ prime3
  }

  static func mixByte(_ result: UInt64, _ byte: UInt64) -> UInt64 {
    rotate(result ^ (byte &* prime5), 11) &* prime1
  }

  static func round(_ accumulator: UInt64, _ input: UInt64) -> UInt64 {
    rotate(accumulator &+ input &* prime2, 31) &* prime1
  }

  private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
    (value << count) | (value >> (64 - count))
  }

  static func avalanche(_ value: UInt64) -> UInt64 {
    var result = (value ^ (value >> 33)) &* prime2
    result = (result ^ (result >> 29)) &* prime3
    return result ^ (result >> 32)
  }
}
