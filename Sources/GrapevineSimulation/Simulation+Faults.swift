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

  /// Says whether another process goes by a node's name.
  func hasRival(_ node: Int) -> Bool {
    let name = nodes[node].engine.localID.name
    return nodes.indices.contains { other in
      other != node && nodes[other].state.isAlive
        && nodes[other].engine.localID.name.hasSameBytes(as: name)
    }
  }
}

// Verdicts.
extension Simulation {
  /// Holds a verdict that a node tells of against what was done to the member.
  func judge(_ id: MemberID, calledDownAt observer: Int) {
    guard judgesVerdicts, let life = faults.life(of: id) else { return }
    let member = life.node
    guard life.ended == nil, nodes[member].state == .running, !isExplained(life, observer, id)
    else { return }
    fail(
      VerdictCheck.self,
      observer,
      "calls \(id) down, which runs, and of which nothing was wrong for "
        + "\(memory(of: member) / 1_000_000) ms"
    )
  }

  private func isExplained(_ life: FaultLog.Life, _ observer: Int, _ id: MemberID) -> Bool {
    let window = memory(of: life.node)
    func isRecent(_ moment: UInt64?) -> Bool {
      moment.map { time - $0 <= window } ?? false
    }
    return isRecent(faults.lastWild(at: time)) || isRecent(faults.lastPause(life.node))
      || isRecent(faults.lastCutOff(life.node, at: time))
      || isRecent(faults.lastCutOff(observer, at: time))
      || (life.isReused && isRecent(life.began))
      || isRecent(faults.lastRivalry(id.name)) || hasRival(life.node)
  }

  /// Says whether all accusers were in trouble a moment ago, and are no more: what they concluded
  /// behind a partition they may tell just after it.
  private func isHangover(_ id: MemberID, _ observer: Int, _ window: UInt64) -> Bool {
    let accusers = nodes[observer].engine.accusers(of: id.name)
    return !accusers.isEmpty
      && accusers.allSatisfy { accuser in
        guard let life = faults.life(of: accuser), life.ended == nil,
          let end = faults.lastCutOff(life.node, at: time)
        else { return false }
        return end < time && time - end <= window
      }
  }

  /// How long after a fault its consequences may show.
  private func memory(of node: Int) -> UInt64 {
    let interval = nodes[node].configuration.interval.wholeNanoseconds
    return max(VerdictCheck.window.wholeNanoseconds, VerdictCheck.windowIntervals * interval)
  }

  /// The longest pause of a node that explains no verdict.
  func pauseLimit(of node: Int) -> UInt64 {
    VerdictCheck.pauseIntervals * nodes[node].configuration.interval.wholeNanoseconds
  }
}

// Ghosts.
extension Simulation {
  /// Demands that no live node holds a dead member for live, or holds one for too long at all.
  ///
  /// A member is dead when its process died, left, gave way to another of its name or took another
  /// identity. The time counts from then, or from the end of the last fault that was in the
  /// holder's way.
  ///
  /// - Parameters:
  ///   - detection: the time after which no node may hold a dead member for live.
  ///   - oblivion: the time after which, with the holder's `memberExpiry`, none may list it.
  /// - Throws: a ``Violation`` of ``GhostCheck`` for the first ghost.
  package func requireNoGhosts(
    detection: Duration = GhostCheck.detection,
    oblivion: Duration = GhostCheck.oblivion
  ) throws(Violation) {
    for node in liveNodes where isMember(node) {
      let quiet = max(
        faults.lastWild(at: time) ?? 0,
        faults.lastCutOff(node, at: time) ?? 0,
        faults.lastPause(node) ?? 0
      )
      let patience = (oblivion + nodes[node].configuration.memberExpiry).wholeNanoseconds
      for member in nodes[node].engine.memberSummaries(now: clockReading(of: node)) {
        guard let life = faults.life(of: member.id) else {
          throw ghost(member, node, "which never was")
        }
        guard let ended = life.ended else { continue }
        let age = time - max(ended, quiet)
        if member.isLive, age >= detection.wholeNanoseconds {
          throw ghost(member, node, "which ended \((time - ended) / 1_000_000) ms ago")
        }
        if age >= patience {
          throw ghost(member, node, "which should be forgotten")
        }
      }
    }
  }

  private func ghost(_ member: Member, _ node: Int, _ reason: String) -> Violation {
    let detail = "lists \(member), \(reason)"
    return Violation(GhostCheck.self, seed: seed, time: now, node: node, detail: detail)
  }
}
