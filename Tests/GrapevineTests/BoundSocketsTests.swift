import Glibc
import Grapevine
import Pacing
import Testing

/// Nodes on sockets that someone else has bound.
@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct BoundSocketsTests {
  /// A socket on the loopback, bound to `port`, or to none if that is nil.
  private func bound(_ type: __socket_type, port: UInt16?) throws -> (raw: Int32, port: UInt16) {
    let raw = socket(AF_INET, Int32(type.rawValue), 0)
    try #require(raw >= 0)
    guard let port else { return (raw, 0) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(raw, pointer, size) == 0 && getsockname(raw, pointer, &size) == 0
      }
    }
    guard isBound else {
      close(raw)
      throw NodeError(.addressInUse, value: "\(port)", reason: "taken")
    }
    return (raw, UInt16(bigEndian: address.sin_port))
  }

  /// A UDP and a TCP socket on one port that was free.
  private func pair() throws -> (datagrams: Int32, listener: Int32) {
    try bindingAgain {
      let datagrams = try bound(SOCK_DGRAM, port: 0)
      do {
        let listener = try bound(SOCK_STREAM, port: datagrams.port)
        return (datagrams.raw, listener.raw)
      } catch {
        close(datagrams.raw)
        throw error
      }
    }
  }

  /// What tells the socket behind a descriptor from any that gets the number later.
  private func node(_ raw: Int32) -> UInt64 {
    var status = stat()
    return fstat(raw, &status) == 0 ? UInt64(status.st_ino) : 0
  }

  @Test(arguments: [false, true])
  func `a node works on the sockets that it is given`(isListening: Bool) async throws {
    let (datagrams, listener) = try pair()
    if isListening { try #require(listen(listener, 5) == 0) }
    let sockets = BoundSockets(datagrams: datagrams, listener: listener)
    let node = try makeNode("given") {
      $0.sockets = sockets
      // Nobody here has that address.
      $0.bind = "192.0.2.1:7000"
    }
    #expect(fcntl(datagrams, F_GETFD) == FD_CLOEXEC)
    #expect(fcntl(listener, F_GETFL) & O_NONBLOCK != 0)
    let other = try makeNode("other")
    try await other.join([node.address.description])
    try node.set("key", "value")
    try await eventually("the value came") { other.text(of: "key", member: "given") == "value" }
    #expect(try await other.reachability(of: "given", timeout: .seconds(30)).isFull)
    let again = #expect(throws: NodeError.self) { try makeNode { $0.sockets = sockets } }
    #expect(again?.code == .invalidConfiguration && again?.value == "\(sockets)")
  }

  @Test func `a configuration that is not valid leaves its sockets alone`() throws {
    let (datagrams, listener) = try pair()
    let sockets = BoundSockets(datagrams: datagrams, listener: listener)
    let nodes = [node(datagrams), node(listener)]
    let error = #expect(throws: NodeError.self) {
      try makeNode {
        $0.sockets = sockets
        $0.seedInterval = .zero
      }
    }
    #expect(error?.code == .invalidConfiguration)
    #expect([node(datagrams), node(listener)] == nodes)
    try makeNode { $0.sockets = sockets }.close()
  }

  @Test func `sockets that won't do are named, and closed`() throws {
    func fails(_ sockets: BoundSockets, _ reason: String) {
      let error = #expect(throws: NodeError.self) { try makeNode { $0.sockets = sockets } }
      #expect(error?.value == "\(sockets)")
      #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
    }
    let unbound = try bound(SOCK_DGRAM, port: nil).raw
    let good = try pair()
    let stray = try bound(SOCK_STREAM, port: 0).raw
    let numbers = [unbound, good.listener, good.datagrams, stray]
    let nodes = numbers.map(node)
    func isOpen(_ raw: Int32) -> Bool {
      numbers.firstIndex(of: raw).map { nodes[$0] == node(raw) } ?? false
    }
    #expect(numbers.allSatisfy(isOpen))
    fails(BoundSockets(datagrams: unbound, listener: good.listener), "use descriptor \(unbound)")
    #expect(!isOpen(unbound) && !isOpen(good.listener) && isOpen(good.datagrams))
    fails(BoundSockets(datagrams: good.datagrams, listener: stray), "one address and port")
    #expect(!isOpen(good.datagrams) && !isOpen(stray))
    let swapped = try pair()
    let wrong = BoundSockets(datagrams: swapped.listener, listener: swapped.datagrams)
    fails(wrong, "use descriptor \(swapped.listener): Protocol wrong type for socket")
    // What is not of the type that was told is not the node's to close.
    #expect(node(swapped.datagrams) != 0 && node(swapped.listener) != 0)
    close(swapped.datagrams)
    close(swapped.listener)
    let nothing = BoundSockets(datagrams: -1, listener: -1)
    fails(nothing, "use descriptor -1: Socket operation on non-socket")
  }

  @Test func `a TCP socket alone is enough for a node that sends nothing by UDP`() async throws {
    let (datagrams, listener) = try pair()
    let identity = node(datagrams)
    let alone = BoundSockets(listener: listener)
    let error = #expect(throws: NodeError.self) { try makeNode { $0.sockets = alone } }
    #expect(error?.code == .invalidConfiguration && error?.value == "descriptor \(listener)")
    // Where both are given the one that is of no use is closed.
    let both = try makeNode("both") {
      $0.sockets = BoundSockets(datagrams: datagrams, listener: listener)
      $0.transport = .streams
    }
    #expect(node(datagrams) != identity)
    let (spare, other) = try pair()
    close(spare)
    let single = try makeNode("single") {
      $0.sockets = BoundSockets(listener: other)
      $0.transport = .streams
    }
    try await single.join([both.address.description])
    try both.set("key", "value")
    try await eventually("the value came") { single.text(of: "key", member: "both") == "value" }
  }

  @Test func `the first socket of each type is the one that is meant`() throws {
    let sockets = try pair()
    defer {
      close(sockets.datagrams)
      close(sockets.listener)
    }
    let numbers = [0, sockets.listener, sockets.datagrams]
    let found = try BoundSockets.first(among: numbers)
    #expect(found.datagrams == sockets.datagrams && found.listener == sockets.listener)
    let streamAlone = try BoundSockets.first(among: [0, sockets.listener])
    #expect(streamAlone.datagrams == nil && streamAlone.listener == sockets.listener)
    // One that leads to no other host is none.
    let local = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(local) }
    let error = #expect(throws: NodeError.self) {
      try BoundSockets.first(among: [local, sockets.datagrams])
    }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.value == "\(local): no socket of the Internet, \(sockets.datagrams): datagrams")
    #expect(try BoundSockets.fromSystemd() == nil)
  }
}
