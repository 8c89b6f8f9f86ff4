import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// Paths that carry short packets and lose long ones without a word.
@Suite(
  .inTurn,
  .serialized,
  .timeLimit(.minutes(3)),
  .enabled(if: NetworkLab.isWanted, "NAMESPACES=off")
)
struct SizeTests {
  private let interval = Duration.milliseconds(Environment.isFull ? 500 : 100)

  @Test func `State gets through where long datagrams vanish`() async throws {
    let lab = try NetworkLab(hosts: 4)
    let nodes = try await lab.startAll(interval: interval)
    for host in 1...4 {
      try lab.drop(PacketFilter(.isDatagram, .isLonger(than: 600)), sentBy: host)
    }
    // Little enough for packets, each too long for the path; then enough for a stream.
    try await exchange("few 20 300", nodes)
    try await exchange("many 400 300", nodes)
    var fallbacks = 0
    for node in nodes { fallbacks += try await node.metric("streamFallbacks") }
    #expect(fallbacks > 0)
  }

  @Test func `A host that takes short packets only gets all state`() async throws {
    let lab = try NetworkLab(hosts: 4)
    // Streams agree on the size at their beginning; of datagrams nobody tells the senders.
    try lab.setMaximumUnit(800, of: 4)
    let nodes = try await lab.startAll(interval: interval)
    try await exchange("few 20 300", nodes)
    try await exchange("many 400 300", nodes)
    #expect(try await nodes[3].metric("streamFallbacks") > 0)
  }

  @Test func `A host to which no datagram gets has all state by streams`() async throws {
    let lab = try NetworkLab(hosts: 4)
    let nodes = try await lab.startAll(interval: interval)
    try lab.drop(PacketFilter(.isDatagram), sentBy: 4)
    try lab.drop(PacketFilter(.isDatagram), onWayTo: 4)
    let start = MonotonicClock.now()
    for round in 1...3 {
      try await exchange("few-\(round) 20 300", nodes)
      // The others hear of one that is small too.
      try await nodes[3].ask("set round \(round)", answer: "version")
      try await agree(nodes)
    }
    for node in nodes[..<3] {
      #expect(node.first("log warning \(node.name): packets do not", after: start) != nil)
    }
  }

  /// A switch in the middle loses what is longer than it takes: datagrams and pieces of streams, so
  /// that nothing carries what is long.
  @Test func `What is too long for a path holds up nothing that is short`() async throws {
    let lab = try NetworkLab(hosts: 4)
    let nodes = try await lab.startAll(interval: interval, options: ["stream-timeout=1000"])
    let start = MonotonicClock.now()
    try lab.run("ip link set port4 mtu 600")
    try await nodes[0].ask("fill few 20 300", answer: "version")
    for count in 1...5 {
      try await Task.sleep(for: interval * 5)
      for (node, other) in [(nodes[1], nodes[3]), (nodes[3], nodes[1])] {
        try await node.ask("set short-\(count) value", answer: "version")
        let what = "event set \(node.name)#"
        try await eventually("\(other.name) knows what \(node.name) says") {
          other.lines.contains {
            $0.text.hasPrefix(what) && $0.words.last == "short-\(count)"
          }
        }
      }
    }
    let value = try await nodes[3].ask("size a few-19", answer: "size")
    #expect(value.text == "size none")
    for node in nodes {
      #expect(node.first("event down", after: start) == nil, "\(transcripts(nodes))")
    }
    try lab.run("ip link set port4 mtu 1500")
    try await agree(nodes, within: .seconds(60))
  }

  /// Lets every node say as much, and waits until all hold it; nobody is called down on the way.
  private func exchange(
    _ what: String,
    _ nodes: [ChildNode],
    within limit: Duration = .seconds(20)
  ) async throws {
    let start = MonotonicClock.now()
    for node in nodes { try await node.ask("fill \(what)", answer: "version") }
    try await agree(nodes, within: limit)
    print("\(what): all agree after \(MonotonicClock.now().since(start) / 1_000_000) ms")
    for node in nodes {
      #expect(node.first("event down", after: start) == nil, "\(transcripts(nodes))")
    }
  }
}
