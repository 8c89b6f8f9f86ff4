import Grapevine
import Testing

@Suite struct PeerAddressTests {
  @Test(
    arguments: [
      ("10.1.2.3", "10.1.2.3:7000"), ("10.1.2.3:80", "10.1.2.3:80"), ("::1", "[::1]:7000"),
      ("[::1]", "[::1]:7000"), ("[::1]:80", "[::1]:80"), ("fe80::1%2", "[fe80::1%2]:7000"),
    ])
  func `An address may come with or without a port`(_ text: String, _ endpoint: String) throws {
    #expect(PeerAddress(text, defaultPort: 7_000) == .endpoint(try #require(Endpoint(endpoint))))
  }

  @Test(
    arguments: [
      ("web-1", "web-1", 7_000), ("web.example.org:80", "web.example.org", 80),
      ("a_b.example.", "a_b.example.", 7_000), ("127.0.0.1.example", "127.0.0.1.example", 7_000),
    ])
  func `A host name may come with or without a port`(
    _ text: String,
    _ host: String,
    _ port: UInt16
  ) {
    #expect(PeerAddress(text, defaultPort: 7_000) == .host(host, port: port))
  }

  @Test(
    arguments: [
      "", ":", ":80", "web:", "web:x", "web:65536", "web:+80", "web:80:90", "10.1.2.3:0", "web:0",
      "10.1.2.300", "1.2.3", "256", "a b", "a\u{0}b", "http://web", "é.example", "[web]:80",
      "[::1", "::1]", "[]", "[::1]80", "0.0.0.0:80", "[::]:80", "::g", "fe80::1%eth0",
      String(repeating: "a", count: 254),
    ])
  func `What is neither is refused`(_ text: String) {
    #expect(PeerAddress(text, defaultPort: 7_000) == nil)
  }
}
