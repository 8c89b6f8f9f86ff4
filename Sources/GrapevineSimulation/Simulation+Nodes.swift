package import GrapevineCore

// What happens to processes: they start, die, sleep, and are told to do things.
extension Simulation {
  /// Starts a process; without an address it gets one of its own.
  @discardableResult
  package func add(
    name: String,
    generation: UInt64 = 1,
    configuration: GossipConfiguration = GossipConfiguration(),
    at endpoint: Endpoint? = nil
  ) -> Int {
    let node = nodes.count
    let endpoint = endpoint ?? freshEndpoint()
    precondition(!isTaken(endpoint), "a process runs at \(endpoint)")
    let clock = drawClock()
    nodes.append(
      SimulatedNode(
        engine: makeEngine(
          MemberID(name: name, generation: generation),
          at: endpoint,
          configuration,
          clock
        ),
        endpoint: endpoint,
        configuration: configuration,
        clock: clock
      )
    )
    namesakes[NameKey(name: name), default: []].append(node)
    start(node)
    return node
  }

  /// Starts the next process of a node whose last one died; without an address at the same one.
  package func restart(_ node: Int, generation: UInt64, at endpoint: Endpoint? = nil) {
    precondition(!nodes[node].state.isAlive, "node \(node) runs")
    let endpoint = endpoint ?? nodes[node].endpoint
    precondition(!isTaken(endpoint), "a process runs at \(endpoint)")
    if nodes[node].state == .hostDead { resetStreams(of: node) }
    formerMetrics.append(nodes[node].engine.metrics)
    if !quirkSites.isEmpty { formerQuirks.append(nodes[node].engine.quirks) }
    let clock = drawClock()
    nodes[node].clock = clock
    nodes[node].endpoint = endpoint
    nodes[node].engine = makeEngine(
      MemberID(name: nodes[node].engine.localID.name, generation: generation),
      at: endpoint,
      nodes[node].configuration,
      clock
    )
    nodes[node].state = .running
    nodes[node].hasLeft = false
    start(node)
  }

  /// Ends a process without a word of its own.
  package func crash(_ node: Int, _ kind: CrashKind = .host) {
    precondition(nodes[node].state.isAlive, "node \(node) is dead already")
    nodes[node].state = kind == .process ? .dead : .hostDead
    nodes[node].wakeTime = .max
    trace?.process(at: now, node, kind == .host ? "dies with its host" : "dies")
    noteEnd(node)
    noteFaults()
    for packet in nodes[node].inbox { packets.remove(packet) }
    nodes[node].inbox.removeAll()
    nodes[node].inboxSize = 0
    dropStreams(of: node, kind)
  }

  /// Puts a process to sleep: it hears nothing and does nothing until ``resume(_:)``.
  package func pause(_ node: Int) {
    precondition(nodes[node].state == .running, "node \(node) does not run")
    nodes[node].state = .paused
    trace?.process(at: now, node, "sleeps")
    nodes[node].wakeTime = .max
    faults.paused(node, at: time)
    noteFaults()
  }

  /// Wakes a process up: first come either its timers or what waited in its sockets, by chance.
  package func resume(_ node: Int) {
    precondition(nodes[node].state == .paused, "node \(node) is not paused")
    nodes[node].state = .running
    trace?.process(at: now, node, "wakes up")
    let interval = nodes[node].configuration.interval
    faults.resumed(node, at: time, limit: VerdictCheck.pauseLimit(interval: interval))
    noteFaults()
    let timersComeFirst = random.chance(1, outOf: 2)
    if timersComeFirst { scheduleWake(node) }
    for packet in nodes[node].inbox { heap.push(.delivery(packet: packet), at: time) }
    nodes[node].inbox.removeAll()
    nodes[node].inboxSize = 0
    resumeStreams(of: node)
    scheduleWake(node)
  }

  /// Lets a node's clock run fast by parts of a million, or slow by negative ones, from now on.
  package func setDrift(_ node: Int, partsPerMillion: Int64) {
    nodes[node].clock.setDrift(partsPerMillion, at: time)
    trace?.fault(at: now, node, "clock drifts by \(partsPerMillion) parts of a million")
    noteFaults()
    nodes[node].wakeTime = .max
    if nodes[node].state == .running { scheduleWake(node) }
  }

  /// Limits what a node's line takes, out and in apart; nil for the network's own limit.
  package func setBandwidth(_ node: Int, bytesPerSecond: UInt64?) {
    nodes[node].bandwidth = bytesPerSecond
    noteFaults()
  }

  /// Lets `body` call a running node's engine, and carries out what comes of it.
  ///
  /// `body` must not ask the simulation for that node: it has the engine in its hands.
  @discardableResult
  package func mutate<Result, Failure>(
    _ node: Int,
    _ body: (inout Engine, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(nodes[node].state == .running, "node \(node) is not running")
    let result = try body(&nodes[node].engine, clockReading(of: node))
    drive(node, after: .call)
    return result
  }

  /// Applies changes to a node's own state.
  @discardableResult
  package func update(_ node: Int, _ changes: [Change]) throws(StateError) -> Version {
    precondition(nodes[node].state == .running, "node \(node) is not running")
    trace?.process(at: now, node, "changes \(changes.count) keys")
    let reading = clockReading(of: node)
    let former = nodes[node].read { $0.ownVersion }
    do throws(StateError) {
      let version = try nodes[node].engine.update(changes, now: reading)
      if checking == .everything { ledger.wrote(node, changes, reading: reading) }
      drive(node, after: .update)
      return version
    } catch {
      noteRefusal(node, after: former)
      throw error
    }
  }

  /// A node has refused changes to its own state, of which it had a version before.
  func noteRefusal(_ node: Int, after former: Version) {
    let version = nodes[node].read { $0.ownVersion }
    guard version != former else { return }
    fail(OwnerCheck.self, node, "refused changes, and went from version \(former) to \(version)")
  }

  @discardableResult
  package func set(_ node: Int, _ key: String, _ value: String) throws(StateError) -> Version {
    try update(node, [.set(key, to: value)])
  }

  @discardableResult
  package func delete(_ node: Int, _ key: String) throws(StateError) -> Version {
    try update(node, [.delete(key: key)])
  }

  /// Lets a node join by the address of another.
  @discardableResult
  package func join(_ node: Int, to other: Int) -> JoinTicket {
    let endpoint = nodes[other].endpoint
    return mutate(node) { engine, now in engine.join(endpoint, now: now) }
  }

  /// Lets a node contact others now and then for ever.
  package func addSeeds(_ node: Int, _ others: [Int]) {
    let endpoints = others.map { nodes[$0].endpoint }
    mutate(node) { engine, now in engine.addSeeds(endpoints, now: now) }
  }

  /// Lets a node leave; its process goes on until it is stopped.
  package func leave(_ node: Int) {
    nodes[node].hasLeft = true
    trace?.process(at: now, node, "is told to leave")
    noteEnd(node)
    mutate(node) { engine, now in engine.leave(now: now) }
  }

  /// Calls `body` at a time to come.
  package func plan(at time: Instant, _ body: @escaping (Simulation) -> Void) {
    precondition(time >= now, "\(time) is over")
    heap.push(.plan(plans.count), at: time.nanoseconds)
    plans.append(body)
  }

  /// An address that no node has had.
  package func freshEndpoint() -> Endpoint {
    addressCount += 1
    return Endpoint(ipv4: 10 << 24 + addressCount, port: 7_000)
  }

  private func isTaken(_ endpoint: Endpoint) -> Bool {
    guard let node = slots[endpoint] else { return false }
    return nodes[node].endpoint == endpoint && nodes[node].state.isAlive
  }

  private func drawClock() -> NodeClock {
    NodeClock(startedAt: time, reading: 1_000_000_000 + random.below(1_000_000_000_000))
  }

  private func makeEngine(
    _ id: MemberID,
    at endpoint: Endpoint,
    _ configuration: GossipConfiguration,
    _ clock: NodeClock
  ) -> Engine {
    var engine = Engine(
      id: id,
      endpoint: endpoint,
      configuration: configuration,
      seed: random.next(),
      now: clock.reading(at: time)
    )
    if !quirkSites.isEmpty { engine.quirks = Quirks(sites: quirkSites, seed: random.next()) }
    return engine
  }

  private func start(_ node: Int) {
    slots[nodes[node].endpoint] = node
    trace?.process(
      at: now,
      node,
      "starts as \(nodes[node].engine.localID) at \(nodes[node].endpoint)"
    )
    nodes[node].trafficAtStart = nodes[node].traffic
    nodes[node].wakeTime = .max
    noteStart(node)
    checks.started(node, in: self)
    drive(node, after: .start)
  }
}
