import GrapevineCore

// What goes on, and what goes wrong.
extension SwarmRun {
  /// Does what chance wants in one slice of time.
  mutating func cause() {
    if options.writeChance.isHit(&random) { write() }
    if options.spreadChance.isHit(&random) { spread() }
    if options.crashChance.isHit(&random) { crash() }
    if options.crashChance.isHit(&random) { restart() }
    if options.pauseChance.isHit(&random) { pause() }
    if options.resumeChance.isHit(&random) { resume() }
    if options.partitionChance.isHit(&random) { partition() }
    if options.partitionChance.isHit(&random), let id = partitions.popLast() {
      simulation.heal(id)
    }
    if options.linkChance.isHit(&random) { linkFaults.append(harmLink()) }
    if options.linkChance.isHit(&random), !linkFaults.isEmpty { mend(linkFaults.removeFirst()) }
    if options.leaveChance.isHit(&random) { leave() }
    causeEpisode()
  }

  private mutating func write() {
    guard let node = pickActive() else { return }
    var changes: [Change] = []
    let deletesMost = random.chance(1, outOf: 4)
    for _ in 0...random.below(options.batchSize) {
      let key = "key-\(random.below(options.keyCount))"
      if random.chance(deletesMost ? 9 : 3, outOf: 10) {
        changes.append(.delete(key: key))
      } else {
        changes.append(drawSet(key))
      }
    }
    // A node that has found its name taken refuses all writes, which is right.
    _ = try? simulation.update(node, changes)
  }

  private mutating func drawSet(_ key: String) -> Change {
    let size = random.chance(1, outOf: 20) ? random.index(8_000) : random.index(120)
    let byte = UInt8(truncatingIfNeeded: random.next())
    let timeToLive: Duration? =
      random.chance(1, outOf: 8) ? .milliseconds(Int64(1 + random.below(3_000))) : nil
    return .set(
      key: key,
      value: [UInt8](repeating: byte, count: size),
      timeToLive: timeToLive
    )
  }

  private mutating func spread() {
    guard let node = pickActive() else { return }
    witness.spread(from: node, within: .milliseconds(Int64(100 + random.below(5_000))))
  }

  private mutating func crash() {
    guard simulation.liveNodes.count > 2, let node = pick(where: { $0.state(of: $1).isAlive })
    else { return }
    crash(node)
  }

  mutating func crash(_ node: Int) {
    let isHost = random.chance(1, outOf: 2)
    witness.coverage.crashes += 1
    witness.coverage.hostCrashes += isHost ? 1 : 0
    simulation.crash(node, isHost ? .host : .process)
  }

  private mutating func restart() {
    guard let node = pick(where: { !$0.state(of: $1).isAlive }) else { return }
    restart(node)
  }

  private mutating func pause() {
    guard let node = pick(where: { $0.state(of: $1) == .running }) else { return }
    witness.coverage.sleeps += 1
    simulation.pause(node)
  }

  private mutating func resume() {
    guard let node = pick(where: { $0.state(of: $1) == .paused }) else { return }
    simulation.resume(node)
  }

  private mutating func partition() {
    var nodes = Array(simulation.nodeIndices)
    random.shuffle(&nodes)
    let count = 1 + random.index(nodes.count - 1)
    let (some, others) = (Array(nodes[..<count]), Array(nodes[count...]))
    let isOneWay = random.chance(1, outOf: 3)
    witness.coverage.partitions += 1
    witness.coverage.oneWayPartitions += isOneWay ? 1 : 0
    partitions.append(
      isOneWay
        ? simulation.partitionOneWay(from: some, to: others)
        : simulation.partition(some, from: others)
    )
  }

  private mutating func leave() {
    guard simulation.liveNodes.count > 2, let node = pickActive() else { return }
    if random.chance(1, outOf: 2) {
      // First it says so; it leaves another time, or not at all.
      _ = try? simulation.mutate(node) { engine, now in try engine.beginLeaving(now: now) }
      return
    }
    witness.coverage.leaves += 1
    simulation.leave(node)
  }
}

// Links.
extension SwarmRun {
  private mutating func harmLink() -> LinkFault {
    let source = random.index(options.nodeCount)
    let target = (source + 1 + random.index(options.nodeCount - 1)) % options.nodeCount
    switch random.below(3) {
    case 0: return cut(from: source, to: target)
    case 1:
      witness.coverage.linkRules += 1
      simulation.setLink(from: source, to: target, drawRule())
      return .rule(source: source, target: target)
    default:
      return blackHole(source)
    }
  }

  private func cut(from source: Int, to target: Int) -> LinkFault {
    witness.coverage.cuts += 1
    return .cut(simulation.partitionOneWay(from: [source], to: [target]))
  }

  private func blackHole(_ node: Int) -> LinkFault {
    witness.coverage.blackHoles += 1
    setLinks(of: node, LinkRule(datagramSizeLimit: 0))
    return .blackHole(node)
  }

  private mutating func drawRule() -> LinkRule {
    var rule = LinkRule()
    if random.chance(1, outOf: 2) {
      rule.latency = .fixed(.milliseconds(Int64(random.below(300))))
    }
    if random.chance(1, outOf: 2) { rule.loss = .percent(random.below(101)) }
    if random.chance(1, outOf: 3) { rule.datagramSizeLimit = random.index(1_500) }
    if random.chance(1, outOf: 3) { rule.bandwidth = 5_000 + random.below(1_000_000) }
    return rule
  }

  private func setLinks(of node: Int, _ rule: LinkRule?) {
    for other in simulation.nodeIndices where other != node {
      simulation.setLink(between: node, and: other, rule)
    }
  }

  func mend(_ fault: LinkFault) {
    switch fault {
    case .cut(let id): simulation.heal(id)
    case .rule(let source, let target): simulation.setLink(from: source, to: target, nil)
    case .blackHole(let node): setLinks(of: node, nil)
    }
  }
}

// One fault at a time.
extension SwarmRun {
  private mutating func causeEpisode() {
    if let (time, end) = repair {
      guard simulation.now >= time else { return }
      repair = nil
      carryOut(end)
    } else if options.episodeChance.isHit(&random), let node = pickActive(),
      simulation.liveNodes.count > 2
    {
      let interval = options.configuration.interval
      let end = begin(node)
      var length = interval * Int(1 + random.below(60))
      if case .resume = end, random.chance(1, outOf: 2) {
        // So short that it explains nothing.
        length = interval * Int(VerdictCheck.pauseIntervals) - .milliseconds(100)
      }
      repair = (simulation.now + length, end)
    }
  }

  private mutating func begin(_ node: Int) -> Repair {
    let other = (node + 1 + random.index(options.nodeCount - 1)) % options.nodeCount
    switch random.below(7) {
    case 0, 1:
      crash(node)
      return .restart(node)
    case 2:
      witness.coverage.sleeps += 1
      simulation.pause(node)
      return .resume(node)
    case 3: return .mend(cut(from: node, to: other))
    case 4: return .mend(blackHole(node))
    case 5:
      witness.coverage.partitions += 1
      return .heal(simulation.isolate([node]))
    default:
      witness.coverage.leaves += 1
      simulation.leave(node)
      return .nothing
    }
  }

  private mutating func carryOut(_ end: Repair) {
    switch end {
    case .restart(let node): restart(node)
    case .resume(let node): simulation.resume(node)
    case .heal(let id): simulation.heal(id)
    case .mend(let fault): mend(fault)
    case .nothing: break
    }
  }
}
