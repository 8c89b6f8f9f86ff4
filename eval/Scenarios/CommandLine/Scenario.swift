/// What can be measured.
package enum Scenario: String, Sendable, CaseIterable {
  case propagate
  case discover
  case bootstrap
  case detect
  case idle
  case sync
  case partition
  case churn
  case throughput
  case compareDetection = "compare-detection"
  case simulate
  case shard
  case locks
  case bench
  case processes
  case compare
  case report
  case scale

  /// The scenario that `name` stands for, by its own name or an alias.
  package init?(name: String) {
    switch name {
    case "update": self = .propagate
    case "discovery": self = .discover
    default: self.init(rawValue: name)
    }
  }

  /// Every name that ``init(name:)`` takes.
  static var allNames: [String] { allCases.map(\.rawValue) + ["update", "discovery"] }

  var alias: String? {
    switch self {
    case .propagate: "update"
    case .discover: "discovery"
    case .bootstrap, .detect, .idle, .sync, .partition, .churn, .throughput, .compareDetection,
      .simulate, .shard, .locks, .bench, .scale, .processes, .compare, .report:
      nil
    }
  }

  /// What is measured, in one line.
  var summary: String {
    switch self {
    case .propagate: "one update on one node until all nodes hold it"
    case .discover: "a new node joins until all nodes know it"
    case .bootstrap: "all nodes join through one seed at once until all know all"
    case .detect: "nodes are killed until all others say that they are down"
    case .idle: "what a cluster at rest sends, computes and keeps in memory"
    case .sync: "many keys until a fresh node, or a whole cluster, holds them"
    case .partition: "the network is split, and heals until all nodes agree again"
    case .churn: "nodes come, crash, leave and start again under writes"
    case .throughput: "one node overwrites keys at a steady rate until all are equal"
    case .compareDetection: "a crash until others detect it by kite's rule, modelled"
    case .simulate: "all drawn from a seed, faults too; then peace must bring accord"
    case .shard: "who owns which keys: how evenly, what moves, and how fast it is said"
    case .locks: "keys that nodes lock, which crash, start again and are split"
    case .bench: "what small things cost: instructions, time and allocations"
    case .processes: "nodes in processes of their own: memory, bytes, a kill -9"
    case .compare: "configurations side by side: spreading, cost at rest, crashes"
    case .report: "one page of HTML with plots of all that, beside other systems"
    case .scale: "clusters of 64 nodes and of many more, beside what a model reckons"
    }
  }

  /// How it is measured, as lines of help.
  var explanation: String {
    switch self {
    case .propagate:
      """
      A steady cluster. In each run a node chosen by the seed sets one key, and the time is taken \
      at which each node holds that version. Bytes and packets count what the cluster sent above \
      its idle rate from the update until 1 s after the last node held it; the idle rate is \
      measured before the first run.
      """
    case .discover:
      """
      A steady cluster. In each run a new node joins through one member chosen by the seed, and \
      the time is taken at which each member knows it; then the node leaves.
      """
    case .bootstrap:
      """
      In each run fresh nodes that know of nobody all join the first one at the same moment, and \
      the time is taken at which each of them knows all.
      """
    case .idle:
      """
      A steady cluster in which nothing changes, watched for a while. Each packet counts with 28 \
      bytes of IP and UDP headers. It counts as a failure if more than a hundredth as many bytes \
      go by streams, unless packets are lost or there are none. Processor time and memory are this \
      process's, divided by the nodes, and so are measured on loopback only. Any member that is \
      reported down is reported wrongly, since nothing dies.
      """
    case .sync:
      """
      In each run a fresh node joins a member that holds many keys of random bytes, and the time \
      is taken until it holds all of them. With --live the keys are set on one node of a running \
      cluster, and the time is taken until all nodes hold them.
      """
    case .detect, .partition, .churn, .throughput, .simulate, .locks: explanationOfStress
    case .shard:
      """
      Keys are placed on nodes by each algorithm. The balance is a node's share of the keys beside \
      that which its weight asks for. Then one more node comes, or one goes: the moved share is \
      that of the keys with another owner than before, on a ring exact, else among the keys; the \
      ideal is the share of that node. It counts as a failure if keys move between two nodes that \
      stay. Times are medians on this machine; \
      replacing is that of all nodes, sorted by name, or in any order.
      """
    case .bench:
      """
      Each operation is repeated on data that was made before. Instructions are counted by \
      callgrind, which runs this program again: the difference of two runs, one of which does the \
      operation more often. Allocations and bytes are those asked of malloc. All three are the \
      same each time, but for what has threads and sockets of its own; the time is the median on \
      this machine, and is never checked, nor is what comes in a second at that. \
      The benchmarks are those of \(Benchmark.families.joined(separator: ", ")).
      """
    case .scale, .processes, .compare, .report: explanationOfSurveys
    case .compareDetection:
      """
      Not this library but a model of kite's failure detection: phi over random gossip, direct \
      contact only, threshold 20. First it must give, within 20 %, the medians that are known \
      of kite's rule for 3, 8, 32 and 64 nodes; if it does not, the exit status is 1. Then it \
      gives the curve over 8 to 256 nodes, or the point at --nodes (at most 1024), in clusters \
      at rest. A detection is the time from a crash until one other node holds the crashed one \
      for down. Clusters of less than 64 nodes are run 64 / N times as often as --runs says.
      """
    }
  }

  /// The scenarios that start a cluster of real nodes on a network.
  static let ofClusters = ofOptions.filter { $0 != .compareDetection && $0 != .scale }

  /// The scenarios of clusters that do what the options say; another one draws it.
  static let ofOptions = allCases.filter {
    ![.simulate, .shard, .locks, .bench, .processes, .report].contains($0)
  }
}

/// What carries the packets.
package enum Network: String, Sendable, CaseIterable {
  /// A virtual clock and network; one seed gives one run.
  case simulated
  /// Real UDP and TCP sockets on 127.0.0.1, all nodes in this process.
  case loopback
}
