import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// Cables that are pulled.
@Suite(
  .serialized,
  .alone,
  .timeLimit(.minutes(3)),
  .enabled(if: NetworkLab.isWanted, "NAMESPACES=off")
)
struct LinkTests {
  private let interval = Duration.milliseconds(Environment.isFull ? 500 : 100)

  @Test(arguments: Unplugging.allCases, AddressFamily.allCases)
  func `A host that is cut off is down, and up when its cable is back`(
    way: Unplugging,
    family: AddressFamily
  ) async throws {
    let lab = try NetworkLab(hosts: 4, family: family)
    let nodes = try await lab.startAll(interval: interval)
    let cut = MonotonicClock.now()
    try way.cut(4, in: lab)
    for node in nodes[..<3] {
      let down = try await node.event("down d#", after: cut)
      let time = down.time.since(cut) / 1_000_000
      print("\(way), \(family): \(node.name) says down after \(time) ms")
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
      let time = up.time.since(healed) / 1_000_000
      print("\(way), \(family): \(node.name) says up after \(time) ms")
    }
    try await agree(nodes)
    try await Task.sleep(for: interval * 10)
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

  @Test func `A cable that is pulled while much is on its way delays it and no more`()
    async throws
  {
    let lab = try NetworkLab(hosts: 3)
    let nodes = try await lab.startAll(interval: interval, options: ["stream-timeout=1000"])
    try lab.setRate("4mbit", of: 3)
    try lab.unplug(3)
    for node in nodes { try await node.ask("fill large 5 100000", answer: "version") }
    for _ in 1...2 {
      try lab.plug(3)
      let limit = MonotonicClock.now() + .seconds(20)
      let received = try await nodes[2].metric("streamBytesIn")
      while try await nodes[2].metric("streamBytesIn") < received + 50_000 {
        try #require(MonotonicClock.now() < limit, "nothing arrives\n\(transcripts(nodes))")
      }
      try lab.unplug(3)
      // Longer than a stream may be silent.
      try await Task.sleep(for: .milliseconds(1_200))
    }
    try lab.plug(3)
    try await agree(nodes, within: .seconds(60))
  }

  /// Half a second of queue before each packet, and what does not fit in it is lost.
  @Test func `A slow line that state fills brings nobody down`() async throws {
    let lab = try NetworkLab(hosts: 3)
    let nodes = try await lab.startAll(interval: interval)
    try lab.setRate("2mbit", of: 3)
    let start = MonotonicClock.now()
    for node in nodes { try await node.ask("fill large 4 60000", answer: "version") }
    try await agree(nodes, within: .seconds(60))
    print("slow line: all agree after \(MonotonicClock.now().since(start) / 1_000_000) ms")
    for node in nodes {
      #expect(node.first("event down", after: start) == nil, "\(transcripts(nodes))")
    }
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
    case .interfaceDown:
      try lab.run("ip -n host\(host) link set eth0 up")
      // IPv6 addresses go with the interface.
      if lab.family == .ipv6 { try lab.giveAddress(to: host) }
    }
  }
}
