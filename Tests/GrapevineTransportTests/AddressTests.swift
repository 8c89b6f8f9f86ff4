import GrapevineCore
import GrapevineTransport
import Testing

@Suite struct AddressTests {
  static let endpoints = [
    Endpoint(ipv4: 0, port: 0),
    Endpoint(ipv4: 0x0102_0304, port: 65_535),
    Endpoint(ipv6: 0, 1, port: 7_000),
    Endpoint(ipv6: 0x2001_0DB8_0102_0304, 0x0506_0708_090A_0B0C, port: 1),
    Endpoint(ipv6: 0xFE80_0000_0000_0000, 0x1122_3344_5566_7788, scope: 3, port: 80),
  ]

  @Test(arguments: endpoints)
  func `An endpoint survives the way through a socket address`(_ endpoint: Endpoint) {
    #expect(SocketAddress(endpoint, isIPv6: endpoint.isIPv6).endpoint == endpoint)
  }

  @Test(arguments: endpoints)
  func `On an IPv6 socket an IPv4 endpoint is mapped and comes back as itself`(
    _ endpoint: Endpoint
  ) {
    #expect(SocketAddress(endpoint, isIPv6: true).endpoint == endpoint)
  }

  @Test func `Room that the system has not filled is no endpoint`() {
    #expect(SocketAddress().endpoint == nil)
  }

  private func address(_ text: String, isUp: Bool = true) throws -> InterfaceAddress {
    let endpoint = try #require(Endpoint(address: text, port: 0))
    return InterfaceAddress(name: "eth", endpoint: endpoint, isUp: isUp)
  }

  @Test(
    arguments: [
      (["127.0.0.1", "::1"], nil),
      (["127.0.0.1", "10.0.0.1", "10.0.0.2"], "10.0.0.1"),
      (["2001:db8::1", "10.0.0.1"], "10.0.0.1"),
      (["169.254.1.1", "fe80::1%2", "2001:db8::1"], "2001:db8::1"),
      (["::1", "fe80::1%2"], nil),
      (["169.254.1.1", "10.0.0.9"], "10.0.0.9"),
      (["fe80::1%2", "169.254.1.1"], "169.254.1.1"),
      (["169.254.1.1", "fe80::1%2"], "169.254.1.1"),
      (["fd00::2", "fd00::3"], "fd00::3"),
      (["100.64.0.1"], "100.64.0.1"),
      (["198.18.0.7", "fd00::2"], "198.18.0.7"),
      ([], nil),
    ] as [([String], String?)]
  )
  func `The preferred address is global before local and IPv4 before IPv6`(
    _ texts: [String],
    _ expected: String?
  ) throws {
    let addresses = try texts.map { try address($0) }
    #expect(Interfaces.preferredAddress(of: addresses)?.address == expected)
  }

  @Test func `Of interfaces that are named the first with a global IPv4 address counts`() throws {
    func address(_ name: String, _ text: String, isUp: Bool = true) throws -> InterfaceAddress {
      let endpoint = try #require(Endpoint(address: text, port: 0))
      return InterfaceAddress(name: name, endpoint: endpoint, isUp: isUp)
    }
    let addresses = [
      try address("lo", "127.0.0.1"), try address("eth0", "fd00::2"),
      try address("eth1", "10.0.0.1"), try address("eth2", "10.0.0.2"),
      try address("eth3", "10.0.0.3", isUp: false),
    ]
    func preferred(_ names: String...) throws(NoUsableAddress) -> String {
      try Interfaces.preferredAddress(of: addresses, named: names).address
    }
    #expect(try preferred("eth2", "eth1") == "10.0.0.2")
    #expect(try preferred("eth0", "eth1") == "10.0.0.1")
    #expect(try preferred("eth3", "eth0") == "fd00::2")
    let error = #expect(throws: NoUsableAddress.self) { try preferred("eth9", "eth3", "lo") }
    #expect(
      error?.description == "eth9: there is no such interface, or it has no address; "
        + "eth3: it is down; lo: it has none but 127.0.0.1"
    )
  }

  @Test func `An interface that is down does not count`() throws {
    let addresses = [try address("10.0.0.1", isUp: false), try address("10.0.0.2")]
    #expect(Interfaces.preferredAddress(of: addresses)?.address == "10.0.0.2")
  }

  @Test func `The machine has a loopback interface`() throws {
    #expect(try Interfaces.addresses().contains { $0.endpoint.isLoopback })
  }

  @Test func `The clocks go forward and random numbers differ`() {
    let first = MonotonicClock.now()
    #expect(MonotonicClock.now() >= first)
    #expect(WallClock.millisecondsSince1970() > 1_700_000_000_000)
    #expect(SecureRandom.number() != SecureRandom.number())
  }
}
