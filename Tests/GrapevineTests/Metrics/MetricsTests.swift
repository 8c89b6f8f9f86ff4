import Grapevine
import GrapevineEncryption
import Pacing
import Testing

/// What a node tells of itself to those who watch over it.
@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct MetricsTests {
  /// A line of the text format that is no comment.
  private struct Sample {
    var name: Substring
    var labels: Substring
    var value: Double

    init?(_ line: Substring) {
      guard let space = line.lastIndex(of: " "), let value = Double(line[space...].dropFirst())
      else { return nil }
      let brace = line.firstIndex(of: "{") ?? space
      name = line[..<brace]
      labels = line[brace..<space]
      self.value = value
    }
  }

  private func samples(_ text: String) throws -> [Sample] {
    var samples: [Sample] = []
    var families: Set<Substring> = []
    var current: Substring = ""
    for line in text.split(separator: "\n") {
      if line.hasPrefix("# HELP ") {
        current = line.dropFirst(7).prefix { $0 != " " }
        #expect(families.insert(current).inserted, "\(current) comes twice")
        #expect(line.last == ".", "\(line)")
      } else if line.hasPrefix("# TYPE ") {
        let isCounter = line.hasSuffix(" counter")
        #expect(line.dropFirst(7).hasPrefix(current), "\(line)")
        #expect(isCounter == current.hasSuffix("_total"), "\(line)")
      } else {
        let sample = try #require(Sample(line), "\(line)")
        #expect(sample.name == current, "\(line)")
        samples.append(sample)
      }
    }
    #expect(families.count > 40)
    // In OpenMetrics a counter has its name without the ending.
    #expect(families.allSatisfy { !families.contains("\($0)_total") })
    return samples
  }

  @Test func `all that is told agrees with what the node says elsewhere`() async throws {
    let nodes = try await makeCluster("a", "b", "c")
    try nodes[1].set("key", "value")
    try await eventually("a has it") { nodes[0].text(of: "key", member: "b") == "value" }
    try await nodes[0].changeState(to: .participant)
    try await eventually("a observes another") {
      nodes[0].metrics.prometheusText().contains("\ngrapevine_peer_phi{")
    }
    let metrics = nodes[0].metrics
    #expect(metrics.packetsOut > 0 && metrics.packetsOut == metrics.counters.packetsOut)
    #expect(metrics.members.live == 3 && metrics.members.participants == 1)
    #expect(metrics.peers.map(\.id.name) == ["b", "c"] && metrics.state == .participant)
    #expect(metrics.fingerprint == nodes[1].metrics.fingerprint)
    let told = try samples(metrics.prometheusText())
    func value(_ name: String, _ labels: String) -> Double? {
      told.first { $0.name == name && $0.labels == labels }?.value
    }
    #expect(value("grapevine_members", "{state=\"live\"}") == 3)
    #expect(value("grapevine_participants", "") == 1)
    #expect(
      value("grapevine_packets_total", "{direction=\"out\"}") == Double(metrics.packetsOut)
    )
    #expect(value("grapevine_peer_version", "{peer=\"b\"}") == 1)
    #expect(value("grapevine_drops_total", "{reason=\"key_collision\"}") == 0)
    #expect(value("grapevine_drops_total", "{reason=\"not_utf8\"}") == 0)
    #expect(told.count { $0.name == "grapevine_peer_silence_seconds" } == 2)
    #expect(told.contains { $0.name == "grapevine_peer_phi" && $0.value < 128 })
  }

  @Test func `the list of metrics has each sample of the text once`() async throws {
    let nodes = try await makeCluster("a", "b")
    let metrics = nodes[0].metrics
    let families = metrics.families
    let listed = families.flatMap { family in
      family.samples.map { sample in
        let labels = sample.labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
        return "\(family.name) \(labels) \(sample.value)"
      }
    }
    let told = try samples(metrics.prometheusText()).map { sample in
      "\(sample.name) \(sample.labels.dropFirst().dropLast()) \(sample.value)"
    }
    #expect(listed == told && Set(listed).count == listed.count)
    for family in families where family.kind == .counter {
      #expect(family.samples.allSatisfy { $0.value >= 0 && $0.value == $0.value.rounded() })
    }
    let bytes = families.first { $0.name == "grapevine_packet_bytes_total" }
    #expect(bytes?.samples.map(\.labels).map { $0.map(\.value) } == [["in"], ["out"]])
    #expect(
      bytes?.samples.map(\.value)
        == [metrics.packetBytesIn, metrics.packetBytesOut].map(Double.init)
    )
  }

  @Test func `whole numbers are told without a point`() throws {
    let text = try makeNode("a").metrics.prometheusText()
    #expect(text.contains("grapevine_node_info{") && text.contains("} 1\n"))
    #expect(!text.contains(".0\n"))
  }

  @Test func `labels are escaped, and their names made such as can be read`() throws {
    let node = try makeNode("a\"\\\n")
    defer { node.close() }
    let text = node.metrics.prometheusText(labels: ["cluster": "eu\"1", "9 lives": "é"])
    let told = try samples(text)
    #expect(told.allSatisfy { $0.labels.hasPrefix("{cluster=\"eu\\\"1\",_9_lives=\"é\"") })
    #expect(text.contains("node=\"a\\\"\\\\\\n\""))
  }

  @Test func `a label that a metric has itself is not told twice`() throws {
    let node = try makeNode("a")
    defer { node.close() }
    let text = node.metrics.prometheusText(
      labels: ["node": "host-7", "exported.state": "x", "state": "y", "zone": "1", "zone": "2"]
    )
    let constant = "{exported_node=\"host-7\",exported_state=\"y\",zone=\"2\""
    #expect(try samples(text).allSatisfy { $0.labels.hasPrefix(constant) })
    #expect(text.contains("\(constant),node=\"a\","))
  }

  @Test func `a label keeps its name whoever comes`() async throws {
    let labels: KeyValuePairs = ["peer": "x", "on": "y", "__name__": "z", "zone": "1"]
    let constant = "{exported_peer=\"x\",exported_on=\"y\",exported___name__=\"z\",zone=\"1\""
    let nodes = try await makeCluster("a", "b")
    for node in try [makeNode("alone"), nodes[0]] {
      let told = try samples(node.metrics.prometheusText(labels: labels))
      #expect(told.allSatisfy { $0.labels.hasPrefix(constant) })
    }
  }

  @Test func `the names of labels are those that metrics have`() async throws {
    let ring = try TestKeyring(.random())
    let nodes = try await makeCluster("a", "b") { $0.sealer = ring }
    let labels = nodes[0].metrics.families.flatMap(\.samples).flatMap(\.labels)
    #expect(Set(labels.map(\.name)) == Set(LabelName.allCases.map(\.rawValue)))
  }

  @Test func `what was sealed and refused is told of nodes with keys alone`() async throws {
    let ring = try TestKeyring(.random())
    let nodes = try await makeCluster("a", "b") { $0.sealer = ring }
    let seed = "\(nodes[0].address)"
    let plain = try makeNode("c") { $0.seeds = { [seed] } }
    try await eventually("a refuses c") {
      try #require(nodes[0].sealingMetrics).refusedPackets[.plain] > 0
    }
    let metrics = nodes[0].metrics
    let sealing = try #require(metrics.sealing)
    let told = try samples(metrics.prometheusText())
    func value(_ name: String, _ labels: String) -> Double? {
      told.first { $0.name == name && $0.labels == labels }?.value
    }
    let sealed = value("grapevine_sealed_packets_total", "{direction=\"out\"}")
    #expect(sealed == Double(sealing.packetsSealed) && sealing.packetsSealed > 0)
    let refused = value("grapevine_seal_refusals_total", "{on=\"packet\",reason=\"plain\"}")
    #expect(refused == Double(sealing.refusedPackets[.plain]))
    #expect(value("grapevine_seal_refusals_total", "{on=\"stream\",reason=\"bad_tag\"}") == 0)
    #expect(metrics.description.contains("refused packets: plain "))
    #expect(plain.metrics.sealing == nil)
    #expect(!plain.metrics.prometheusText().contains("seal_"))
  }

  @Test func `a node is described on one line`() async throws {
    let nodes = try await makeCluster("a", "b")
    let text = nodes[0].description
    #expect(text.hasPrefix("a#") && !text.contains("\n"))
    for part in [", viewer: ", "2 live", "0 down", "fingerprint 0x", "drops: none", "sockets well"]
    {
      #expect(text.contains(part), "\(part) in \(text)")
    }
  }
}
