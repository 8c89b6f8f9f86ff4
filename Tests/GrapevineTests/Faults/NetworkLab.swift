import Grapevine
import GrapevineTransport
import Testing

/// A network of hosts on this machine, for faults of real networks.
///
/// Each host is a network namespace with one cable, a veth pair, to a switch, a bridge. Faults are
/// made where they happen: at the cables. All of it is in namespaces of its own, and is gone when
/// nobody holds this any more.
final class NetworkLab: Sendable {
  /// The number of hosts: 1 to this.
  let hostCount: Int
  /// The addresses that nodes are bound to, unless told otherwise.
  let family: AddressFamily
  private let shell: LabShell
  private let filterCount = Locked(0)
  /// Says whether processes see the files that the laboratory has put in the place of others.
  private let sharesMounts: Bool

  /// Makes hosts 1 to `hosts` and divides them evenly among the switches, which are in a row.
  init(
    hosts: Int,
    switches: Int = 1,
    family: AddressFamily = .ipv4,
    sharesMounts: Bool = false
  ) throws(NoLab) {
    self.sharesMounts = sharesMounts
    hostCount = hosts
    self.family = family
    shell = try LabShell()
    for number in 1...switches {
      try run("ip link add switch\(number) type bridge && ip link set switch\(number) up")
      guard number > 1 else { continue }
      let (near, far) = ("trunk\(number - 1)", "trunk\(number - 1)far")
      try run(
        """
        ip link add \(near) type veth peer name \(far) &&
        ip link set \(near) master switch\(number - 1) && ip link set \(near) up &&
        ip link set \(far) master switch\(number) && ip link set \(far) up
        """
      )
    }
    for host in 1...hosts {
      let number = 1 + (host - 1) * switches / hosts
      try run(
        """
        ip netns add host\(host) &&
        ip link add port\(host) type veth peer name eth0 netns host\(host) &&
        ip link set port\(host) master switch\(number) && ip link set port\(host) up &&
        tc qdisc add dev port\(host) clsact &&
        ip -n host\(host) link set eth0 gso_max_segs 1 &&
        ip -n host\(host) link set lo up && ip -n host\(host) link set eth0 up
        """
      )
      try giveAddress(to: host)
    }
  }

  /// Gives a host the address that is its own.
  func giveAddress(to host: Int) throws(NoLab) {
    switch family {
    case .ipv4:
      try run("ip -n host\(host) address add \(Self.address(of: host))/24 dev eth0")
    case .ipv6:
      // Without the wait for another that has it.
      try run("ip -n host\(host) address add \(Self.longAddress(of: host))/64 dev eth0 nodad")
    }
  }

  /// Says whether tests are to make networks; `NAMESPACES=off` says no.
  static var isWanted: Bool { Environment.value(of: "NAMESPACES") != "off" }
}

enum AddressFamily: CaseIterable, Sendable {
  case ipv4, ipv6
}

extension NetworkLab {
  static func address(of host: Int) -> String { "10.77.0.\(host)" }
  static func longAddress(of host: Int) -> String { "fd77::\(host)" }
  static func number(ofHost host: Int) -> UInt32 { 10 << 24 | 77 << 16 | UInt32(host) }

  /// Starts a node in a process of its own on `host`.
  func start(
    _ name: String,
    on host: Int,
    bind: String? = nil,
    interval: Duration,
    expiry: Duration = .seconds(60),
    options: [String] = []
  ) throws -> ChildNode {
    let own =
      switch family {
      case .ipv4: "\(Self.address(of: host)):7000"
      case .ipv6: "[\(Self.longAddress(of: host))]:7000"
      }
    return try ChildNode(
      name,
      bind: bind ?? own,
      interval: interval,
      expiry: expiry,
      options: options,
      launcher: shell.launcher(in: "host\(host)", sharesMounts: sharesMounts)
    )
  }

  /// Starts nodes `a` on host 1, `b` on host 2 and so on, and waits until all know all.
  func startAll(
    interval: Duration,
    expiry: Duration = .seconds(60),
    options: [String] = []
  ) async throws -> [ChildNode] {
    var nodes: [ChildNode] = []
    for (letter, host) in zip("abcdefgh", 1...hostCount) {
      nodes.append(
        try start(
          String(letter),
          on: host,
          interval: interval,
          expiry: expiry,
          options: options
        )
      )
    }
    try await gather(nodes, interval: interval)
    return nodes
  }

  /// Runs a command where the switches are; the hosts are its network namespaces.
  @discardableResult
  func run(_ command: String) throws(NoLab) -> String { try shell.run(command) }

  /// Runs a command on `host`.
  @discardableResult
  func run(_ command: String, on host: Int) throws(NoLab) -> String {
    try run("ip netns exec host\(host) \(command)")
  }
}

// Faults.
extension NetworkLab {
  /// Pulls the host's cable out of the switch.
  func unplug(_ host: Int) throws(NoLab) { try run("ip link set port\(host) down") }

  func plug(_ host: Int) throws(NoLab) { try run("ip link set port\(host) up") }

  /// Cuts the cable between two switches.
  func unplugTrunk(_ number: Int) throws(NoLab) { try run("ip link set trunk\(number) down") }

  func plugTrunk(_ number: Int) throws(NoLab) { try run("ip link set trunk\(number) up") }

  /// Lets `host` and its port send packets of so many bytes at most; longer ones that others send
  /// to it vanish, and nobody is told.
  func setMaximumUnit(_ size: Int, of host: Int) throws(NoLab) {
    try run("ip -n host\(host) link set eth0 mtu \(size) && ip link set port\(host) mtu \(size)")
  }

  func setMaximumUnitOfTrunk(_ size: Int, _ number: Int) throws(NoLab) {
    try run("ip link set trunk\(number) mtu \(size) && ip link set trunk\(number)far mtu \(size)")
  }

  /// Makes the host's cable slow, both ways, with a queue of half a second at each end.
  func setRate(_ rate: String, of host: Int) throws(NoLab) {
    let line = "root tbf rate \(rate) burst 4000 latency 500ms"
    try run("tc -n host\(host) qdisc replace dev eth0 \(line)")
    try run("tc qdisc replace dev port\(host) \(line)")
  }

  /// Lets packets vanish that `host` sends.
  func drop(_ filter: PacketFilter, sentBy host: Int) throws(NoLab) {
    try add(filter, to: "port\(host) ingress")
  }

  /// Lets packets vanish that others send to `host`.
  func drop(_ filter: PacketFilter, onWayTo host: Int) throws(NoLab) {
    try add(filter, to: "port\(host) egress")
  }

  /// Takes away all filters at the host's cable.
  func dropNothing(at host: Int) throws(NoLab) {
    try run("tc filter del dev port\(host) ingress; tc filter del dev port\(host) egress")
  }

  /// How many packets the filters at the host's cable have let vanish.
  func dropCount(at host: Int) throws(NoLab) -> Int {
    let words = try run("tc -s qdisc show dev port\(host) clsact").split { " (,\n".contains($0) }
    guard let index = words.firstIndex(of: "dropped") else { return 0 }
    return Int(words[index + 1]) ?? 0
  }

  private func add(_ filter: PacketFilter, to place: String) throws(NoLab) {
    let priority = filterCount.withLock { count in
      count += 1
      return count
    }
    try run(
      """
      tc filter add dev \(place) priority \(priority) \
      bpf direct-action bytecode '\(filter.bytecode)'
      """
    )
  }
}
