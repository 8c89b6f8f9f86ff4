import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// Networks that drop UDP, and cables that are cut, for nodes that send nothing by UDP.
@Suite(
  .serialized,
  .alone,
  .timeLimit(.minutes(3)),
  .enabled(if: NetworkLab.isWanted, "NAMESPACES=off")
)
struct TunnelLinkTests {
  private let interval = Duration.milliseconds(Environment.isFull ? 500 : 100)

  @Test func `Hosts between which UDP is dropped are a cluster all the same`() async throws {
    let lab = try NetworkLab(hosts: 8)
    for host in 1...8 { try lab.drop(PacketFilter(.isDatagram), sentBy: host) }
    let nodes = try await lab.startAll(interval: interval, options: ["tcp-only"])
    let start = MonotonicClock.now()
    for node in nodes { try await node.ask("set key value", answer: "version") }
    try await agree(nodes)
    let took = MonotonicClock.now().since(start)
    print("tunnels: all agree after \(took / 1_000_000) ms")
    try await Task.sleep(for: interval * 20)
    for node in nodes {
      #expect(node.first("event down", after: .zero) == nil, "\(transcripts(nodes))")
      // Nobody needed another to answer in a member's place, nor a stream.
      #expect(try await node.metric("streamAnswers") == 0)
    }
    for host in 1...8 { #expect(try lab.dropCount(at: host) == 0) }
  }

  @Test func `A cable that is cut is found out, and what it cut off comes back`() async throws {
    let lab = try NetworkLab(hosts: 4)
    let nodes = try await lab.startAll(interval: interval, options: ["tcp-only"])
    let cut = MonotonicClock.now()
    try lab.unplug(4)
    for node in nodes[..<3] {
      let down = try await node.event("down d#", after: cut)
      print("tunnels: \(node.name) says down after \(down.time.since(cut) / 1_000_000) ms")
    }
    for node in nodes { try await node.ask("set key value", answer: "version") }
    try await Task.sleep(for: interval * 100)
    let healed = MonotonicClock.now()
    try lab.plug(4)
    for node in nodes[..<3] { _ = try await node.event("up d#", after: healed) }
    try await agree(nodes)
    print("tunnels: all agree \(MonotonicClock.now().since(healed) / 1_000_000) ms after it healed")
    for node in nodes[..<3] {
      for other in nodes[..<3] where other !== node {
        #expect(node.story(of: other.name) == ["joined"], "\(transcripts(nodes))")
      }
    }
  }
}
