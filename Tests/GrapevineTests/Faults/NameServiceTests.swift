import Glibc
import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// Names that a real name server gives, answers wrong, late, or not at all.
@Suite(
  .inTurn,
  .serialized,
  .timeLimit(.minutes(3)),
  .enabled(if: NetworkLab.isWanted, "NAMESPACES=off"),
  .enabled(if: NetworkLab.hasNameServer, "dnsmasq is not installed")
)
struct NameServiceTests {
  private let interval = Duration.milliseconds(Environment.isFull ? 500 : 100)
  private static let name = "cluster.lab"
  /// The host of the name server.
  private static let server = 4

  @Test func `A name whose answers change is followed`() async throws {
    let lab = try makeLab()
    try startServer(in: lab)
    try answer([NetworkLab.address(of: 1)], in: lab)
    let nodes = [
      try lab.start("a", on: 1, interval: interval),
      try lab.start("b", on: 2, interval: interval, options: Self.options),
      // Nobody has told this one of the others.
      try lab.start("c", on: 3, interval: interval),
    ]
    try await agree(Array(nodes[..<2]))
    #expect(nodes[2].story(of: "a").isEmpty)
    try answer([NetworkLab.address(of: 1), NetworkLab.address(of: 3)], in: lab)
    try await agree(nodes)
    // One that is gone from the name stays a member, as long as it lives.
    try answer([NetworkLab.address(of: 3)], in: lab)
    try await Task.sleep(for: .seconds(2))
    try await agree(nodes)
    for node in nodes { #expect(node.first("event down", after: .zero) == nil) }
  }

  @Test func `A name that fails at first is asked for again`() async throws {
    let lab = try makeLab()
    let nodes = [
      try lab.start("a", on: 1, interval: interval),
      try lab.start("b", on: 2, interval: interval, options: Self.options),
    ]
    // No server at all, then one that does not know the name, then one that does.
    try await Task.sleep(for: .seconds(2))
    try startServer(in: lab)
    try await Task.sleep(for: .seconds(2))
    #expect(nodes[1].story(of: "a").isEmpty)
    try answer([NetworkLab.address(of: 1)], in: lab)
    try await agree(nodes, within: .seconds(60))
  }

  @Test(arguments: [false, true])
  func `A name with addresses of both families leads to one cluster`(isHalfDead: Bool) async throws
  {
    let lab = try makeLab()
    for host in 1...3 {
      let address = "\(NetworkLab.longAddress(of: host))/64"
      try lab.run("ip -n host\(host) address add \(address) dev eth0 nodad")
    }
    try startServer(in: lab)
    // With the one family, or both, it leads to the first host.
    let long = NetworkLab.longAddress(of: isHalfDead ? 99 : 1)
    try answer([NetworkLab.address(of: 1), long], in: lab)
    let nodes = try zip(["a", "b", "c"], 1...3).map { name, host in
      try lab.start(name, on: host, bind: ":7000", interval: interval, options: Self.options)
    }
    try await agree(nodes, within: .seconds(60))
    for node in nodes { #expect(node.first("event down", after: .zero) == nil) }
  }

  @Test func `A name with more addresses than fit in a packet is read whole`() async throws {
    let lab = try makeLab()
    try startServer(in: lab)
    // Nobody is at most of them; the one that counts may come anywhere.
    let nobody = (100..<220).map { "10.77.0.\($0)" }
    try answer(nobody + [NetworkLab.address(of: 1)], in: lab)
    let nodes = [
      try lab.start("a", on: 1, interval: interval),
      try lab.start("b", on: 2, interval: interval, options: Self.options),
    ]
    try await agree(nodes, within: .seconds(120))
  }

  @Test func `A name server that goes away holds up nothing`() async throws {
    let lab = try makeLab()
    try startServer(in: lab)
    try answer([NetworkLab.address(of: 1)], in: lab)
    let nodes = try zip(["a", "b", "c"], 1...3).map { name, host in
      try lab.start(name, on: host, interval: interval, options: Self.options)
    }
    try await agree(nodes)
    let cut = MonotonicClock.now()
    try lab.unplug(Self.server)
    for round in 1...10 {
      for node in nodes {
        try await node.ask("set key \(node.name)-\(round)", answer: "version")
        // No answer of the server comes meanwhile: each look-up hangs for seconds.
        try await agree(nodes)
      }
      try await Task.sleep(for: interval * 5)
    }
    for node in nodes {
      #expect(try await node.metric("pauses") == 0)
      #expect(try await node.metric("accusations") == 0)
      #expect(node.first("event down", after: cut) == nil, "\(transcripts(nodes))")
    }
    // Nor does it keep a node from leaving, or from ending.
    nodes[2].tell("leave")
    for node in nodes[..<2] { _ = try await node.event("left c#", after: cut) }
  }

  private static let options = ["seed=\(name)", "seed-interval=500"]

  /// Three hosts for nodes and one for the server, and all ask that one.
  private func makeLab() throws(NoLab) -> NetworkLab {
    let lab = try NetworkLab(hosts: Self.server, sharesMounts: true)
    try lab.run(
      """
      printf 'nameserver \(NetworkLab.address(of: Self.server))\\n' >/run/resolv.conf &&
      printf 'options timeout:1 attempts:2\\n' >>/run/resolv.conf &&
      mount --bind /run/resolv.conf /etc/resolv.conf
      """
    )
    return lab
  }

  /// Starts a server that knows no name yet.
  private func startServer(in lab: NetworkLab) throws(NoLab) {
    try lab.run(
      """
      : >/run/names && ip netns exec host\(Self.server) dnsmasq --conf-file=/dev/null \
      --no-resolv --no-hosts --addn-hosts=/run/names --local=/lab/ --user=root --group=root \
      --listen-address=\(NetworkLab.address(of: Self.server)) --bind-interfaces \
      --pid-file=/run/dnsmasq.pid
      """
    )
  }

  /// Lets the name lead to these addresses from now on.
  private func answer(_ addresses: [String], in lab: NetworkLab) throws(NoLab) {
    let lines = addresses.map { "\($0) \(Self.name)" }.joined(separator: "\\n")
    try lab.run("printf '\(lines)\\n' >/run/names && kill -HUP $(cat /run/dnsmasq.pid)")
  }
}

extension NetworkLab {
  /// Says whether there is a name server to be started.
  static var hasNameServer: Bool {
    let places: [String] = ["/usr/sbin/dnsmasq", "/usr/bin/dnsmasq"]
    return places.contains { place in access(place, X_OK) == 0 }
  }
}
