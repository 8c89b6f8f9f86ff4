import GrapevineCore

// Which faults are in force, for the checks that ask what they explain.
extension Simulation {
  /// Looks anew at what is in the way of each node, after anything of it has changed.
  func noteFaults() {
    let running = nodes.indices.filter { nodes[$0].state == .running }
    faults.setWild(isWild(running), at: time)
    for node in nodes.indices {
      faults.setCutOff(node, isCutOff(node, among: running), at: time)
    }
  }

  /// Says whether the conditions that hold everywhere are worse than members can stand.
  private func isWild(_ running: [Int]) -> Bool {
    let intervals = running.map { nodes[$0].configuration.interval.wholeNanoseconds }
    guard let shortest = intervals.min(), let longest = intervals.max() else { return false }
    let conditions = conditions
    var loss = conditions.loss.share
    if conditions.reorderingDelay.wholeNanoseconds > shortest {
      loss += conditions.reordering.share
    }
    // A push that a node does not pass on is one that the network has lost.
    if quirkSites.contains(.prunedPush) {
      loss = 1 - (1 - loss) * (1 - 1 / Double(Quirks.Site.prunedPush.rarity))
    }
    return loss > VerdictCheck.lossLimit
      || conditions.latency.mean > shortest / VerdictCheck.latencyDivisor
      || conditions.datagramSizeLimit < VerdictCheck.datagramSizeMinimum
      || conditions.linkBandwidth ?? .max < VerdictCheck.bandwidthMinimum
      || longest / VerdictCheck.intervalRatioLimit > shortest
  }

  /// Says whether a node is out of touch with so many others that they may call it down.
  private func isCutOff(_ node: Int, among running: [Int]) -> Bool {
    if nodes[node].bandwidth ?? conditions.nodeBandwidth ?? .max < VerdictCheck.bandwidthMinimum {
      return true
    }
    if abs(nodes[node].clock.drift) > VerdictCheck.driftLimit { return true }
    guard !partitions.isEmpty || !rules.isEmpty else { return false }
    var (otherCount, cutCount) = (0, 0)
    for other in running where other != node {
      otherCount += 1
      if isBad(node, other) || isBad(other, node) { cutCount += 1 }
    }
    return cutCount > 0 && cutCount * VerdictCheck.cutDivisor >= otherCount
  }

  private func isBad(_ source: Int, _ target: Int) -> Bool {
    if isCut(source, from: target) { return true }
    guard let rule = rules[Link(source: source, target: target)] else { return false }
    let interval = nodes[source].configuration.interval.wholeNanoseconds
    return rule.loss?.share ?? 0 > VerdictCheck.lossLimit
      || rule.latency?.mean ?? 0 > interval / VerdictCheck.latencyDivisor
      || rule.datagramSizeLimit ?? .max < VerdictCheck.datagramSizeMinimum
      || rule.bandwidth ?? .max < VerdictCheck.bandwidthMinimum
  }

  /// Says whether a node's process takes part: it is there, has not left, and has its name.
  func isMember(_ node: Int) -> Bool {
    nodes[node].state.isAlive && !nodes[node].hasLeft && !nodes[node].isSuperseded
  }

  /// A process has started.
  func noteStart(_ node: Int) {
    let id = nodes[node].engine.localID
    nodes[node].isSuperseded = false
    noteRivals(of: node)
    faults.started(node, as: id, at: time)
    noteFaults()
  }

  /// A process is about to end, or has ceased to be a member.
  func noteEnd(_ node: Int) {
    faults.ended(node, heir: heir(of: node), at: time)
    noteRivals(of: node)
  }

  /// A process goes by another identity.
  func noteRename(_ node: Int, to id: MemberID) {
    noteRivals(of: node)
    faults.ended(node, heir: heir(of: node), at: time)
    faults.started(node, as: id, at: time)
  }

  /// Another process that goes by the identity which a node's had until now.
  private func heir(of node: Int) -> Int? {
    let id = faults.identity(of: node)
    return nodes.indices.first { $0 != node && isMember($0) && faults.identity(of: $0) == id }
  }

  private func noteRivals(of node: Int) {
    if hasRival(node) { faults.noteRivalry(nodes[node].engine.localID.name, at: time) }
  }

  /// Says whether another process that runs goes by the node's name.
  func hasRival(_ node: Int) -> Bool {
    let namesakes = namesakes[NameKey(name: nodes[node].engine.localID.name)] ?? []
    return namesakes.contains { $0 != node && nodes[$0].state.isAlive }
  }
}
