import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// Packets that are lost: one way, by chance, or because the system refuses to send them.
@Suite(
  .serialized,
  .alone,
  .timeLimit(.minutes(3)),
  .enabled(if: NetworkLab.isWanted, "NAMESPACES=off")
)
struct LossTests {
  private let interval = Duration.milliseconds(Environment.isFull ? 500 : 100)

  @Test func `One way that is cut brings nobody down and keeps nothing back`() async throws {
    let lab = try NetworkLab(hosts: 4)
    let nodes = try await lab.startAll(interval: interval)
    try lab.drop(PacketFilter(.goesTo(host: 2)), sentBy: 1)
    let cut = MonotonicClock.now()
    for count in 1...4 {
      for node in nodes[..<2] { try await node.ask("set count \(count)", answer: "version") }
      try await agree(nodes)
      try await Task.sleep(for: interval * 10)
    }
    for node in nodes {
      #expect(node.first("event down", after: cut) == nil, "\(transcripts(nodes))")
    }
    // It was looked into, and others answered in the place of the first host.
    #expect(try await nodes[1].metric("relayAnswers") > 0)
  }

  /// Where the route to a peer refuses what is sent, the call fails, with one error or another.
  @Test(arguments: [
    ("prohibit", "forbidden"), ("unreachable", "unreachable"), ("blackhole", "unreachable"),
  ])
  func `A peer to which the system refuses to send is reached by others`(
    route: String,
    counter: String
  ) async throws {
    let lab = try NetworkLab(hosts: 3)
    let nodes = try await lab.startAll(interval: interval)
    let cut = MonotonicClock.now()
    try lab.run("ip -n host1 route add \(route) \(NetworkLab.address(of: 2))/32")
    for node in nodes { try await node.ask("set key value", answer: "version") }
    try await Task.sleep(for: interval * 20)
    try await agree(nodes)
    for node in nodes {
      #expect(node.first("event down", after: cut) == nil, "\(transcripts(nodes))")
    }
    #expect(try await nodes[0].count(Substring(counter), of: "transport") > 0)
  }

  @Test func `A host that hears and is not heard is down, and calls nobody down`() async throws {
    let lab = try NetworkLab(hosts: 4)
    let nodes = try await lab.startAll(interval: interval)
    try lab.drop(PacketFilter(), sentBy: 4)
    let cut = MonotonicClock.now()
    for node in nodes[..<3] {
      let down = try await node.event("down d#", after: cut)
      print("mute: \(node.name) says down after \(down.time.since(cut) / 1_000_000) ms")
    }
    try await Task.sleep(for: interval * 30)
    #expect(nodes[3].first("event down", after: cut) == nil, "\(transcripts(nodes))")
    let healed = MonotonicClock.now()
    try lab.dropNothing(at: 4)
    for node in nodes[..<3] { _ = try await node.event("up d#", after: healed) }
    try await agree(nodes)
    for node in nodes[..<3] {
      #expect(node.story(of: "d") == ["joined", "down", "up"], "\(transcripts(nodes))")
    }
  }

  @Test func `A host that is heard and does not hear brings nobody else down`() async throws {
    let lab = try NetworkLab(hosts: 4)
    let nodes = try await lab.startAll(interval: interval)
    let cut = MonotonicClock.now()
    try lab.drop(PacketFilter(), onWayTo: 4)
    // It holds the others down, they it: nobody can talk with it.
    for node in nodes[..<3] { _ = try await nodes[3].event("down \(node.name)#", after: cut) }
    for node in nodes[..<3] { _ = try await node.event("down d#", after: cut) }
    try await Task.sleep(for: interval * 20)
    try lab.dropNothing(at: 4)
    try await agree(nodes)
    for node in nodes[..<3] {
      #expect(node.story(of: "d") == ["joined", "down", "up"], "\(transcripts(nodes))")
      for other in nodes[..<3] where other !== node {
        #expect(node.story(of: other.name) == ["joined"], "\(transcripts(nodes))")
      }
    }
  }

  @Test func `Packets that are lost by chance bring nobody down and keep nothing back`()
    async throws
  {
    let lab = try NetworkLab(hosts: 5)
    let nodes = try await lab.startAll(interval: interval)
    let before = MonotonicClock.now()
    for host in 1...5 { try lab.drop(PacketFilter(.isDrawn(chance: 0.25)), sentBy: host) }
    for count in 1...5 {
      for node in nodes { try await node.ask("set count \(count)", answer: "version") }
      let start = MonotonicClock.now()
      try await agree(nodes)
      print("loss: all agree after \(MonotonicClock.now().since(start) / 1_000_000) ms")
      try await Task.sleep(for: interval * (Environment.isFull ? 40 : 10))
    }
    for node in nodes {
      #expect(node.first("event down", after: before) == nil, "\(transcripts(nodes))")
    }
    for host in 1...5 { #expect(try lab.dropCount(at: host) > 0) }
  }
}
