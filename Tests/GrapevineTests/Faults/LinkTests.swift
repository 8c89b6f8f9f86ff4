import Grapevine
import GrapevineTransport
import Testing

/// Cables that are pulled and cut.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: NetworkLab.isWanted, "NAMESPACES=off"))
struct LinkTests {
  private let interval = Duration.milliseconds(Environment.isFull ? 500 : 100)

  @Test(arguments: Unplugging.allCases)
  func `A host that is cut off is down, and up when its cable is back`(
    way: Unplugging
  ) async throws {
    let lab = try NetworkLab(hosts: 4)
    let nodes = try await lab.startAll(interval: interval)
    let cut = MonotonicClock.now()
    try way.cut(4, in: lab)
    for node in nodes[..<3] {
      let down = try await node.event("down d#", after: cut)
      print("\(way): \(node.name) says down after \(down.time.since(cut) / 1_000_000) ms")
      #expect(down.time.since(cut) < (interval * 30).wholeNanoseconds)
    }
    try await nodes[0].ask("set key near", answer: "version")
    try await nodes[3].ask("set key far", answer: "version")
    // The other side comes to its own verdict, alone.
    for node in nodes[..<3] { _ = try await nodes[3].event("down \(node.name)#", after: cut) }
    let healed = MonotonicClock.now()
    try way.restore(4, in: lab)
    for node in nodes[..<3] {
      let up = try await node.event("up d#", after: healed)
      print("\(way): \(node.name) says up after \(up.time.since(healed) / 1_000_000) ms")
    }
    try await agree(nodes)
    try await Task.sleep(for: interval * 20)
    for node in nodes[..<3] {
      #expect(node.story(of: "d") == ["joined", "down", "up"], "\(transcripts(nodes))")
      #expect(nodes[3].story(of: node.name) == ["joined", "down", "up"], "\(transcripts(nodes))")
      for other in nodes[..<3] where other !== node {
        #expect(node.story(of: other.name) == ["joined"], "\(transcripts(nodes))")
      }
    }
    let unreachable = try await nodes[3].count("unreachable", of: "transport")
    #expect((unreachable > 0) == (way == .interfaceDown))
  }

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
      try await Task.sleep(for: interval * (Environment.isFull ? 100 : 10))
    }
    for node in nodes {
      #expect(node.first("event down", after: before) == nil, "\(transcripts(nodes))")
    }
    for host in 1...5 { #expect(try lab.dropCount(at: host) > 0) }
  }

  @Test(arguments: [1_500, 1_000])
  func `Halves that lose each other find each other again`(maximumUnit: Int) async throws {
    let lab = try NetworkLab(hosts: 6, switches: 2)
    if maximumUnit < 1_500 {
      // The far half and the cable to it take shorter packets only: longer ones vanish there.
      for host in 4...6 { try lab.setMaximumUnit(maximumUnit, of: host) }
      try lab.setMaximumUnitOfTrunk(maximumUnit, 1)
    }
    let nodes = try await lab.startAll(interval: interval)
    let halves = [nodes[..<3], nodes[3...]]
    let cut = MonotonicClock.now()
    try lab.unplugTrunk(1)
    for (half, other) in [(halves[0], halves[1]), (halves[1], halves[0])] {
      for node in half {
        for lost in other { _ = try await node.event("down \(lost.name)#", after: cut) }
      }
    }
    for node in nodes {
      try await node.ask("fill while-split 40 100", answer: "version")
    }
    for half in halves {
      let first = try #require(half.first)
      try await first.ask("set key apart", answer: "version")
    }
    let healed = MonotonicClock.now()
    try lab.plugTrunk(1)
    try await agree(nodes)
    print("split: all agree \(MonotonicClock.now().since(healed) / 1_000_000) ms after it healed")
    try await Task.sleep(for: interval * 20)
    for half in halves {
      for node in half {
        for other in nodes where other !== node {
          let isNear = half.contains { $0 === other }
          let story: [Substring] = isNear ? ["joined"] : ["joined", "down", "up"]
          #expect(node.story(of: other.name) == story, "\(transcripts(nodes))")
        }
      }
    }
  }
}

/// How a host loses the others.
enum Unplugging: CaseIterable, Sendable {
  /// The switch goes dead for it: nothing that it sends arrives, and no call of its fails.
  case cablePulled
  /// Its own interface goes down: all that it tries to send is refused with an error.
  case interfaceDown

  func cut(_ host: Int, in lab: NetworkLab) throws {
    switch self {
    case .cablePulled: try lab.unplug(host)
    case .interfaceDown: try lab.run("ip -n host\(host) link set eth0 down")
    }
  }

  func restore(_ host: Int, in lab: NetworkLab) throws {
    switch self {
    case .cablePulled: try lab.plug(host)
    case .interfaceDown: try lab.run("ip -n host\(host) link set eth0 up")
    }
  }
}
