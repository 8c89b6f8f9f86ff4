/// Bytes on their way to the network.
extension [UInt8] {
  /// Appends the lowest `size` bytes of `value`, the lowest first.
  package mutating func appendFixed(_ value: UInt64, size: Int) {
    var rest = value
    for _ in 0..<size {
      append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  /// Appends `value` as LEB128 in its shortest form.
  package mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Overwrites `size` bytes at `offset` with the lowest bytes of `value`, the lowest first.
  package mutating func overwrite(at offset: Int, _ value: Int, size: Int) {
    precondition(value >> (8 * size) == 0, "\(value) does not fit in \(size) bytes")
    for index in 0..<size {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }
}

/// The number of bytes that `value` takes as LEB128.
package func varintSize(_ value: UInt64) -> Int {
  value == 0 ? 1 : (70 - value.leadingZeroBitCount) / 7
}
