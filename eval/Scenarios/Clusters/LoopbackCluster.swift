internal import Grapevine
internal import GrapevineCore
internal import Synchronization

/// A cluster of real nodes in this process, on UDP and TCP sockets of 127.0.0.1.
///
/// What a node holds is asked of the node itself, again and again, rather than told by a watcher:
/// a watcher would add a queue and a thread per loop to what is measured, and falls behind when
/// many keys come at once. One look at a node is a lock and a table look-up; with 64 nodes the
/// looks take less than a twentieth of one processor, and a time is late by a millisecond at most.
final class LoopbackCluster: Cluster {
  private let configuration: GossipConfiguration
  private let loss: Double
  private var seeds: Xoshiro256
  private let loops: [Node.Loop]
  private var nodes: [Node?] = []
  private var names: [String] = []
  private var joins: [JoinReport] = []
  private let downCount = DownCount()

  /// Starts the loops and makes sure that the process may open as many files as the nodes need.
  init(_ options: Options, seed: UInt64) throws(EvaluationError) {
    // A node has two sockets, and there is a stream or two between it and others now and then.
    try DescriptorLimit.require(options.nodes * 4 + options.loops * 8 + 256)
    var configuration = GossipConfiguration()
    configuration.interval = options.interval
    self.configuration = configuration
    loss = options.loss
    seeds = Xoshiro256(seed: seed)
    var loops: [Node.Loop] = []
    for _ in 0..<options.loops { loops.append(try LoopbackCluster.makeLoop()) }
    self.loops = loops
  }

  deinit {
    for node in nodes { node?.close() }
  }

  private static func makeLoop() throws(EvaluationError) -> Node.Loop {
    do {
      return try Node.Loop()
    } catch {
      throw EvaluationError("an event loop could not be started: \(error)")
    }
  }

  private func running(_ node: Int) -> Node {
    guard let running = nodes[node] else { preconditionFailure("node \(node) was stopped") }
    return running
  }
}

extension LoopbackCluster {
  func start(_ name: String) throws(EvaluationError) -> Int {
    var configuration = Node.Configuration()
    configuration.bind = "127.0.0.1:0"
    configuration.name = name
    configuration.gossip = self.configuration
    configuration.loop = loops[nodes.count % loops.count]
    if loss > 0 { configuration.sendLoss = SendLoss(rate: loss, seed: seeds.next()) }
    do {
      nodes.append(try Node(configuration))
    } catch {
      throw EvaluationError("\(name) could not be started: \(error)")
    }
    names.append(name)
    return nodes.count - 1
  }

  func stop(_ node: Int) {
    nodes[node]?.close()
    nodes[node] = nil
  }

  func join(_ nodes: [Int], through member: Int) {
    let address = "\(running(member).address)"
    for index in nodes {
      let node = running(index)
      let report = JoinReport(name: names[index])
      joins.append(report)
      Task {
        do throws(NodeError) {
          try await node.join([address])
        } catch {
          report.fail(error)
        }
      }
    }
  }

  func leave(_ node: Int) {
    let node = running(node)
    // Whether it worked is seen at the other nodes.
    Task { _ = try? await node.leave() }
  }

  func update(_ node: Int, _ changes: [Change]) throws(EvaluationError) {
    do {
      try running(node).update(changes)
    } catch {
      throw EvaluationError("\(names[node]) refused a change: \(error)")
    }
  }

  var complaints: [String] { joins.compactMap(\.complaint) }

  /// What became of a join: written by its task, read by the measuring thread.
  private final class JoinReport: Sendable {
    private final class Failure: Sendable {
      let text: String

      init(_ text: String) {
        self.text = text
      }
    }

    private let name: String
    private let failure = AtomicLazyReference<Failure>()

    init(name: String) {
      self.name = name
    }

    func fail(_ error: NodeError) {
      // A node that is told to leave or closed as soon as it is known gives up the rest of its
      // join.
      guard error.code != .closed, error.code != .left else { return }
      _ = failure.storeIfNil(Failure("\(name) could not join: \(error)"))
    }

    var complaint: String? { failure.load()?.text }
  }
}

extension LoopbackCluster {
  var now: Instant { MachineClock.now }

  func name(of node: Int) -> String { names[node] }

  func version(of name: String, at node: Int) -> Version? { running(node).version(of: name) }

  func entry(_ key: String, of name: String, at node: Int) -> Entry? {
    running(node).entry(of: key, member: name)
  }

  func liveMemberCount(at node: Int) -> Int { running(node).liveMemberCount }

  func metrics(of node: Int) -> Metrics { running(node).metrics }

  func countDownReports() {
    let count = downCount
    for node in nodes { node?.watch(.down) { _ in count.increment() } }
  }

  var downReports: Int { downCount.value }

  private final class DownCount: Sendable {
    private let count = Atomic(0)

    func increment() {
      count.add(1, ordering: .relaxed)
    }

    var value: Int { count.load(ordering: .relaxed) }
  }
}

extension LoopbackCluster {
  func sleep(_ duration: Duration, _ watch: (Instant) -> Void) {
    let end = now + duration
    while case let left = end.since(now), left > 0 {
      MachineClock.sleep(.nanoseconds(Int64(min(left, 100_000_000))))
      watch(now)
    }
  }

  func times(
    of nodes: [Int],
    since begin: Instant,
    limit: Duration,
    watch: (_ reachedCount: Int) -> Void,
    until isReached: (Int) -> Bool
  ) -> [Duration?] {
    var times = [Duration?](repeating: nil, count: nodes.count)
    var pending = Array(nodes.indices)
    let end = begin + limit
    while true {
      let lookBegin = now
      pending.removeAll { index in
        guard isReached(nodes[index]) else { return false }
        times[index] = .nanoseconds(Int64(now.since(begin)))
        return true
      }
      let lookEnd = now
      guard !pending.isEmpty, lookEnd < end else { return times }
      watch(nodes.count - pending.count)
      // A look takes long where there are many nodes, or where one's lock was held meanwhile.
      let pause = lookEnd.since(lookBegin) * 20
      let bounded = min(
        max(pause, LoopbackCluster.pauses.lowerBound),
        LoopbackCluster.pauses.upperBound
      )
      MachineClock.sleep(.nanoseconds(Int64(bounded)))
    }
  }

  /// Nanoseconds between two looks at the nodes.
  private static var pauses: ClosedRange<UInt64> { 150_000...1_000_000 }
}
