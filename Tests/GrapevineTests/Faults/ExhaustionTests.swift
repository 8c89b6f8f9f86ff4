import Glibc
import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// What the system gives, and then does not give any more.
@Suite(
  .inTurn,
  .serialized,
  .timeLimit(.minutes(3)),
  .enabled(if: NetworkLab.isWanted, "NAMESPACES=off")
)
struct ExhaustionTests {
  private let interval = Duration.milliseconds(Environment.isFull ? 500 : 100)

  /// A slow line behind a small buffer: a datagram finds no room, or where it is sent in fragments
  /// no memory for the rest of them.
  @Test(arguments: [1_400, 16_000])
  func `A node whose socket has no room counts that and goes on`(packetSize: Int) async throws {
    let lab = try NetworkLab(hosts: 3)
    let nodes = try await lab.startAll(interval: interval, options: ["packet=\(packetSize)"])
    try lab.run("tc -n host3 qdisc add dev eth0 root tbf rate 40kbit burst 2000 limit 100000")
    try await nodes[2].ask("send-buffer 2304", answer: "send-buffer")
    let limit = MonotonicClock.now() + .seconds(20)
    let counters: [Substring] =
      packetSize > 1_400 ? ["withoutRoom", "withoutMemory"] : ["withoutRoom"]
    for counter in counters {
      var count = 0
      while try await nodes[2].count(counter, of: "transport") == 0 {
        try #require(MonotonicClock.now() < limit, "there is still room for all")
        count += 1
        try await nodes[2].ask("fill \(counter)-\(count) 30 300", answer: "version")
        try await Task.sleep(for: interval / 2)
      }
    }
    // It is alive, and says so as far as the line lets it.
    let heartbeats = try await nodes[2].metric("heartbeats")
    try await Task.sleep(for: interval * 10)
    #expect(try await nodes[2].metric("heartbeats") > heartbeats)
    try lab.run("tc -n host3 qdisc del dev eth0 root")
    try await agree(nodes)
  }

  @Test func `A node without descriptors gossips, and takes streams again when it has some`()
    async throws
  {
    let lab = try NetworkLab(hosts: 3)
    let nodes = try await lab.startAll(interval: interval)
    let start = MonotonicClock.now()
    let starved = nodes[2]
    try await starved.ask("descriptors 0", answer: "descriptors")
    // Changes by datagram come and go.
    try await nodes[0].ask("set key near", answer: "version")
    try await starved.ask("set key far", answer: "version")
    try await agree(nodes)
    // What takes a stream waits: those that others open as well as those that it opens itself.
    try await nodes[0].ask("fill large 1 200000", answer: "version")
    try await starved.ask("fill large 1 200000", answer: "version")
    try await starved.ask("join \(NetworkLab.address(of: 2)):7000", answer: "failed")
    let busy = starved.processorTime
    try await Task.sleep(for: .seconds(3))
    let used = starved.processorTime - busy
    let refusals = try await starved.count("acceptsExhausted", of: "transport")
    print("without descriptors: \(used) of 3 s computed, \(refusals) times asked for one")
    #expect(used < .seconds(1))
    // Ten times a second, however long all this took.
    let limit = Int(MonotonicClock.now().since(start) / 100_000_000) + 1
    #expect((1...limit).contains(refusals))
    #expect(try await starved.ask("size a large-0", answer: "size").text == "size none")
    #expect(try await nodes[0].ask("size c large-0", answer: "size").text == "size none")
    try await starved.ask("descriptors 100", answer: "descriptors")
    try await agree(nodes)
    for node in nodes {
      #expect(node.first("event down", after: start) == nil, "\(transcripts(nodes))")
    }
  }

  @Test func `A node that gets too few descriptors does not start, and leaves none open`()
    async throws
  {
    let process = try ChildNode("a", interval: interval)
    let start = try await process.ask("start-others", answer: "started").text
    #expect(start.hasPrefix("started with"))
    #expect(start.hasSuffix("left 0 after [\"systemFailure\"]"), "\(start)")
  }
}
