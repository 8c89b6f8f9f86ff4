import GrapevineCore
import Testing

struct VarintTests {
  private static func read(_ bytes: [UInt8]) throws(MalformedDatagram) -> UInt64 {
    var reader = WireReader(0..<bytes.count)
    let value = try reader.varint(bytes.span)
    guard reader.isAtEnd else { throw .malformed }
    return value
  }

  @Test func `numbers around every power of two come back, in as many bytes as announced`() throws {
    var values: [UInt64] = [0, 1, .max]
    for shift in 1..<64 as Range<UInt64> {
      values += [(1 << shift) - 1, 1 << shift, (1 << shift) + 1]
    }
    for value in values {
      var bytes: [UInt8] = []
      bytes.appendVarint(value)
      #expect(bytes.count == varintSize(value))
      #expect(try Self.read(bytes) == value)
    }
  }

  @Test func `the size grows by one with each seven bits`() {
    #expect(varintSize(0) == 1 && varintSize(127) == 1)
    for count in 1...8 as ClosedRange<UInt64> {
      #expect(varintSize((1 << (7 * count)) - 1) == Int(count))
      #expect(varintSize(1 << (7 * count)) == Int(count) + 1)
    }
    #expect(varintSize(.max) == 10)
  }

  @Test(
    arguments: [
      [], [0x80], [0xFF, 0xFF], [0x80, 0x00], [0xFF, 0x00], [0x81, 0x80, 0x00],
      Array(repeating: 0xFF, count: 9) + [0x02],
      Array(repeating: 0xFF, count: 9) + [0x7F],
      Array(repeating: 0x80, count: 9) + [0x00],
      Array(repeating: 0x80, count: 10) + [0x01],
      Array(repeating: 0xFF, count: 11),
    ] as [[UInt8]]
  )
  func `what is cut off, too large or not in its shortest form is refused`(bytes: [UInt8]) {
    #expect(throws: MalformedDatagram.malformed) { try Self.read(bytes) }
  }

  @Test func `a count above its limit is refused`() throws {
    let bytes: [UInt8] = [200, 1]
    var reader = WireReader(0..<2)
    #expect(try reader.count(bytes.span, limit: 200) == 200)
    reader = WireReader(0..<2)
    #expect(throws: MalformedDatagram.malformed) { try reader.count(bytes.span, limit: 199) }
  }

  @Test func `numbers of fixed size lie with the lowest byte first`() throws {
    for size in 0...8 {
      var bytes: [UInt8] = []
      bytes.appendFixed(0x8877_6655_4433_2211, size: size)
      #expect(bytes == Array([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88].prefix(size)))
      var reader = WireReader(0..<size)
      let mask: UInt64 = size == 8 ? .max : (1 << UInt64(8 * size)) - 1
      #expect(try reader.fixed(bytes.span, size: size) == 0x8877_6655_4433_2211 & mask)
      #expect(throws: MalformedDatagram.malformed) { try reader.fixed(bytes.span, size: 1) }
    }
  }
}
