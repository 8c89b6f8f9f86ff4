import Grapevine
import GrapevineTesting
import Testing

/// The examples of docs/user-tests.md, word for word.
struct PageTests {
  @Test func `each half of a split goes on`() async throws {
    let network = MemoryNetwork()
    var configuration = Node.Configuration()
    configuration.use(network)
    configuration.gossip.interval = .milliseconds(30)
    let nodes = try (0..<4).map { _ in try Node(configuration) }
    defer { for node in nodes { node.close() } }
    for node in nodes.dropFirst() { try await node.join([nodes[0].address.description]) }
    try await nodes[3].waitForSize(4)

    let cut = try network.cut(nodes[..<2].map(\.address.description))
    for await peers in nodes[3].peerLists where peers.count == 2 { break }
    network.heal(cut)
    try await nodes[3].waitForSize(4)
  }

  @Test func `the server answers`() async throws {
    let network = MemoryNetwork()
    let listener = try network.listen(on: "10.0.0.9:80")
    async let dialled = network.dial("10.0.0.9:80")
    let server = try await listener.accept()
    let client = try await dialled

    try await client.write(Array("ping".utf8), timeout: .seconds(1))
    let question = try await server.read()
    #expect(question == Array("ping".utf8))
    server.close()
    let end = try await client.read()
    #expect(end == nil)
  }
}
