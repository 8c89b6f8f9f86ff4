import GrapevineCore

// Partitions, which stand for a while at least, as does the time between them.
extension SwarmRun {
  mutating func causePartitions() {
    let faults = options.faults
    advanceSwizzle()
    if faults.partition.isHit(&random), simulation.now >= wholeUntil, partitions.count < 3,
      simulation.nodeIndices.count > 1
    {
      let healableAt = simulation.now + faults.partitionStability
      partitions.append((drawPartition(), healableAt))
    }
    if faults.partition.isHit(&random),
      let index = partitions.firstIndex(where: { $0.healableAt <= simulation.now })
    {
      simulation.heal(partitions.remove(at: index).id)
      wholeUntil = simulation.now + faults.partitionStability
    }
    if faults.swizzle.isHit(&random), swizzle == nil { beginSwizzle() }
  }

  /// Cuts the nodes in two, at a place of chance or as one against all; or one direction of that.
  mutating func drawPartition() -> PartitionID {
    var nodes = Array(simulation.nodeIndices)
    random.shuffle(&nodes)
    let isSingle = random.chance(1, outOf: 4)
    let count = isSingle ? 1 : 1 + random.index(nodes.count - 1)
    var (some, others) = (Array(nodes[..<count]), Array(nodes[count...]))
    if random.chance(1, outOf: 2) { swap(&some, &others) }
    let isOneWay = options.faults.oneWay.isHit(&random)
    witness.coverage.partitions += 1
    witness.coverage.oneWayPartitions += isOneWay ? 1 : 0
    return isOneWay
      ? simulation.partitionOneWay(from: some, to: others)
      : simulation.partition(some, from: others)
  }

  private mutating func beginSwizzle() {
    var nodes = Array(simulation.nodeIndices)
    guard nodes.count > 2 else { return }
    random.shuffle(&nodes)
    witness.coverage.swizzles += 1
    swizzle = Swizzle(
      waiting: Array(nodes.prefix(2 + random.index(nodes.count - 1))),
      pause: .milliseconds(Int64(random.magnitude(in: 50...2_000))),
      dueAt: simulation.now
    )
  }

  /// Cuts the next one off, or brings one back; in an order of chance, so that who was cut off
  /// first is not the first to return.
  private mutating func advanceSwizzle() {
    guard var current = swizzle, simulation.now >= current.dueAt else { return }
    current.dueAt = simulation.now + current.pause
    if let node = current.waiting.popLast() {
      current.clogged.append(simulation.isolate([node]))
      if current.waiting.isEmpty { random.shuffle(&current.clogged) }
    } else if let id = current.clogged.popLast() {
      simulation.heal(id)
    }
    let isOver = current.waiting.isEmpty && current.clogged.isEmpty
    swizzle = isOver ? nil : current
  }
}

// Links.
extension SwarmRun {
  mutating func harmLink() -> LinkFault? {
    let source = random.index(simulation.nodeIndices.count)
    guard let target = pickOther(than: source) else { return nil }
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

  func cut(from source: Int, to target: Int) -> LinkFault {
    witness.coverage.cuts += 1
    return .cut(simulation.partitionOneWay(from: [source], to: [target]))
  }

  func blackHole(_ node: Int) -> LinkFault {
    witness.coverage.blackHoles += 1
    simulation.setLinks(of: node, LinkRule(datagramSizeLimit: 0))
    return .blackHole(node)
  }

  private mutating func drawRule() -> LinkRule {
    var rule = LinkRule()
    if random.chance(1, outOf: 2) {
      rule.latency = .fixed(.milliseconds(Int64(random.below(300))))
    }
    if random.chance(1, outOf: 2) { rule.loss = .percent(random.below(101)) }
    if random.chance(1, outOf: 3) { rule.datagramSizeLimit = random.index(1_500) }
    if random.chance(1, outOf: 3) {
      let leastRate = simulation.conditions.lineQueueLimit / Swarm.lineDelayLimit
      rule.bandwidth = max(leastRate, 5_000 + random.below(1_000_000))
    }
    return rule
  }

  func mend(_ fault: LinkFault) {
    switch fault {
    case .cut(let id): simulation.heal(id)
    case .rule(let source, let target): simulation.setLink(from: source, to: target, nil)
    case .blackHole(let node): simulation.setLinks(of: node, nil)
    }
  }
}
