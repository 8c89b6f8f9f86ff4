internal import GrapevineCore

/// How long each of many writes takes until all hold it that were to.
struct WriteLag {
  private struct Write {
    let writer: Int
    let begin: Instant
    var pendingCount: Int
    var isVoid = false
  }

  private struct Goal {
    let write: Int
    let name: String
    let version: Version
  }

  private var writes: [Write] = []
  /// What each node is still to come to hold.
  private var goals: [Int: [Goal]] = [:]
  /// Milliseconds of the writes that all hold.
  private(set) var lags: [Double] = []
  private(set) var voidCount = 0

  var writeCount: Int { writes.count }
  var pendingCount: Int { writes.count { $0.pendingCount > 0 && !$0.isVoid } }

  /// Adds a write that `nodes`, other than the writer, are to come to hold.
  mutating func add(
    by writer: Int,
    _ name: String,
    _ version: Version,
    at begin: Instant,
    for nodes: [Int]
  ) {
    let others = nodes.filter { $0 != writer }
    writes.append(Write(writer: writer, begin: begin, pendingCount: others.count))
    for node in others {
      goals[node, default: []].append(Goal(write: writes.count - 1, name: name, version: version))
    }
  }

  /// Notes what a node has come to hold.
  mutating func look(at node: Int, of cluster: any Cluster) {
    guard let waiting = goals[node], !waiting.isEmpty else { return }
    let left = waiting.filter { goal in
      guard let version = cluster.version(of: goal.name, at: node), version >= goal.version
      else { return true }
      finish(goal.write, at: cluster.now)
      return false
    }
    if left.count < waiting.count { goals[node] = left }
  }

  /// Waits no longer for a node that is gone, nor for what it wrote itself.
  mutating func remove(_ node: Int, at now: Instant) {
    for goal in goals.removeValue(forKey: node) ?? [] {
      finish(goal.write, at: now, isCounted: false)
    }
    for index in writes.indices
    where writes[index].writer == node && writes[index].pendingCount > 0 && !writes[index].isVoid {
      writes[index].isVoid = true
      voidCount += 1
    }
    for (other, waiting) in goals {
      let left = waiting.filter { !writes[$0.write].isVoid }
      if left.count < waiting.count { goals[other] = left }
    }
  }

  private mutating func finish(_ index: Int, at now: Instant, isCounted: Bool = true) {
    writes[index].pendingCount -= 1
    guard writes[index].pendingCount == 0, !writes[index].isVoid, isCounted else { return }
    lags.append(Duration.nanoseconds(Int64(now.since(writes[index].begin))).milliseconds)
  }
}
