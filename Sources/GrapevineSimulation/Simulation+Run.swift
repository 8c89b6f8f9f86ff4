package import GrapevineCore

// The clock: one occurrence after the other.
extension Simulation {
  /// The time between two whole comparisons, each of the next node in turn.
  private static var wholeCheckInterval: UInt64 { 1_000_000_000 }

  /// Carries out the next occurrence, whenever it is due.
  ///
  /// - Returns: the node whose engine was called; nil if none was.
  @discardableResult
  package func step() throws(Violation) -> Int? {
    guard let (dueTime, occurrence) = heap.popFirst() else { return nil }
    time = dueTime
    stepCount += 1
    let node = carryOut(occurrence)
    if checking == .everything, time >= nextWholeCheckTime { checkNextWholly() }
    if let violation { throw violation }
    return node
  }

  /// Runs until the clock shows `end`.
  package func run(until end: Instant) throws(Violation) {
    while let next = heap.nextTime, next <= end.nanoseconds { try step() }
    time = max(time, end.nanoseconds)
  }

  package func run(for duration: Duration) throws(Violation) {
    try run(until: now + duration)
  }

  /// Runs while `condition` holds, which is asked after each call of an engine with its number.
  ///
  /// - Returns: when it ceased to hold; nil if it still did at `deadline`.
  package func run(
    deadline: Instant,
    while condition: (Simulation, Int) -> Bool
  ) throws(Violation) -> Instant? {
    while let next = heap.nextTime, next <= deadline.nanoseconds {
      if let node = try step(), !condition(self, node) { return now }
    }
    time = max(time, deadline.nanoseconds)
    return nil
  }

  /// Runs until all live nodes, or those given, hold the same.
  ///
  /// - Returns: when they did; nil if they still differed at `deadline`.
  package func runUntilConverged(
    deadline: Instant,
    among group: [Int]? = nil
  ) throws(Violation) -> Instant? {
    if isConverged(among: group) { return now }
    return try run(deadline: deadline) { simulation, _ in
      !simulation.isConverged(among: group)
    }
  }

  /// Runs until all live nodes, or those given, hold the same, and verifies each of them wholly.
  ///
  /// - Throws: a ``Violation`` that says how they differ if they still do at `deadline`.
  @discardableResult
  package func requireConvergence(
    within duration: Duration,
    among group: [Int]? = nil
  ) throws(Violation) -> Instant {
    guard let time = try runUntilConverged(deadline: now + duration, among: group) else {
      throw Violation(
        ConvergenceCheck.self,
        seed: seed,
        time: now,
        node: dissent.0,
        detail: describeDissent()
      )
    }
    try verify(among: group)
    return time
  }

  /// Says whether all live nodes, or those given, have the same fingerprint and member count.
  ///
  /// - Complexity: O(1) while two nodes that differed still do, else O(nodes).
  package func isConverged(among group: [Int]? = nil) -> Bool {
    if group == nil, isLive(dissent.0), isLive(dissent.1), differ(dissent.0, dissent.1) {
      return false
    }
    let candidates = group ?? liveNodes
    guard let first = candidates.first else { return true }
    for other in candidates where differ(first, other) {
      dissent = (first, other)
      return false
    }
    return true
  }

  /// Says in words how two live nodes differ.
  package func describeDissent() -> String {
    let (first, second) = dissent
    guard second < nodes.count else { return "fewer than two nodes" }
    let mine = nodes[first].engine.memberSummaries(now: clockReading(of: first))
    let theirs = nodes[second].engine.memberSummaries(now: clockReading(of: second))
    let names = "node \(first) and node \(second)"
    for member in mine {
      guard let other = theirs.first(where: { $0.name.hasSameBytes(as: member.name) }) else {
        return "\(names) differ: the first knows \(member), the second does not"
      }
      if other.id != member.id || other.version != member.version
        || other.isLive != member.isLive || other.address != member.address
      {
        return "\(names) differ: the first holds \(member), the second \(other)"
      }
      let key = MemberKey(member.id)
      let standings = [first, second].map { nodes[$0].engine.standing(of: key) }
      if let (one, another) = standings[0].flatMap({ one in standings[1].map { (one, $0) } }),
        one != another
      {
        return "\(names) differ: the first holds \(member.id) for \(describe(one)), "
          + "the second for \(describe(another))"
      }
    }
    return "\(names) differ: \(mine.count) and \(theirs.count) members, fingerprints "
      + "\(nodes[first].engine.fingerprint) and \(nodes[second].engine.fingerprint)"
  }

  private func describe(_ standing: Standing) -> String {
    "\(standing.verdict) (incarnation \(standing.incarnation), "
      + "\(standing.accusers.count) accusers)"
  }

  /// Compares every running node wholly with all that was written and told.
  ///
  /// - Throws: the first ``Violation``.
  package func verify(among group: [Int]? = nil) throws(Violation) {
    for node in nodes.indices where nodes[node].state == .running {
      checks.inspect(node, in: self)
    }
    if isConverged(among: group) { checks.agreed(group ?? liveNodes, in: self) }
    if let violation { throw violation }
  }

  private func carryOut(_ occurrence: Occurrence) -> Int? {
    switch occurrence {
    case .wake(let node): return wake(node) ? node : nil
    case .arrival(let packet): return packetArrived(packet)
    case .delivery(let packet): return deliver(packet)
    case .streamPiece(let handle): return pieceArrived(handle)
    case .streamAcknowledgement(let handle, let count):
      return acknowledgementArrived(handle, count)
    case .streamTimeout(let handle):
      streamTimedOut(handle)
      return nil
    case .plan(let index):
      let body = plans[index]
      plans[index] = nil
      body?(self)
      return nil
    }
  }

  private func checkNextWholly() {
    nextWholeCheckTime = time + Self.wholeCheckInterval
    guard !nodes.isEmpty else { return }
    wholeCheckCount += 1
    let node = wholeCheckCount % nodes.count
    if nodes[node].state == .running { checks.inspect(node, in: self) }
  }

  private func isLive(_ node: Int) -> Bool {
    node < nodes.count && nodes[node].state == .running && !nodes[node].hasLeft
  }

  private func differ(_ first: Int, _ second: Int) -> Bool {
    nodes[first].engine.fingerprint != nodes[second].engine.fingerprint
      || nodes[first].engine.memberCount != nodes[second].engine.memberCount
  }
}
