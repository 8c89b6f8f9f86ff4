import GrapevineCore
import Testing

@Suite struct `An endpoint's text` {
  @Test(arguments: [
    "0.0.0.0:0", "127.0.0.1:7000", "255.255.255.255:65535", "[::]:0", "[::1]:7000", "[1::]:7000",
    "[2001:db8::8:800:200c:417a]:1", "[1:2:3:4:5:6:7:8]:1",
    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:1",
    "[fe80::1%2]:7000", "[fe80::1%4294967295]:7000",
  ])
  func `in canonical form is printed as it was read`(text: String) throws {
    #expect(try #require(Endpoint(text)).description == text)
  }

  /// Each rule of RFC 5952, section 4.
  @Test(arguments: [
    ("2001:0db8::0001", "2001:db8::1"),
    ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("2001:DB8::ABCD", "2001:db8::abcd"),
    ("0:0:0:0:0:0:0:0", "::"),
    ("0:0:0:0:0:0:0:1", "::1"),
    ("1:0:0:0:0:0:0:0", "1::"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ("::1.2.3.4", "::102:304"),
    ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ("::ffff:192.0.2.33", "192.0.2.33"),
    ("::FFFF:c000:221", "192.0.2.33"),
    ("2001:db8::1%7", "2001:db8::1"),
    ("fe80::1%0", "fe80::1"),
    ("fe80::1%007", "fe80::1%7"),
  ])
  func `of a bare address becomes canonical`(text: String, canonical: String) throws {
    let endpoint = try #require(Endpoint(address: text, port: 80))
    #expect(endpoint.address == canonical)
    #expect(endpoint.port == 80)
    #expect(try #require(Endpoint(address: endpoint.address, port: 80)) == endpoint)
  }

  @Test(arguments: [
    "", " ", ".", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "1.1.1.256",
    "01.2.3.4", "1.2.3.04", "1.2.3.00", "1.2.3.1000", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4",
    "1.2.3.-4",
    "1.2.3.+4", "1,2,3,4", "１.2.3.4", "localhost", "1.2.3.4%1", "1.2.3.4/8",
    ":", ":::", "::1::", "1::2::3", ":1", ":1::", "1:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "12345::", "::g", "::-1", "::+1",
    ":: 1",
    "1:2:3:4:5:6:7:", ":2:3:4:5:6:7:8", "::1.2.3", "::1.2.3.256", "::1.2.3.4:5", "1.2.3.4::",
    "1:2:3:4:5:6:7:1.2.3.4", "[::1]", "fe80::1%", "fe80::1%eth0", "fe80::1%-1",
    "fe80::1%4294967296",
    "fe80::1%1%2", "%1", "::%", "fe80%1::1", "::\u{0}",
  ])
  func `that is no bare address is refused`(text: String) {
    #expect(Endpoint(address: text, port: 1) == nil)
  }

  @Test(arguments: [
    "", ":", "127.0.0.1", "127.0.0.1:", ":7000", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
    "127.0.0.1: 1", "127.0.0.1:1 ", "127.0.0.1:0x1", "127.0.0.1:７", "127.0.0.1:99999999999",
    "127.0.0.1:18446744073709551617", "127.0.0.1:1:2", "[127.0.0.1]:1", "::1", "::1:7000", "[::1]",
    "[::1]:", "[::1]7000", "[::1:7000", "::1]:7000", "[]:1", "[:1", "]:1", "[[::1]]:1", "[ ::1]:1",
    "[::1 ]:1", "[::1]:65536", "[fe80::1%]:1", "[fe80::1%eth0]:1", "[localhost]:1", "localhost:1",
    "1.2.3:1", "[1::2::3]:1", "[::1]]:1", "[::1]:7000\n", "http://127.0.0.1:1",
  ])
  func `that is no address with a port is refused`(text: String) {
    #expect(Endpoint(text) == nil)
  }

  @Test func `of any address and port leads back to it`() {
    var state: UInt64 = 1
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 29
    }
    for round in 0..<2_000 {
      // Sparse halves make runs of zero groups, where the text is shortened.
      let mask = next() & next()
      let port = UInt16(truncatingIfNeeded: next())
      let ipv4 = Endpoint(ipv4: UInt32(truncatingIfNeeded: next()), port: port)
      let ipv6 = Endpoint(ipv6: zeroGroups(next(), mask), zeroGroups(next(), mask >> 8), port: port)
      let local = Endpoint(ipv6: 0xFE80 << 48, next(), scope: UInt32(round), port: port)
      for endpoint in [ipv4, ipv6, local] {
        #expect(Endpoint(endpoint.description) == endpoint)
        #expect(Endpoint(address: endpoint.address, port: port) == endpoint)
      }
    }
  }

  @Test func `is how it is coded`() throws {
    let endpoint = try #require(Endpoint("[fe80::1%2]:7000"))
    #expect(try jsonText(endpoint) == #""[fe80::1%2]:7000""#)
    #expect(try throughJSON(endpoint) == endpoint)
  }

  @Test(arguments: [#""127.0.0.1""#, #""localhost:1""#, "7", "null", "{}", #""""#])
  func `that is none is a decoding error`(json: String) {
    #expect(throws: DecodingError.self) {
      try fromJSON(Endpoint.self, json)
    }
  }
}

/// Clears each 16-bit group of `half` whose bit is clear in `mask`.
private func zeroGroups(_ half: UInt64, _ mask: UInt64) -> UInt64 {
  (0..<4).reduce(half) { result, group in
    mask >> UInt64(group) & 1 == 1 ? result : result & ~(0xFFFF << UInt64(16 * group))
  }
}
