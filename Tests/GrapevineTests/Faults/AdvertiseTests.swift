import Glibc
import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// What a node that is bound to all addresses tells others, on hosts of all kinds.
@Suite(
  .inTurn,
  .serialized,
  .timeLimit(.minutes(3)),
  .enabled(if: NetworkLab.isWanted, "NAMESPACES=off")
)
struct AdvertiseTests {
  private let interval = Duration.milliseconds(Environment.isFull ? 500 : 100)

  @Test func `Hosts with IPv6 alone make a cluster`() async throws {
    let lab = try NetworkLab(hosts: 3, family: .ipv6)
    try await expectCluster(in: lab) { "[\(NetworkLab.longAddress(of: $0))]:7000" }
  }

  @Test func `Hosts without any IPv6 make a cluster`() async throws {
    let lab = try NetworkLab(hosts: 3)
    for host in 1...3 {
      let name = "net/ipv6/conf/all/disable_ipv6"
      try lab.run("sh -c 'echo 1 >/proc/sys/\(name)'", on: host)
    }
    try await expectCluster(in: lab) { "\(NetworkLab.address(of: $0)):7000" }
  }

  @Test func `Hosts with both families tell the address of IPv4`() async throws {
    let lab = try NetworkLab(hosts: 3, family: .ipv6)
    for host in 1...3 { try lab.run("ip -n host\(host) address add 10.77.0.\(host)/24 dev eth0") }
    try await expectCluster(in: lab) { "10.77.0.\($0):7000" }
  }

  /// Such as containers are given, and which are not among the private ones.
  @Test(arguments: ["100.64.7", "198.18.7", "203.0.113"])
  func `Any range of addresses will do`(_ network: String) async throws {
    let lab = try NetworkLab(hosts: 3)
    for host in 1...3 {
      try lab.run("ip -n host\(host) address flush dev eth0")
      try lab.run("ip -n host\(host) address add \(network).\(host)/24 dev eth0")
    }
    try await expectCluster(in: lab) { "\(network).\($0):7000" }
  }

  @Test func `Of several interfaces the one that is named counts`() async throws {
    let lab = try NetworkLab(hosts: 3)
    for host in 1...3 {
      // Nobody else is there.
      try lab.run(
        """
        ip -n host\(host) link set eth0 down && ip -n host\(host) link set eth0 name net9 &&
        ip -n host\(host) link add eth0 type veth peer name far &&
        ip -n host\(host) link set eth0 up && ip -n host\(host) link set far up &&
        ip -n host\(host) address add 10.88.\(host).1/24 dev eth0 &&
        ip -n host\(host) link set net9 up
        """
      )
    }
    let options = ["interface=eth0"]
    let apart = try lab.start("x", on: 1, bind: ":7001", interval: interval, options: options)
    #expect(try await apart.address() == "10.88.1.1:7001")
    try await expectCluster(in: lab, options: ["interface=net9"]) {
      "\(NetworkLab.address(of: $0)):7000"
    }
  }

  /// Starts a node on each host, bound to all addresses, and lets them join by what they tell.
  private func expectCluster(
    in lab: NetworkLab,
    options: [String] = [],
    addresses: (Int) -> String
  ) async throws {
    let nodes = try zip(["a", "b", "c"], 1...3).map { name, host in
      try lab.start(name, on: host, bind: ":7000", interval: interval, options: options)
    }
    for (node, host) in zip(nodes, 1...3) { #expect(try await node.address() == addresses(host)) }
    try await gather(nodes, interval: interval)
    try await nodes[2].ask("set key value", answer: "version")
    try await agree(nodes)
    for node in nodes { #expect(node.first("event down", after: .zero) == nil) }
  }
}
