import GrapevineSharding
import Testing

struct ShardKeyTests {
  @Test(
    arguments: [
      ("", 0xEF46_DB37_51D8_E999), ("some-key", 0x66B0_D5A2_7691_CE93),
      ("example-key", 0x568B_6F4C_91A9_9400), ("Hello, world!", 0xF583_36A7_8B6F_9476),
    ] as [(String, UInt64)]
  )
  func `a key is the XXH64 of its name`(name: String, value: UInt64) {
    #expect(ShardKey(name).rawValue == value)
    #expect(ShardKey(bytes: Array(name.utf8)).rawValue == value)
  }

  @Test func `a builder takes pieces of any size, is read repeatedly, and begins anew`() {
    let bytes = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    for piece in [1, 3, 7, 8, 31, 32, 33, 64, 200] {
      var builder = ShardKey.Builder()
      for start in stride(from: 0, to: bytes.count, by: piece) {
        let end = min(start + piece, bytes.count)
        builder.append(bytes: bytes[start..<end])
        #expect(builder.key == ShardKey(bytes: bytes[..<end]))
        #expect(builder.key == ShardKey(bytes: bytes[..<end]))
      }
      builder.reset()
      #expect(builder.key == ShardKey(""))
      builder.append("some")
      builder.append("-key")
      #expect(builder.key == ShardKey("some-key"))
    }
  }
}
