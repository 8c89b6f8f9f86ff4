import Grapevine
import GrapevineTesting
import Testing

/// Listening, dialling and accepting on a network in memory.
struct MemoryListenerTests {
  private let network = MemoryNetwork()

  @Test func `dialling waits until it is accepted`() async throws {
    let listener = try network.listen(on: "10.0.0.9:80")
    #expect(listener.address.description == "10.0.0.9:80")
    let dialling = Task { try await network.dial("10.0.0.9:80", from: "10.0.0.1") }
    // Nobody has accepted yet.
    #expect(
      await code { _ = try await network.dial("10.0.0.9:80", timeout: .milliseconds(20)) }
        == .deadlineExceeded
    )
    let server = try await listener.accept()
    let client = try await dialling.value
    #expect(client.remoteAddress == listener.address && server.localAddress == listener.address)
    #expect(server.remoteAddress == client.localAddress)
    #expect(client.localAddress?.with(port: 0) == Endpoint(address: "10.0.0.1", port: 0))
    try await client.write(text("question"))
    #expect(try await server.read() == text("question"))
    try await server.write(text("answer"))
    server.close()
    #expect(try await client.read() == text("answer"))
    #expect(try await client.read() == nil)
  }

  @Test func `who waits longest is accepted first, and who gave up never`() async throws {
    let listener = try network.listen(on: ":80")
    let first = Task { try await listener.dial() }
    try await eventually("it waits") { listener.waitingCount == 1 }
    let second = Task { try await network.dial("\(listener.address)") }
    try await eventually("both wait") { listener.waitingCount == 2 }
    first.cancel()
    #expect(await code { _ = try await first.value } == .cancelled)
    let server = try await listener.accept()
    let client = try await second.value
    #expect(server.remoteAddress == client.localAddress)
    #expect(listener.waitingCount == 0)
  }

  @Test func `many dial and many accept at a time, and each finds one`() async throws {
    let listener = try network.listen(on: ":0", bufferSize: 2)
    let echoed = try await withThrowingTaskGroup(of: UInt8?.self) { group in
      for number in UInt8(1)...50 {
        group.addTask {
          let client = try await listener.dial()
          try await client.write([number, number])
          return try await client.read()?.first
        }
        group.addTask {
          let server = try await listener.accept()
          guard let bytes = try await server.read() else { return nil }
          try await server.write(bytes)
          return nil
        }
      }
      return try await group.reduce(into: []) { $0 += [$1].compactMap(\.self) }
    }
    #expect(echoed.sorted() == Array(1...50))
  }

  @Test func `closing a listener is told to all who wait, and leaves connections alone`()
    async throws
  {
    let listener = try network.listen(on: "10.0.0.9:80")
    let dialling = Task { try await listener.dial() }
    let server = try await listener.accept()
    let client = try await dialling.value
    let accepting = Task { await code { _ = try await listener.accept() } }
    try await eventually("it waits") { listener.acceptorCount == 1 }
    try listener.close()
    #expect(await accepting.value == .listenerClosed)
    #expect(await code { try listener.close() } == .alreadyClosed)
    #expect(await code { _ = try await listener.accept() } == .listenerClosed)
    #expect(await code { _ = try await listener.dial() } == .serverClosed)
    #expect(await code { _ = try await network.dial("10.0.0.9:80") } == .refused)
    try await client.write([1])
    #expect(try await server.read() == [1])
    // The address is free.
    let next = try network.listen(on: "10.0.0.9:80")
    #expect(await code { _ = try await listener.dial() } == .serverClosed)
    let late = Task { await code { _ = try await network.dial("10.0.0.9:80") } }
    try await eventually("it waits") { next.waitingCount == 1 }
    try next.close()
    #expect(await late.value == .serverClosed)
  }

  @Test func `a listener that nobody holds is closed`() async throws {
    var listener: MemoryListener? = try network.listen(on: "10.0.0.9:80")
    #expect(await code { _ = try network.listen(on: "10.0.0.9:80") } == .addressInUse)
    #expect(listener != nil)
    listener = nil
    #expect(await code { _ = try await network.dial("10.0.0.9:80") } == .refused)
    _ = try network.listen(on: "10.0.0.9:80")
  }

  @Test func `across a cut dialling waits, and bytes arrive once it is healed`() async throws {
    let listener = try network.listen(on: "10.0.0.9:80", bufferSize: 4)
    let cut = try network.cut(["10.0.0.9"], from: ["10.0.0.1"])
    let dialling = Task { try await network.dial("10.0.0.9:80", from: "10.0.0.1") }
    // Another host gets through meanwhile, and so does what goes by another network's cut.
    try MemoryNetwork().cut(["10.0.0.2"])
    async let other = network.dial("10.0.0.9:80", from: "10.0.0.2")
    #expect(try await listener.accept().remoteAddress == other.localAddress)
    #expect(listener.waitingCount == 0)
    network.heal(cut)
    let server = try await listener.accept()
    let client = try await dialling.value
    try await server.write([1])
    try network.cut(["10.0.0.9"], .oneWay)
    try await server.write([2, 3])
    // What had arrived before stays, and the other way is open.
    #expect(try await client.read() == [1])
    try await client.write([4])
    #expect(try await server.read() == [4])
    server.close()
    #expect(
      await code { _ = try await client.read(timeout: .milliseconds(5)) } == .deadlineExceeded
    )
    network.healAll()
    #expect(try await client.read() == [2, 3])
    #expect(try await client.read() == nil)
  }

  @Test func `who gives up across a cut is not there when it is healed`() async throws {
    let listener = try network.listen(on: "10.0.0.9:80")
    try network.cut(["10.0.0.9:80"])
    #expect(
      await code { _ = try await network.dial("10.0.0.9:80", timeout: .zero) }
        == .deadlineExceeded
    )
    network.healAll()
    #expect(listener.waitingCount == 0)
  }

  @Test func `more than a thousand who wait are refused`() async throws {
    let listener = try network.listen(on: "10.0.0.9:80")
    let tasks = (0..<1_024).map { _ in Task { await code { _ = try await listener.dial() } } }
    try await eventually("all wait") { listener.waitingCount == 1_024 }
    #expect(await code { _ = try await listener.dial() } == .refused)
    // One who gave up makes room.
    tasks[17].cancel()
    #expect(await tasks[17].value == .cancelled)
    let last = Task { await code { _ = try await listener.dial() } }
    try await eventually("all wait") { listener.waitingCount == 1_024 }
    try listener.close()
    #expect(await last.value == .serverClosed)
    for task in tasks { _ = await task.value }
  }

  @Test func `a node accepts who dials, and a stranger is shown the door`() async throws {
    let node = try makeNode("node", on: network)
    defer { node.close() }
    let connection = try await network.dial("\(node.address)")
    // A node breaks off with who does not speak its protocol, or is too slow to say something.
    _ = await code { try await connection.write(text("GET / HTTP/1.1\r\n\r\n")) }
    #expect(await code { while try await connection.read() != nil {} } == .reset)
    #expect(await code { while true { try await connection.write([0]) } } == .closed)
  }

  @Test(arguments: ["", "80", "10.0.0.9", "10.0.0.9:x", "host:80", "10.0.0.9:0", "0.0.0.0:80"])
  func `what is no address is refused in words`(address: String) async throws {
    #expect(await code { _ = try await network.dial(address) } == .invalidAddress)
    guard !address.hasSuffix(":0"), !address.hasPrefix("0.") else { return }
    let error = #expect(throws: MemoryNetworkError.self) { try network.listen(on: address) }
    #expect(error?.code == .invalidAddress && error?.reason.contains("“\(address)”") == true)
    guard address != "10.0.0.9" else { return }
    #expect(await code { try network.cut([address]) } == .invalidAddress)
    #expect(await code { try network.cut(["10.0.0.1"], from: [address]) } == .invalidAddress)
    #expect(
      await code { _ = try await network.dial("10.0.0.9:80", from: address) } == .invalidAddress
    )
  }
}
