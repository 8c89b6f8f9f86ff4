/// A place in bytes from the network, moved forward by reading; never past `end`.
///
/// Nothing here allocates, and no byte can make it trap: what does not fit throws.
package struct WireReader: Sendable {
  package private(set) var offset: Int
  package let end: Int

  package init(_ range: Range<Int>) {
    offset = range.lowerBound
    end = range.upperBound
  }

  package var remaining: Int { end - offset }
  package var isAtEnd: Bool { offset == end }

  /// The next `count` bytes as a range, which is skipped.
  @inline(__always)
  package mutating func skip(_ count: Int) throws(MalformedDatagram) -> Range<Int> {
    guard count >= 0, count <= remaining else { throw .malformed }
    let start = offset
    offset += count
    return start..<offset
  }

  @inline(__always)
  package mutating func byte(_ bytes: Span<UInt8>) throws(MalformedDatagram) -> UInt8 {
    guard offset < end else { throw .malformed }
    let byte = bytes[offset]
    offset += 1
    return byte
  }

  /// A little-endian number of `size` bytes, at most eight.
  @inline(__always)
  package mutating func fixed(
    _ bytes: Span<UInt8>,
    size: Int
  ) throws(MalformedDatagram) -> UInt64 {
    // With the bounds looked at once, and a size that the caller writes down, this is one load.
    let part = bytes.extracting(try skip(size))
    switch size {
    case 8: return part.littleEndian(0, size: 8)
    case 4: return part.littleEndian(0, size: 4)
    case 3: return part.littleEndian(0, size: 3)
    case 2: return part.littleEndian(0, size: 2)
    default: return part.littleEndian(0, size: size)
    }
  }

  /// A LEB128 number in its shortest form.
  @inline(__always)
  package mutating func varint(_ bytes: Span<UInt8>) throws(MalformedDatagram) -> UInt64 {
    // Most have a single byte.
    guard offset < end, bytes[offset] >= 0x80 else { return UInt64(try byte(bytes)) }
    return try longVarint(bytes)
  }

  private mutating func longVarint(_ bytes: Span<UInt8>) throws(MalformedDatagram) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte(bytes)
      guard shift < 63 || next <= 1 else { throw .malformed }
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 {
        guard next != 0 || shift == 0 else { throw .malformed }
        return value
      }
      shift += 7
      guard shift <= 63 else { throw .malformed }
    }
  }

  /// A LEB128 number that must not exceed `limit`.
  package mutating func count(
    _ bytes: Span<UInt8>,
    limit: Int
  ) throws(MalformedDatagram) -> Int {
    let value = try varint(bytes)
    guard value <= UInt64(limit) else { throw .malformed }
    return Int(value)
  }
}

extension Span<UInt8> {
  /// The little-endian number of `size` bytes at `offset`.
  @inline(__always)
  fileprivate func littleEndian(_ offset: Int, size: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<size { value |= UInt64(self[offset + index]) << UInt64(8 * index) }
    return value
  }
}

/// Says whether the `range` of `bytes` is well-formed UTF-8 (Unicode 16, table 3-7).
package func isUTF8(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
  var index = range.lowerBound
  // Eight bytes of ASCII at a time.
  while range.upperBound - index >= 8,
    bytes.extracting(index..<index + 8).littleEndian(0, size: 8) & 0x8080_8080_8080_8080 == 0
  {
    index += 8
  }
  while index < range.upperBound {
    let lead = bytes[index]
    index += 1
    if lead < 0x80 { continue }
    var tail: Int
    var lower: UInt8 = 0x80
    var upper: UInt8 = 0xBF
    switch lead {
    case 0xC2...0xDF: tail = 1
    case 0xE0...0xEF:
      tail = 2
      if lead == 0xE0 { lower = 0xA0 }
      if lead == 0xED { upper = 0x9F }
    case 0xF0...0xF4:
      tail = 3
      if lead == 0xF0 { lower = 0x90 }
      if lead == 0xF4 { upper = 0x8F }
    default: return false
    }
    guard tail <= range.upperBound - index else { return false }
    guard bytes[index] >= lower, bytes[index] <= upper else { return false }
    index += 1
    tail -= 1
    while tail > 0 {
      guard bytes[index] & 0xC0 == 0x80 else { return false }
      index += 1
      tail -= 1
    }
  }
  return true
}

/// The `range` of `bytes` as an array.
package func copy(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
  [UInt8](capacity: range.count) { output in
    for index in range { output.append(bytes[index]) }
  }
}
