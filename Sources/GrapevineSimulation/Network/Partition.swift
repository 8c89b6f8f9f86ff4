/// The number of one partition, by which it is healed.
package struct PartitionID: Hashable, Sendable {
  let rawValue: Int
}

/// A cut through the network: nothing passes from the one set of nodes to the other.
struct Partition {
  let id: PartitionID
  private let sources: NodeSet
  private let targets: NodeSet
  private let isSymmetric: Bool

  init(id: PartitionID, sources: [Int], targets: [Int], isSymmetric: Bool) {
    self.id = id
    self.sources = NodeSet(sources)
    self.targets = NodeSet(targets)
    self.isSymmetric = isSymmetric
  }

  func separates(_ source: Int, from target: Int) -> Bool {
    (sources.contains(source) && targets.contains(target))
      || (isSymmetric && sources.contains(target) && targets.contains(source))
  }
}

/// A set of node numbers that is asked for every packet.
private struct NodeSet {
  private var isMember: [Bool]

  init(_ nodes: [Int]) {
    isMember = [Bool](repeating: false, count: (nodes.max() ?? -1) + 1)
    for node in nodes { isMember[node] = true }
  }

  func contains(_ node: Int) -> Bool {
    node < isMember.count && isMember[node]
  }
}
