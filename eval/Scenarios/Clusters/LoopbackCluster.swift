internal import Grapevine
internal import GrapevineCore
internal import Synchronization

/// A cluster of real nodes in this process, on UDP and TCP sockets of 127.0.0.1.
///
/// What a node holds is asked of the node itself, again and again, rather than told by a watcher:
/// a watcher would add a queue and a thread per loop to what is measured, and falls behind when
/// many keys come at once. One look at a node is a lock and a table look-up; with 64 nodes the
/// looks take less than a twentieth of one processor, but for the first 20 ms of what is waited
/// for, and the processor willing a time is late by a millisecond at most.
final class LoopbackCluster: Cluster {
  private let configuration: GossipConfiguration
  private let loss: Double
  private let transport: Node.Transport
  private var seeds: Xoshiro256
  private let loops: [Node.Loop]
  private var slots: [Slot] = []
  private var joins: [JoinReport] = []
  private var isKeepingDownReports = false
  private var downLogs: [DownLog] = []
  private var meter: PeakMeter?
  private(set) var latenesses: [Double] = []

  /// One node's processes, one after the other.
  private struct Slot {
    let name: String
    /// The process that runs, or one that fell silent and still has its sockets.
    var node: Node?
    var isRunning = true
    /// What the last process was, once it is gone.
    var id: MemberID
    var address: Endpoint
  }

  /// Starts the loops and makes sure that the process may open as many files as the nodes need.
  init(_ options: Options, seed: UInt64) throws(EvaluationError) {
    // A node has two sockets, and there is a stream or two between it and others now and then.
    // Without UDP it has a connection to each of the others, and one from each, too.
    let tunnels = options.hasStreamsOnly ? 2 * min(options.nodes, 256) : 0
    try DescriptorLimit.require(options.nodes * (4 + tunnels) + options.loops * 8 + 256)
    var configuration = GossipConfiguration()
    configuration.interval = options.interval
    configuration.memberExpiry = options.expiry
    configuration.push = options.push
    self.configuration = configuration
    loss = options.loss
    transport = options.hasStreamsOnly ? .streams : .datagramsAndStreams
    seeds = Xoshiro256(seed: seed)
    var loops: [Node.Loop] = []
    for _ in 0..<options.loops { loops.append(try LoopbackCluster.makeLoop()) }
    self.loops = loops
  }

  deinit {
    for slot in slots { slot.node?.close() }
  }

  private static func makeLoop() throws(EvaluationError) -> Node.Loop {
    do {
      return try Node.Loop()
    } catch {
      throw EvaluationError("an event loop could not be started: \(error)")
    }
  }

  private func running(_ node: Int) -> Node {
    guard slots[node].isRunning, let running = slots[node].node else {
      preconditionFailure("node \(node) was stopped")
    }
    return running
  }
}

extension LoopbackCluster {
  func start(_ name: String) throws(EvaluationError) -> Int {
    let node = try makeNode(name, slots.count, at: "127.0.0.1:0")
    slots.append(Slot(name: name, node: node, id: node.id, address: node.address))
    return slots.count - 1
  }

  func restart(_ node: Int, _ place: RestartPlace) throws(EvaluationError) {
    precondition(!slots[node].isRunning, "node \(node) runs")
    stop(node)
    let next = try makeNext(of: slots[node], node, place)
    slots[node].node = next
    slots[node].isRunning = true
    slots[node].id = next.id
    slots[node].address = next.address
  }

  private func makeNext(
    of slot: Slot,
    _ index: Int,
    _ place: RestartPlace
  ) throws(EvaluationError) -> Node {
    if place == .sameAddress {
      // Another socket can have been given the port meanwhile.
      do { return try makeNode(slot.name, index, at: "\(slot.address)") } catch {}
    }
    return try makeNode(slot.name, index, at: "127.0.0.1:0")
  }

  private func makeNode(
    _ name: String,
    _ index: Int,
    at address: String
  ) throws(EvaluationError) -> Node {
    var configuration = Node.Configuration()
    configuration.bind = address
    configuration.name = name
    configuration.gossip = self.configuration
    configuration.transport = transport
    configuration.loop = loops[index % loops.count]
    if loss > 0 { configuration.sendLoss = SendLoss(rate: loss, seed: seeds.next()) }
    do {
      let node = try Node(configuration)
      if isKeepingDownReports { keepDownReports(of: node, index) }
      return node
    } catch {
      throw EvaluationError("\(name) could not be started: \(error)")
    }
  }

  func stop(_ node: Int) {
    if slots[node].isRunning { slots[node].id = running(node).id }
    slots[node].node?.close()
    slots[node].node = nil
    slots[node].isRunning = false
  }

  func kill(_ node: Int, _ kind: Kill) {
    switch kind {
    case .close: stop(node)
    case .silence:
      let silent = running(node)
      silent.fallSilent()
      slots[node].id = silent.id
      slots[node].isRunning = false
    }
  }

  func join(_ nodes: [Int], through member: Int) {
    let address = "\(running(member).address)"
    for index in nodes {
      let node = running(index)
      let report = JoinReport(name: slots[index].name)
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
      throw EvaluationError("\(slots[node].name) refused a change: \(error)")
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

  func isRunning(_ node: Int) -> Bool { slots[node].isRunning }

  func name(of node: Int) -> String { slots[node].name }

  /// Where a node is, or was last.
  func address(of node: Int) -> Endpoint { slots[node].address }

  func id(of node: Int) -> MemberID {
    slots[node].isRunning ? running(node).id : slots[node].id
  }

  func version(of name: String, at node: Int) -> Version? { running(node).version(of: name) }

  func entry(_ key: String, of name: String, at node: Int) -> Entry? {
    running(node).entry(of: key, member: name)
  }

  func member(_ name: String, at node: Int) -> Member? { running(node).member(named: name) }

  func members(at node: Int) -> [Member] { running(node).memberSummaries }

  func liveMemberCount(at node: Int) -> Int { running(node).liveMemberCount }

  func fingerprint(at node: Int) -> UInt64 { running(node).fingerprint }

  func metrics(of node: Int) -> Metrics { running(node).counters }
  func exposition(of node: Int) -> String? { running(node).metrics.prometheusText() }

  func keepDownReports() {
    isKeepingDownReports = true
    for (index, slot) in slots.enumerated() where slot.isRunning {
      keepDownReports(of: running(index), index)
    }
  }

  private func keepDownReports(of node: Node, _ index: Int) {
    let log = DownLog()
    downLogs.append(log)
    node.watch(.down) { member in
      log.add(DownReport(time: MachineClock.now, node: index, member: member))
    }
  }

  var downReports: [DownReport] { downLogs.flatMap(\.all).sorted { $0.time < $1.time } }
}

// Faults of the network.
extension LoopbackCluster {
  func split(_ sides: [[Int]]) {
    for (index, side) in sides.enumerated() {
      let others = sides.enumerated().flatMap { $0 == index ? [] : $1 }
      let unreachable = Set(others.map { slots[$0].address })
      for node in side where slots[node].isRunning {
        running(node).setUnreachable(unreachable)
      }
    }
  }

  func cutOneWay(_ links: [(source: Int, target: Int)]) {
    for source in Set(links.map(\.source)) {
      let targets = links.filter { $0.source == source }.map { slots[$0.target].address }
      running(source).setUnreachable(Set(targets))
    }
  }

  func heal() {
    for node in slots.indices where slots[node].isRunning {
      running(node).setUnreachable([])
    }
  }

  func resetPacketPeaks() {
    meter = PeakMeter()
    meterPackets()
  }

  func packetPeak(of nodes: [Int]) -> Int? { meter?.peak(of: nodes) }

  private func meterPackets() {
    guard let meter, meter.isDue(now) else { return }
    var counts: [Int: Int] = [:]
    for node in slots.indices where slots[node].isRunning {
      counts[node] = running(node).counters.packetsOut
    }
    self.meter?.add(counts, at: now)
  }

  /// Lets the measuring thread sleep for at most a tenth of a second.
  private func pause(_ nanoseconds: UInt64) {
    MachineClock.sleep(.nanoseconds(Int64(min(nanoseconds, 100_000_000))))
    meterPackets()
  }
}

extension LoopbackCluster {
  func sleep(_ duration: Duration, _ watch: (Instant) -> Void) {
    let end = now + duration
    while case let left = end.since(now), left > 0 {
      pause(left)
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
    var lastLook = begin
    while true {
      let lookBegin = now
      pending.removeAll { index in
        guard isReached(nodes[index]) else { return false }
        times[index] = .nanoseconds(Int64(now.since(begin)))
        return true
      }
      let lookEnd = now
      guard !pending.isEmpty, lookEnd < end else {
        let lateness = Duration.nanoseconds(Int64(lookEnd.since(lastLook)))
        latenesses.append(lateness.milliseconds)
        return times
      }
      lastLook = lookBegin
      watch(nodes.count - pending.count)
      pause(LoopbackCluster.pause(after: lookEnd.since(lookBegin), lookEnd.since(begin)))
    }
  }

  func observe(until end: Instant, _ look: (_ node: Int) -> Bool) {
    while case let lookBegin = now, lookBegin < end {
      for node in slots.indices where slots[node].isRunning {
        guard look(node) else { return }
      }
      let look = now.since(lookBegin)
      pause(min(LoopbackCluster.pause(after: look, .max), end.since(now)))
    }
  }

  /// How long to wait after a look at the nodes that took so long, `elapsed` after what is waited
  /// for began.
  ///
  /// Looks take long where there are many nodes, or where one's lock was held meanwhile. They are
  /// close at first, when some news can be nearly everywhere within a millisecond.
  private static func pause(after look: UInt64, _ elapsed: UInt64) -> UInt64 {
    let isBeginning = elapsed < 20_000_000
    let pause = max(look * (isBeginning ? 3 : 20), isBeginning ? 50_000 : 150_000)
    // Looks at very many nodes must not take much of the time that these need.
    return min(pause, max(1_000_000, look * 4))
  }
}
