import GrapevineCore
import Testing

@Suite struct `An endpoint` {
  @Test func `made of a mapped address is the IPv4 endpoint`() {
    let mapped = Endpoint(ipv6: 0, 0xFFFF_0A01_0203, port: 7000)
    #expect(mapped == Endpoint(ipv4: 0x0A01_0203, port: 7000))
    #expect(!mapped.isIPv6)
    #expect(mapped.description == "10.1.2.3:7000")
  }

  @Test func `next to the mapped range stays an IPv6 one`() {
    #expect(Endpoint(ipv6: 0, 0xFFFE_0A01_0203, port: 1).isIPv6)
    #expect(Endpoint(ipv6: 0, 0x1_FFFF_0A01_0203, port: 1).isIPv6)
    #expect(Endpoint(ipv6: 1, 0xFFFF_0A01_0203, port: 1).isIPv6)
    #expect(Endpoint(ipv6: 0, 0x0A01_0203, port: 1).isIPv6)
  }

  @Test func `keeps a scope only where the address is link-local`() {
    #expect(Endpoint(ipv6: 0xFE80 << 48, 1, scope: 3, port: 1).scope == 3)
    #expect(Endpoint(ipv6: 0xFEBF << 48, 1, scope: 3, port: 1).scope == 3)
    #expect(Endpoint(ipv6: 0xFEC0 << 48, 1, scope: 3, port: 1).scope == 0)
    #expect(Endpoint(ipv6: 0x2001 << 48, 1, scope: 3, port: 1).scope == 0)
    #expect(
      Endpoint(ipv6: 0x2001 << 48, 1, scope: 3, port: 1) == Endpoint(ipv6: 0x2001 << 48, 1, port: 1)
    )
  }

  @Test func `of one address with another scope is another`() {
    let first = Endpoint(ipv6: 0xFE80 << 48, 1, scope: 2, port: 1)
    let second = Endpoint(ipv6: 0xFE80 << 48, 1, scope: 3, port: 1)
    #expect(first != second)
    #expect(first < second)
  }

  @Test(arguments: ["10.0.0.1:1", "[2001:db8::1]:1", "[fe80::1%4]:1", "[::]:1"])
  func `takes another port and nothing else`(text: String) throws {
    let endpoint = try #require(Endpoint(text))
    let moved = endpoint.with(port: 65_535)
    #expect(moved.port == 65_535)
    #expect(moved.address == endpoint.address)
    #expect(moved.isIPv6 == endpoint.isIPv6)
    #expect(moved.with(port: 1) == endpoint)
  }

  @Test func `knows the unspecified address of either family`() throws {
    #expect(try #require(Endpoint("0.0.0.0:7000")).isUnspecified)
    #expect(try #require(Endpoint("[::]:7000")).isUnspecified)
    #expect(try #require(Endpoint("[::ffff:0.0.0.0]:7000")).isUnspecified)
    #expect(try !#require(Endpoint("0.0.0.1:7000")).isUnspecified)
    #expect(try #require(Endpoint("0.0.0.0:1")) != #require(Endpoint("[::]:1")))
  }

  @Test(arguments: [
    ("127.0.0.1:1", true), ("127.255.255.255:1", true), ("[::1]:1", true),
    ("[::ffff:127.0.0.1]:1", true), ("126.255.255.255:1", false), ("128.0.0.0:1", false),
    ("[::2]:1", false), ("[1::1]:1", false), ("0.0.0.1:1", false),
  ])
  func `knows what loops back`(text: String, expected: Bool) throws {
    #expect(try #require(Endpoint(text)).isLoopback == expected)
  }

  @Test(arguments: [
    ("169.254.0.0:1", true), ("169.254.255.255:1", true), ("169.253.255.255:1", false),
    ("169.255.0.0:1", false), ("[fe80::]:1", true), ("[febf:ffff::1]:1", true),
    ("[fec0::1]:1", false), ("[fe7f::1]:1", false),
  ])
  func `knows what is link-local`(text: String, expected: Bool) throws {
    #expect(try #require(Endpoint(text)).isLinkLocal == expected)
  }

  @Test func `orders by family, address, port and scope, in that order`() throws {
    let sorted = try [
      "0.0.0.0:9", "9.255.255.255:9", "10.0.0.0:1", "10.0.0.0:2", "255.255.255.255:1",
      "[::]:1", "[::1]:1", "[::1]:2", "[::1:0]:1", "[1::]:1", "[fe80::1]:1", "[fe80::1%1]:1",
      "[fe80::1]:2", "[fe80::2]:1", "[ffff::]:1",
    ].map { try #require(Endpoint($0)) }
    for (index, endpoint) in sorted.enumerated() {
      #expect(!(endpoint < endpoint))
      for later in sorted[(index + 1)...] {
        #expect(endpoint < later, "\(endpoint) and \(later)")
        #expect(!(later < endpoint), "\(endpoint) and \(later)")
      }
    }
  }
}
