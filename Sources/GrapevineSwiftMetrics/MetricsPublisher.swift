#if SwiftMetrics
  public import Grapevine
  public import Metrics

  /// Hands a node's metrics to swift-metrics, with the names and labels that
  /// ``/Grapevine/NodeMetrics/prometheusText(labels:)`` gives them.
  ///
  /// A counter is incremented by what was counted since it was published last, and a gauge is a
  /// meter that is set. A gauge that is no more, such as that of a member which expired, is
  /// destroyed by the next publication.
  ///
  /// The publisher keeps its node from being let go of.
  public actor MetricsPublisher {
    private struct Key: Hashable {
      let name: String
      let labels: [MetricFamily.Label]
    }

    private let node: Node
    private let labels: [(String, String)]
    private let factory: any MetricsFactory
    private let isWanted: @Sendable (String) -> Bool
    private var counters: [Key: (counter: Counter, published: Double)] = [:]
    private var meters: [Key: Meter] = [:]

    /// Creates a publisher, which publishes nothing until it is told to.
    ///
    /// - Parameters:
    ///   - node: The node whose metrics are published.
    ///   - labels: Labels that all metrics get. Several nodes of a process need one that tells
    ///     them from one another, such as `["node": "web-1"]`.
    ///   - factory: What makes the counters and meters.
    ///   - isWanted: Says of a metric's name whether it is published; without it all are. Those of
    ///     single peers, `grapevine_peer_…`, grow with the cluster: some 8,000 at 1,000 members.
    public init(
      _ node: Node,
      labels: KeyValuePairs<String, String> = [:],
      factory: any MetricsFactory = MetricsSystem.factory,
      where isWanted: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
      self.node = node
      self.labels = labels.map { ($0.key, $0.value) }
      self.factory = factory
      self.isWanted = isWanted
    }

    /// Publishes what the node has to tell at this moment.
    ///
    /// - Complexity: O(members).
    public func publish() {
      var gone = meters
      for family in node.metrics.families where isWanted(family.name) {
        for sample in family.samples {
          let key = Key(name: family.name, labels: sample.labels)
          switch family.kind {
          case .counter: increment(key, to: sample.value)
          case .gauge:
            meter(key).set(sample.value)
            gone[key] = nil
          }
        }
      }
      for (key, meter) in gone {
        meter.destroy()
        meters[key] = nil
      }
    }

    /// Publishes again and again until the task is cancelled, and then once more.
    ///
    /// - Parameter interval: The time between two publications.
    public func run(every interval: Duration = .seconds(10)) async {
      repeat {
        publish()
        try? await Task.sleep(for: interval)
      } while !Task.isCancelled
      publish()
    }

    private func increment(_ key: Key, to value: Double) {
      let known = counters[key]
      let counter =
        known?.counter
        ?? Counter(label: key.name, dimensions: dimensions(key), factory: factory)
      let published = known?.published ?? 0
      // An increment of zero, too, so that a counter is there before there is something to count.
      counter.increment(by: Int64(max(0, value - published)))
      counters[key] = (counter, max(value, published))
    }

    private func meter(_ key: Key) -> Meter {
      if let meter = meters[key] { return meter }
      let meter = Meter(label: key.name, dimensions: dimensions(key), factory: factory)
      meters[key] = meter
      return meter
    }

    private func dimensions(_ key: Key) -> [(String, String)] {
      labels + key.labels.map { ($0.name, $0.value) }
    }
  }
#endif
