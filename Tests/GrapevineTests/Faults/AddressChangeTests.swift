import Glibc
import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// Hosts that get other addresses, and ports that are used again.
@Suite(
  .inTurn,
  .serialized,
  .timeLimit(.minutes(3)),
  .enabled(if: NetworkLab.isWanted, "NAMESPACES=off")
)
struct AddressChangeTests {
  private let interval = Duration.milliseconds(Environment.isFull ? 500 : 100)

  @Test func `A process that starts on another host under its name takes its place`() async throws {
    let lab = try NetworkLab(hosts: 4)
    let nodes = try await start(in: lab)
    nodes[2].end()
    let next = try lab.start("c", on: 4, interval: interval)
    try await next.ask("join \(NetworkLab.address(of: 1)):7000", answer: "joined a")
    try await agree([nodes[0], nodes[1], next])
    for node in nodes[..<2] {
      #expect(node.story(of: "c").filter { $0 != "down" } == ["joined", "replaced"])
      let address = try await node.ask("address-of c", answer: "address-of").words[1]
      #expect(address == "\(NetworkLab.address(of: 4)):7000")
    }
  }

  /// The former life goes on behind a cable that is cut, and comes back to find its name taken.
  @Test func `A process whose name was taken while it was cut off gives way`() async throws {
    let lab = try NetworkLab(hosts: 4)
    let nodes = try await start(in: lab)
    let cut = MonotonicClock.now()
    try lab.unplug(3)
    for node in nodes[..<2] { _ = try await node.event("down c#", after: cut) }
    let next = try lab.start("c", on: 4, interval: interval)
    try await next.ask("join \(NetworkLab.address(of: 1)):7000", answer: "joined a")
    try await agree([nodes[0], nodes[1], next])
    let healed = MonotonicClock.now()
    try lab.plug(3)
    try await eventually("the former life gives way", within: .seconds(60)) {
      nodes[2].first("log error c: another process has this name", after: healed) != nil
    }
    try await Task.sleep(for: interval * 20)
    try await agree([nodes[0], nodes[1], next])
    for node in nodes[..<2] {
      #expect(node.story(of: "c") == ["joined", "down", "replaced"], "\(transcripts(nodes))")
    }
  }

  @Test func `A host that loses its address for a while is down for as long`() async throws {
    let lab = try NetworkLab(hosts: 3)
    let nodes = try await start(in: lab)
    let address = "address %s \(NetworkLab.address(of: 3))/24 dev eth0"
    let lost = MonotonicClock.now()
    try lab.run("ip -n host3 \(address.replacing("%s", with: "del"))")
    for node in nodes[..<2] { _ = try await node.event("down c#", after: lost) }
    try await nodes[2].ask("set key lost", answer: "version")
    let found = MonotonicClock.now()
    try lab.run("ip -n host3 \(address.replacing("%s", with: "add"))")
    for node in nodes[..<2] { _ = try await node.event("up c#", after: found) }
    try await agree(nodes)
    for node in nodes[..<2] { #expect(node.story(of: "c") == ["joined", "down", "up"]) }
    // A socket that is bound to an address of no interface can't send.
    #expect(try await nodes[2].count("unreachable", of: "transport") > 0)
  }

  /// The others go on to write to the former address, where nobody is; it is the node itself that
  /// keeps in touch with them, and streams find it where it speaks from.
  @Test func `A process whose host gets another address stays a member`() async throws {
    let lab = try NetworkLab(hosts: 4)
    var nodes = try await start(in: lab, bind: ":7000")
    let change = MonotonicClock.now()
    try lab.run("ip -n host3 address del \(NetworkLab.address(of: 3))/24 dev eth0")
    try lab.run("ip -n host3 address add 10.77.0.33/24 dev eth0")
    try await nodes[2].ask("set key moved", answer: "version")
    try await nodes[0].ask("set key stayed", answer: "version")
    try await agree(nodes)
    nodes.append(try lab.start("d", on: 4, interval: interval))
    try await nodes[3].ask("join \(NetworkLab.address(of: 1)):7000", answer: "joined a")
    try await agree(nodes)
    for node in [nodes[0], nodes[2]] {
      try await node.ask("fill many 400 300", answer: "version")
      // A stream to the former address may have to fail first, which takes the system a while.
      try await agree(nodes, within: .seconds(40))
    }
    try await Task.sleep(for: interval * 20)
    for node in nodes {
      #expect(node.first("event down", after: change) == nil, "\(transcripts(nodes))")
    }
  }

  @Test func `A port is bound again at once, whatever became of its streams`() async throws {
    let lab = try NetworkLab(hosts: 3)
    var nodes = try await start(in: lab)
    let bind = "\(NetworkLab.address(of: 3)):7000"
    for life in 1...4 {
      // Streams in all states are left behind: large state is on its way each way.
      for node in nodes { try await node.ask("fill life-\(life) 300 2000", answer: "version") }
      try await eventually("streams are at work") {
        try lab.run("ss --tcp --no-header state connected", on: 3).isEmpty == false
      }
      if life % 2 == 0 { try lab.unplug(3) }
      nodes[2].end()
      nodes[2] = try lab.start("c", on: 3, interval: interval)
      #expect(try await nodes[2].address() == bind)
      if life % 2 == 0 { try lab.plug(3) }
      try await nodes[2].ask("join \(NetworkLab.address(of: 1)):7000", answer: "joined a")
      try await agree(nodes)
    }
    for node in nodes[..<2] {
      #expect(node.story(of: "c").count { $0 == "replaced" } == 4, "\(transcripts(nodes))")
    }
  }

  /// Starts `a`, `b` and `c` on the first hosts; a fourth one stays empty.
  private func start(in lab: NetworkLab, bind: String? = nil) async throws -> [ChildNode] {
    let nodes = try zip(["a", "b", "c"], 1...3).map { name, host in
      try lab.start(name, on: host, bind: bind, interval: interval)
    }
    try await gather(nodes, interval: interval)
    return nodes
  }
}
