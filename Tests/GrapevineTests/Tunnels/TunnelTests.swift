import Glibc
import Grapevine
import GrapevineCore
import GrapevineEncryption
import GrapevineTransport
import Pacing
import Testing

/// Nodes that send nothing by UDP, on real sockets.
@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(2))) struct TunnelTests {
  /// The ports that this process, among others, has bound for UDP.
  private func datagramPorts() throws -> Set<UInt16> {
    var ports: Set<UInt16> = []
    for name in ["udp", "udp6"] {
      let file = try #require(fopen("/proc/self/net/\(name)", "re"))
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 512)
      while fgets(&line, CInt(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        let words = text.split(separator: " ")
        guard words.count > 1, let digits = words[1].split(separator: ":").last else { continue }
        if let port = UInt16(digits, radix: 16) { ports.insert(port) }
      }
    }
    return ports
  }

  private func makeNodes(
    _ names: String...,
    adjust: (inout Node.Configuration) -> Void = { _ in }
  ) async throws -> [Node] {
    var nodes: [Node] = []
    for name in names {
      let node = try makeNode(name) {
        $0.transport = .streams
        adjust(&$0)
      }
      if let first = nodes.first { try await node.join([first.address.description]) }
      nodes.append(node)
    }
    try await eventually("all know all") {
      nodes.allSatisfy { $0.liveMemberCount == nodes.count }
    }
    return nodes
  }

  @Test func `Eight nodes without a UDP socket are one cluster`() async throws {
    let usual = try makeNode("usual")
    let nodes = try await makeNodes("a", "b", "c", "d", "e", "f", "g", "h")
    let ports = try datagramPorts()
    #expect(ports.contains(usual.address.port))
    for node in nodes { #expect(!ports.contains(node.address.port)) }
    for node in nodes { try node.set("of", node.id.name) }
    try nodes[0].set("large", [UInt8](repeating: 3, count: 200_000))
    try await eventually("all hold all") {
      nodes.allSatisfy { node in
        nodes.allSatisfy { node.text(of: "of", member: $0.id.name) == $0.id.name }
          && node.member(named: "a")?["large"]?.count == 200_000
      }
    }
    #expect(nodes.allSatisfy { $0.fingerprint == nodes[0].fingerprint })
    for node in nodes {
      let counts = node.transportMetrics
      #expect(counts.tunnelsOpened > 0 && counts.tunnelsTaken > 0, "\(counts)")
      #expect(counts.tunnelsMalformed == 0 && counts.tunnelsLate == 0, "\(counts)")
    }
    // It goes both ways by packet, and by stream.
    #expect(try await nodes[3].reachability(of: "f", timeout: .seconds(30)).isFull)
    nodes[7].close()
    try await eventually("the crash is known") {
      nodes[..<7].allSatisfy { $0.member(named: "h")?.isDown == true }
    }
    #expect(try await nodes[6].leave().acknowledged.isEmpty == false)
    try await eventually("the leaving is known") {
      nodes[..<6].allSatisfy { $0.liveMemberCount == 6 }
    }
  }

  @Test func `Nodes at IPv6 addresses and on one loop are a cluster, too`() async throws {
    let loop = try Node.Loop()
    let nodes = try await makeNodes("a", "b", "c") {
      $0.bind = "[::1]:0"
      $0.loop = loop
    }
    try nodes[0].set("key", "value")
    try await eventually("all hold it") {
      nodes.allSatisfy { $0.text(of: "key", member: "a") == "value" }
    }
  }

  @Test func `What is out of reach gets no packet, and what is lost is made up for`() async throws {
    let nodes = try await makeNodes("a", "b") { $0.sendLoss = SendLoss(rate: 0.3, seed: 5) }
    nodes[0].setUnreachable([nodes[1].address])
    nodes[1].setUnreachable([nodes[0].address])
    try nodes[0].set("key", "value")
    let sent = nodes[0].metrics.packetsOut
    try await eventually("a sends in vain") { nodes[0].metrics.packetsOut > sent + 5 }
    #expect(nodes[1].text(of: "key", member: "a") == nil)
    for node in nodes { node.setUnreachable([]) }
    try await eventually("b hears of it") { nodes[1].text(of: "key", member: "a") == "value" }
    #expect(nodes.allSatisfy { $0.transportMetrics.sendsLostOnPurpose > 0 })
  }

  @Test func `A tunnel that is not used is closed, and opened again when it is`() async throws {
    let nodes = try await makeNodes("a", "b") {
      $0.gossip.interval = .milliseconds(200)
      $0.tunnelLimits.idleTime = .milliseconds(20)
    }
    let before = nodes.map(\.transportMetrics)
    try await eventually("tunnels come and go") {
      zip(nodes, before).allSatisfy {
        $0.transportMetrics.tunnelsOpened > $1.tunnelsOpened + 2
          && $0.transportMetrics.tunnelsTaken > $1.tunnelsTaken + 2
      }
    }
    // Nothing was lost by it.
    for (node, before) in zip(nodes, before) {
      #expect(node.transportMetrics.tunnelsFailed == before.tunnelsFailed)
      #expect(node.transportMetrics.sendsWithoutTunnel == before.sendsWithoutTunnel)
    }
  }

  @Test func `A cluster of more members than there may be tunnels holds together`() async throws {
    let nodes = try await makeNodes("a", "b", "c", "d", "e", "f") {
      $0.gossip.interval = .milliseconds(100)
      $0.tunnelLimits.outboundLimit = 2
    }
    let recorder = Recorder()
    nodes[0].watch(recorder)
    for round in 0..<5 {
      for node in nodes { try node.set("round", "\(round)") }
      try await eventually("all hold round \(round)") {
        nodes.allSatisfy { node in
          nodes.allSatisfy { node.text(of: "round", member: $0.id.name) == "\(round)" }
        }
      }
    }
    #expect(nodes.allSatisfy { $0.transportMetrics.tunnelsDisplaced > 0 })
    let downs = recorder.events.filter { if case .down = $0 { true } else { false } }
    #expect(downs.isEmpty, "\(downs)")
  }

  @Test func `A peer that starts again at its address is reached again`() async throws {
    let nodes = try await makeNodes("a", "b", "c") {
      // A tunnel that fails is not tried again, unless the peer comes by itself.
      $0.tunnelLimits.shortestPause = .seconds(600)
      $0.tunnelLimits.longestPause = .seconds(600)
    }
    let address = nodes[1].address.description
    nodes[1].close()
    try await eventually("b is down") {
      [nodes[0], nodes[2]].allSatisfy { $0.member(named: "b")?.isDown == true }
    }
    let next = try bindingAgain {
      try makeNode("b") {
        $0.transport = .streams
        $0.bind = address
      }
    }
    try await next.join([nodes[0].address.description])
    try next.set("key", "new")
    try nodes[2].set("key", "of c")
    try await eventually("it hears and is heard") {
      nodes[0].text(of: "key", member: "b") == "new"
        && nodes[2].text(of: "key", member: "b") == "new"
        && next.text(of: "key", member: "c") == "of c"
    }
    // Its peers open tunnels to it at once, however long it was away.
    try await eventually("packets get there") {
      next.transportMetrics.tunnelsTaken == 2
    }
  }

  @Test func `A peer that takes nothing holds up nobody else, and is given up`() async throws {
    let nodes = try await makeNodes("a", "b") {
      $0.tunnelLimits.queueLimit = 4_096
      $0.tunnelLimits.kernelBufferSize = 4_096
      $0.tunnelLimits.stallLimit = .milliseconds(500)
    }
    for index in 0..<50 { try nodes[0].set("key-\(index)", [UInt8](repeating: 7, count: 1_000)) }
    let deaf = DeafListeners(1)
    // Who has the node answer to that address asks for everything, again and again.
    let asker = RawTunnel(to: nodes[0].address, from: deaf.endpoints[0])
    let question = [Forger("asker").digest(Forger.entries())]
    try await eventually("it is given up") {
      for _ in 0..<100 { asker.send(question) }
      let counts = nodes[0].transportMetrics
      return counts.sendsWithoutRoom > 0 && counts.tunnelsFailed > 0
    }
    #expect(deaf.takenCount > 0)
    try nodes[0].set("last", "word")
    try await eventually("b hears all") { nodes[1].text(of: "last", member: "a") == "word" }
  }

  @Test func `Who has a node connect somewhere has it say nothing but its address`() async throws {
    let node = try makeNode("node") {
      $0.transport = .streams
      $0.tunnelLimits.openTimeout = .milliseconds(500)
    }
    try node.set("key", "\r\nsecret\r\n")
    let listener = try StreamListener(bind: Endpoint(ipv4: 0x7F00_0001, port: 0))
    let tunnel = RawTunnel(to: node.address, from: listener.boundEndpoint)
    tunnel.send([Forger("asker").digest(Forger.entries())])
    var found: StreamConnection?
    try await eventually("the node connects") {
      found = try listener.accept()?.connection
      return found != nil
    }
    let connection = try #require(found)
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 4_096)
    defer { buffer.deallocate() }
    var said: [UInt8] = []
    try await eventually("the node gives up") {
      do {
        switch try connection.read(into: buffer) {
        case .nothing: return false
        case .ended: return true
        case .bytes(let count): said += buffer[..<count]
        }
      } catch {
        return true
      }
      return false
    }
    #expect(said == TunnelFormat.preamble(of: node.address))
    #expect(node.transportMetrics.sendsWithoutTunnel > 0)
    #expect(node.transportMetrics.tunnelsFailed == 1)
  }

  @Test func `A node that sends by UDP refuses tunnels, and counts them`() async throws {
    let usual = try makeNode("usual")
    let other = try makeNode("other") { $0.transport = .streams }
    // Streams bring them together, for a while.
    try await other.join([usual.address.description])
    try await eventually("it is told") { usual.transportMetrics.tunnelsUnwanted > 0 }
    #expect(usual.transportMetrics.tunnelsTaken == 0)
    try await eventually("the other has noticed") { other.transportMetrics.tunnelsFailed > 0 }
    #expect(other.transportMetrics.tunnelsOpened == 0)
    let text = usual.metrics.prometheusText()
    #expect(text.contains("grapevine_tunnels_refused_total{reason=\"unwanted\"}"))
  }

  @Test func `Nodes with keys are a cluster, and who has none gets nothing in`() async throws {
    let key = TestKey.random()
    let nodes = try await makeNodes("a", "b", "c") { configuration in
      configuration.sealer = try? TestKeyring(key)
      configuration.gossip.label = "prod"
    }
    for node in nodes { try node.set("of", node.id.name) }
    try await eventually("all hold all") {
      nodes.allSatisfy { node in
        nodes.allSatisfy { node.text(of: "of", member: $0.id.name) == $0.id.name }
      }
    }
    for node in nodes {
      let counts = try #require(node.sealingMetrics)
      #expect(counts.packetsOpened > 0 && counts.packetsSealed > 0 && counts.packetsTakenPlain == 0)
    }
    let packets = nodes[0].counters.packetsIn
    let stranger = RawTunnel(to: nodes[0].address)
    stranger.send([Forger("stranger").heartbeat()])
    try await eventually("the plain packet is refused") {
      (nodes[0].sealingMetrics?.refusedPackets[.plain] ?? 0) > 0
    }
    #expect(nodes[0].memberCount == 3 && nodes[0].counters.packetsIn >= packets)
  }
}
