#if SwiftMetrics
  import BridgeSupport
  import Grapevine
  import GrapevineSwiftMetrics
  import MetricsTestKit
  import Testing

  /// A node's metrics in swift-metrics.
  @Suite(.timeLimit(.minutes(1))) struct MetricsPublisherTests {
    /// A name with labels, in an order of their own.
    private struct Series: Hashable {
      let name: String
      let labels: [String]

      init(_ name: String, _ labels: [(String, String)]) {
        self.name = name
        self.labels = labels.map { "\($0)=\($1)" }
      }
    }

    private let system = TestMetrics()

    private func series(
      _ kind: MetricFamily.Kind,
      of node: Node,
      with labels: [(String, String)] = []
    ) -> [Series: Double] {
      var values: [Series: Double] = [:]
      for family in node.metrics.families where family.kind == kind {
        for sample in family.samples {
          let all = labels + sample.labels.map { ($0.name, $0.value) }
          values[Series(family.name, all)] = sample.value
        }
      }
      return values
    }

    private var counters: [Series: Double] {
      Dictionary(
        uniqueKeysWithValues: system.counters.map {
          (Series($0.label, $0.dimensions), Double($0.totalValue))
        }
      )
    }

    private var meters: [Series: Double] {
      Dictionary(
        uniqueKeysWithValues: system.meters.map {
          (Series($0.label, $0.dimensions), $0.lastValue ?? .nan)
        }
      )
    }

    private func makePair() async throws -> (Node, Node) {
      let a = try Node(quickConfiguration("a"))
      let b = try Node(quickConfiguration("b"))
      try await b.join([a.address.description])
      #expect(try await holds { a.liveMemberCount == 2 })
      return (a, b)
    }

    @Test func `however often it is published, the sums are what the node has counted`()
      async throws
    {
      let (a, b) = try await makePair()
      let publisher = MetricsPublisher(a, factory: system)
      for round in 1...3 {
        try b.set("round", "\(round)")
        #expect(try await holds { a.text(of: "round", member: "b") == "\(round)" })
        await publisher.publish()
      }
      b.close()
      // A node that is closed counts no more.
      a.close()
      await publisher.publish()
      await publisher.publish()
      #expect(counters == series(.counter, of: a))
      #expect(counters.count > 60 && counters[Series("grapevine_flaps_total", [])] == 0)
      let packets = try system.expectCounter("grapevine_packets_total", [("direction", "in")])
      #expect(packets.totalValue > 0 && packets.values.allSatisfy { $0 >= 0 })
      #expect(packets.values.count == 5 && packets.lastValue == 0)
    }

    @Test func `gauges are what they are now, and go with the member they are of`() async throws {
      let (a, b) = try await makePair()
      let publisher = MetricsPublisher(a, labels: ["cluster": "eu"], factory: system)
      await publisher.publish()
      let cluster = ("cluster", "eu")
      // What is known of the other member grows from heartbeat to heartbeat.
      #expect(Set(meters.keys).isSubset(of: series(.gauge, of: a, with: [cluster]).keys))
      let live = Series("grapevine_members", [cluster, ("state", "live")])
      let version = Series("grapevine_peer_version", [cluster, ("peer", "b")])
      #expect(meters[live] == 2 && meters[version] == 0)
      try b.set("key", "value")
      #expect(try await holds { a.version(of: "b") == 1 })
      await publisher.publish()
      #expect(meters[version] == 1)
      try await b.leave()
      b.close()
      #expect(try await holds { a.liveMemberCount == 1 })
      a.close()
      await publisher.publish()
      #expect(meters[live] == 1 && meters[version] == nil)
      #expect(meters == series(.gauge, of: a, with: [cluster]))
    }

    @Test func `no series has two labels of one name`() async throws {
      let (a, b) = try await makePair()
      defer { a.close() }
      defer { b.close() }
      let publisher = MetricsPublisher(
        a,
        labels: ["node": "web-1", "a-b": "1", "a.b": "2"],
        factory: system
      )
      await publisher.publish()
      let all = system.counters.map(\.dimensions) + system.meters.map(\.dimensions)
      #expect(all.allSatisfy { Set($0.map(\.0)).count == $0.count })
      #expect(
        all.allSatisfy { $0.prefix(2).map { "\($0)=\($1)" } == ["exported_node=web-1", "a_b=2"] }
      )
      let info = try #require(system.meters.first { $0.label == "grapevine_node_info" })
      #expect(info.dimensions.contains { $0 == ("node", "a") })
    }

    @Test func `a member's name can't end the label that it is in`() async throws {
      let a = try Node(quickConfiguration("a"))
      defer { a.close() }
      let names = ["b\"", "b%22", "\\b\n\u{7F}", "bé"]
      let others = try names.map { try Node(quickConfiguration($0)) }
      for other in others { try await other.join([a.address.description]) }
      #expect(try await holds { a.liveMemberCount == 5 })
      let publisher = MetricsPublisher(a, labels: ["said": "\"\t"], factory: system)
      await publisher.publish()
      let told = system.meters.filter { $0.label == "grapevine_peer_version" }
        .map { $0.dimensions.map(\.1) }
      #expect(
        Set(told) == Set(["b%22", "b%2522", "%5Cb%0A%7F", "bé"].map { ["%22%09", $0] })
      )
      #expect(told.count == 4)
      for other in others { other.close() }
    }

    @Test func `what is not wanted is not published`() async throws {
      let (a, b) = try await makePair()
      defer { a.close() }
      defer { b.close() }
      let publisher = MetricsPublisher(a, factory: system) { !$0.hasPrefix("grapevine_peer_") }
      await publisher.publish()
      #expect(a.metrics.families.contains { $0.name == "grapevine_peer_version" })
      #expect(!system.meters.isEmpty && !system.counters.isEmpty)
      #expect(!system.meters.contains { $0.label.hasPrefix("grapevine_peer_version") })
    }

    @Test func `it is published at once, again and again, and once more at the end`() async throws {
      let (a, b) = try await makePair()
      let publisher = MetricsPublisher(a, factory: system)
      let quick = Task { await publisher.run(every: .milliseconds(1)) }
      #expect(try await holds { system.counters.first.map { $0.values.count > 3 } ?? false })
      quick.cancel()
      await quick.value
      system.reset()
      let slow = MetricsPublisher(a, factory: system)
      let task = Task { await slow.run(every: .seconds(3_600)) }
      #expect(try await holds { !system.meters.isEmpty })
      try await b.leave()
      b.close()
      #expect(try await holds { a.liveMemberCount == 1 })
      a.close()
      task.cancel()
      await task.value
      #expect(counters == series(.counter, of: a))
    }
  }
#endif
