import Grapevine
import Pacing
import Testing

@Suite(.inTurn, .nodesStay) struct ConfigurationTests {
  @Test func `The defaults are those of the design`() throws {
    let configuration = Node.Configuration()
    try configuration.validate()
    #expect(configuration.bind == ":7000")
    #expect(configuration.name == nil)
    #expect(configuration.watcherQueueLimit == 10_000)
    #expect(configuration.watcherQueueByteLimit == 67_108_864)
    #expect(configuration.gossip.interval == .milliseconds(500))
    #expect(configuration.gossip.maximumPacketSize == 1_400)
  }

  @Test(
    arguments: [":7000", ":0", "127.0.0.1:0", "[::]:7000", "[::1]:7000", "0.0.0.0:65535"])
  func `A bind address is a port or an address with one`(_ bind: String) throws {
    var configuration = Node.Configuration()
    configuration.bind = bind
    try configuration.validate()
  }

  @Test(
    arguments: [
      "", "7000", ":", ":65536", ":-1", ":x", "127.0.0.1", "::1:7000", "[::1]", "localhost:7000",
      "127.0.0.1:7000 ", "256.0.0.1:7000",
    ])
  func `A bind address that does not parse is named`(_ bind: String) {
    let error = #expect(throws: NodeError.self) { try makeNode { $0.bind = bind } }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.value == bind)
    let cause = error?.cause as? InvalidConfiguration
    #expect(cause?.name == "bind")
    #expect(cause?.value == bind)
  }

  @Test(arguments: [
    "", "web", "web:7000", "10.0.0.1:0", "0.0.0.0", "[::1", "10.0.0.1:x", "fe80::1",
  ])
  func `An advertised address that does not parse is named`(_ advertise: String) {
    let error = #expect(throws: NodeError.self) { try makeNode { $0.advertise = advertise } }
    #expect(error?.code == .invalidConfiguration)
    #expect((error?.cause as? InvalidConfiguration)?.name == "advertise")
    #expect(error?.value == advertise)
  }

  @Test func `Interfaces without a usable address are named, with the reason of each`() {
    let error = #expect(throws: NodeError.self) {
      try makeNode {
        $0.bind = ":0"
        $0.interfaces = ["lo", "nowhere0"]
      }
    }
    #expect(error?.code == .addressUnavailable && error?.value == "lo, nowhere0")
    #expect(error?.reason.contains("lo: it has none but 127.0.0.1") == true)
    #expect(error?.reason.contains("nowhere0: there is no such interface") == true)
  }

  @Test func `A name has 1 to 255 bytes`() throws {
    for name in ["n", String(repeating: "n", count: 255), String(repeating: "é", count: 127)] {
      let node = try makeNode(name)
      #expect(node.id.name == name)
      node.close()
    }
    for name in ["", String(repeating: "n", count: 256), String(repeating: "é", count: 128)] {
      let error = #expect(throws: NodeError.self) { try makeNode(name) }
      #expect(error?.code == .invalidConfiguration)
      #expect((error?.cause as? InvalidConfiguration)?.name == "name")
      #expect(error?.value == name)
    }
  }

  @Test func `A name that is not given is nine random letters and digits`() throws {
    let nodes = [try makeNode(), try makeNode()]
    let characters = "abcdefghijklmnopqrstuvwxyz0123456789"
    for node in nodes {
      #expect(node.id.name.count == 9)
      #expect(node.id.name.allSatisfy { characters.contains($0) })
    }
    #expect(nodes[0].id.name != nodes[1].id.name)
  }

  @Test func `The generation is the one given or the time`() throws {
    #expect(try makeNode { $0.generation = 7 }.id.generation == 7)
    // Between 2025 and 2100, in milliseconds.
    #expect((1_735_689_600_000...4_102_444_800_000).contains(try makeNode().id.generation))
  }

  @Test(arguments: [0, -1, 1 << 24 + 1])
  func `A watcher's queue that is no queue is refused`(_ limit: Int) {
    let error = #expect(throws: NodeError.self) { try makeNode { $0.watcherQueueLimit = limit } }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.value == "\(limit)")
  }

  @Test(arguments: [0, -1, 1 << 40 + 1])
  func `A watcher's queue for no bytes is refused`(_ limit: Int) {
    let error = #expect(throws: NodeError.self) {
      try makeNode { $0.watcherQueueByteLimit = limit }
    }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.value == "\(limit)")
  }

  @Test func `A setting of the protocol that breaks its rule is named`() {
    let error = #expect(throws: NodeError.self) { try makeNode { $0.gossip.burst = 65 } }
    #expect(error?.code == .invalidConfiguration)
    #expect((error?.cause as? InvalidConfiguration)?.name == "gossip.burst")
    #expect(error?.description.contains("65") == true)
  }

  @Test func `A port in use is named`() throws {
    let first = try makeNode()
    let address = first.address.description
    let error = #expect(throws: NodeError.self) { try makeNode { $0.bind = address } }
    #expect(error?.code == .addressInUse)
    #expect(error?.value == address)
    #expect(error?.cause != nil)
    try first.set("key", "value")
  }

  @Test func `A port in use by TCP alone is named`() throws {
    let peer = StrangePeer(.silent)
    let error = #expect(throws: NodeError.self) { try makeNode { $0.bind = peer.address } }
    #expect(error?.code == .addressInUse)
    #expect(error?.value == peer.address)
  }

  @Test func `An address of another machine can't be bound`() {
    let error = #expect(throws: NodeError.self) { try makeNode { $0.bind = "198.51.100.1:0" } }
    #expect(error?.code == .addressUnavailable)
    #expect(error?.value == "198.51.100.1:0")
  }

  @Test func `The port that the system chose can be asked and is free again after close`() throws {
    let first = try makeNode()
    #expect(first.address.port != 0)
    #expect(first.localMember.address == first.address)
    first.close()
    let second = try makeNode { $0.bind = first.address.description }
    #expect(second.address == first.address)
  }

  @Test func `The advertised address is the one given`() throws {
    let bare = try makeNode { $0.advertise = "192.0.2.7" }
    #expect(bare.address.address == "192.0.2.7")
    #expect(bare.address.port != 0)
    let whole = try makeNode { $0.advertise = "[2001:db8::7]:80" }
    #expect(whole.address.description == "[2001:db8::7]:80")
    #expect(whole.localMember.address == whole.address)
  }

  @Test(arguments: [":0", "0.0.0.0:0", "[::]:0"])
  func `Bound to all addresses a node advertises one of them`(_ bind: String) throws {
    let node = try makeNode { $0.bind = bind }
    #expect(!node.address.isUnspecified)
    #expect(node.address.port != 0)
  }
}
