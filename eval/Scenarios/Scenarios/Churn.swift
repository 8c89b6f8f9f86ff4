internal import GrapevineCore

/// Nodes come, crash, leave and start again under writes.
struct Churn {
  let measurement: Measurement
  let cluster: any Cluster
  /// Nodes that are members: they know the others, and the others them.
  private(set) var members: [Int]
  /// Nodes that have begun to join, and when they did last.
  private var joining: [(node: Int, since: Instant)] = []
  /// Nodes that are about to stop after they left.
  private var leaving: [(node: Int, until: Instant)] = []
  /// Nodes that are gone and can start again.
  private var gone: [Int] = []
  private(set) var lag = WriteLag()
  private(set) var deaths = Deaths()
  private(set) var ghosts: GhostHunt
  private(set) var counts: [Deed: Int] = [:]
  private var startCount = 0

  /// What can be done to a cluster.
  enum Deed: String, CaseIterable {
    case start = "started"
    case restart = "started again"
    case silence = "died in silence"
    case close = "died"
    case leave = "left"
  }

  init(_ measurement: Measurement) throws(EvaluationError) {
    self.measurement = measurement
    cluster = try measurement.makeCluster()
    cluster.keepDownReports()
    members = try measurement.startSteady(measurement.options.nodes, in: cluster)
    try measurement.warmUp(cluster, "starting")
    let options = measurement.options
    ghosts = GhostHunt(patience: options.expiry + options.interval * 10)
  }

  private var interval: Duration { measurement.options.interval }
}

extension Churn {
  /// Lets things happen until the time is over.
  mutating func perform() throws(EvaluationError) {
    let options = measurement.options
    let begin = cluster.now
    let end = begin + options.duration
    var nextDeed = begin + interval
    var nextWrite = begin + interval / 2
    while cluster.now < end {
      try observe(until: min(end, nextDeed, nextWrite))
      if cluster.now >= nextWrite {
        // Before the write, whose lag it would add to.
        ghosts.look(at: members, of: cluster, deaths)
        try write()
        nextWrite = nextWrite + interval
      }
      if cluster.now >= nextDeed {
        try act()
        nextDeed = nextDeed + interval * 4
      }
      try proceed()
      let passed = Duration.nanoseconds(Int64(cluster.now.since(begin)))
      measurement.progress.report(
        "\(NumberText.fixed(passed.seconds, 0)) s of \(ValueText.text(options.duration)), "
          + "\(members.count) members"
      )
    }
  }

  /// Waits until all who joined are members and all who left are stopped; false if in vain.
  mutating func finish() throws(EvaluationError) -> Bool {
    let end = cluster.now + measurement.patience
    while cluster.now < end, !joining.isEmpty || !leaving.isEmpty || lag.pendingCount > 0 {
      try observe(until: cluster.now + interval / 2)
      try proceed()
      measurement.progress.report("waiting for the last nodes and writes")
    }
    return joining.isEmpty && leaving.isEmpty
  }

  /// Waits until nobody who is gone may be in any table, and looks.
  mutating func huntGhosts() throws(EvaluationError) {
    try cluster.sleep(ghosts.patience) { [measurement] _ in
      measurement.progress.report("waiting until all who are gone have expired")
    }
    ghosts.lookAtEnd(at: members, of: cluster)
  }

  private mutating func observe(until end: Instant) throws(EvaluationError) {
    var lag = lag
    try cluster.observe(until: end) { node in
      lag.look(at: node, of: cluster)
      return true
    }
    self.lag = lag
  }

  private mutating func write() throws(EvaluationError) {
    let writer = members[measurement.random.index(members.count)]
    let begin = cluster.now
    let key = "key-\(lag.writeCount % 10)"
    try cluster.update(writer, [.set(key, to: "value \(lag.writeCount)")])
    let name = cluster.name(of: writer)
    guard let version = cluster.version(of: name, at: writer) else { return }
    lag.add(by: writer, name, version, at: begin, for: members)
  }

  private mutating func act() throws(EvaluationError) {
    let deed = drawDeed()
    counts[deed, default: 0] += 1
    switch deed {
    case .start:
      startCount += 1
      join(try cluster.start("newcomer-\(startCount)"))
    case .restart:
      let node = gone.remove(at: measurement.random.index(gone.count))
      let place: RestartPlace =
        measurement.random.chance(1, outOf: 2) ? .sameAddress : .newAddress
      // Its last life is over for all as soon as they know the next one.
      ghosts.noteVerdict(cluster.id(of: node), at: cluster.now)
      try cluster.restart(node, place)
      join(node)
    case .silence, .close: end(drawVictim()) { $0.kill($1, deed == .silence ? .silence : .close) }
    case .leave:
      let node = drawVictim()
      ghosts.noteVerdict(cluster.id(of: node), at: cluster.now)
      end(node) { $0.leave($1) }
    }
  }

  /// Draws what happens next so that the number of nodes stays about what it was.
  private mutating func drawDeed() -> Deed {
    let count = members.count + joining.count
    let wanted = measurement.options.nodes
    let comes: [Deed] = gone.isEmpty ? [.start] : [.start, .restart]
    let goes: [Deed] = [.silence, .close, .leave]
    let isFew = count <= max(2, wanted * 3 / 4) || members.count <= 2
    let deeds = isFew ? comes : count >= wanted * 5 / 4 ? goes : comes + goes
    return deeds[measurement.random.index(deeds.count)]
  }

  private mutating func drawVictim() -> Int {
    members[measurement.random.index(members.count)]
  }

  private mutating func end(_ node: Int, _ body: (any Cluster, Int) -> Void) {
    deaths.note(node, of: cluster)
    lag.remove(node, at: cluster.now)
    members.removeAll { $0 == node }
    body(cluster, node)
    if cluster.isRunning(node) {
      leaving.append((node, cluster.now + interval * 4))
    } else {
      gone.append(node)
    }
  }

  private mutating func join(_ node: Int) {
    joining.append((node, cluster.now))
    cluster.join([node], through: members[measurement.random.index(members.count)])
  }

  /// Takes in who has joined, lets those try again whose contact died, and stops who has left.
  private mutating func proceed() throws(EvaluationError) {
    let waiting = joining
    joining = []
    for (node, since) in waiting {
      if cluster.liveMemberCount(at: node) > members.count / 2 {
        members.append(node)
      } else if since + interval * 10 <= cluster.now {
        join(node)
      } else {
        joining.append((node, since))
      }
    }
    let now = cluster.now
    for (node, until) in leaving where until <= now {
      cluster.stop(node)
      gone.append(node)
    }
    leaving.removeAll { $0.until <= now }
  }
}
