/// A hash over all that was delivered in a run: equal for equal runs, in any process.
///
/// It tells runs apart by accident, not against an adversary.
package struct RunFingerprint: Sendable, Hashable {
  package private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15

  mutating func absorb(_ word: UInt64) {
    let product = (value ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    value = product.high ^ product.low &+ 0xA076_1D64_78BD_642F
  }

  mutating func absorb(_ bytes: [UInt8]) {
    absorb(UInt64(bytes.count))
    bytes.withUnsafeBytes { buffer in
      var offset = 0
      while offset + 8 <= buffer.count {
        absorb(UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        offset += 8
      }
      var rest: UInt64 = 0
      while offset < buffer.count {
        rest = rest << 8 | UInt64(buffer[offset])
        offset += 1
      }
      absorb(rest)
    }
  }
}
