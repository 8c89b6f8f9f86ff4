import GrapevineCore

// What goes on, and what goes wrong.
extension SwarmRun {
  /// Does what chance wants in one slice of time.
  mutating func cause() {
    let work = options.work
    let faults = options.faults
    if work.writeChance.isHit(&random) { write() }
    if work.spreadChance.isHit(&random) { spread() }
    if faults.crash.isHit(&random) { crash() }
    if faults.restart.isHit(&random) { restart() }
    if faults.pause.isHit(&random) { pause() }
    if faults.resume.isHit(&random) { resume() }
    if faults.join.isHit(&random) { join() }
    if faults.leave.isHit(&random) { leave() }
    if faults.twin.isHit(&random) { startTwin() }
    causePartitions()
    if faults.link.isHit(&random), let fault = harmLink() { linkFaults.append(fault) }
    if faults.link.isHit(&random), !linkFaults.isEmpty { mend(linkFaults.removeFirst()) }
    if faults.weather.isHit(&random) { changeWeather() }
    causeEpisode()
  }

  private mutating func write() {
    guard let node = pickActive() else { return }
    var changes: [Change] = []
    let deletesMost = random.chance(1, outOf: 4)
    for _ in 0...random.below(options.work.batchSize) {
      let key = drawKey()
      let deletes = deletesMost ? random.chance(9, outOf: 10) : options.work.deletion.isHit(&random)
      if deletes {
        changes.append(.delete(key: key))
      } else {
        changes.append(drawSet(key))
      }
    }
    write(changes, node)
  }

  func write(_ changes: [Change], _ node: Int) {
    do {
      try simulation.update(node, changes)
      witness.coverage.writes += 1
    } catch .nameTaken {
      // A node that has found its name taken refuses all writes, which is right.
    } catch {
      if case .keyTooLong = error { witness.coverage.refusedKeys += 1 }
      witness.coverage.refusedWrites += 1
    }
  }

  private mutating func drawKey() -> String {
    let number = random.below(options.work.keyCount)
    let key = "key-\(number)"
    guard number % 4 == 3 else { return key }
    return key + String(repeating: "-", count: max(0, options.work.longKeySize - key.utf8.count))
  }

  private mutating func drawSet(_ key: String) -> Change {
    let work = options.work
    let isBig = work.bigValue.isHit(&random)
    let size = random.index((isBig ? work.bigValueSizeLimit : work.valueSizeLimit) + 1)
    let byte = UInt8(truncatingIfNeeded: random.next())
    let limit = UInt64(work.timeToLiveLimit / .milliseconds(1))
    let timeToLive: Duration? =
      work.timeToLive.isHit(&random) ? .milliseconds(Int64(1 + random.below(limit))) : nil
    return .set(
      key: key,
      value: [UInt8](repeating: byte, count: size),
      timeToLive: timeToLive
    )
  }

  private mutating func spread() {
    guard let node = pickActive() else { return }
    let duration = Duration.milliseconds(Int64(100 + random.below(5_000)))
    // Now and then many wait at a time, all of whose questions go out at once.
    let count = random.chance(1, outOf: 4) ? 1 + random.index(64) : 1
    simulation.mutate(node) { engine, now in
      let version = engine.version(of: engine.localID.name) ?? 0
      for _ in 0..<count { _ = engine.spread(upTo: version, deadline: now + duration, now: now) }
    }
  }

  private mutating func changeWeather() {
    witness.coverage.weatherChanges += 1
    simulation.conditions = Swarm.drawConditions(&random)
  }
}

// Processes.
extension SwarmRun {
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

  mutating func join() {
    guard nameCount < options.nameLimit else { return }
    witness.coverage.newcomers += 1
    connect(addNode())
  }

  /// Starts a second process under the name of one that is there, as a user does by mistake.
  private mutating func startTwin() {
    // A few: each may cost the name its holder, and then the run one of its nodes.
    guard twins.count < 3, let node = pick(where: { $0.state(of: $1).isAlive }) else { return }
    let id = simulation.engine(at: node).localID
    let generation =
      switch random.below(4) {
      case 0: id.generation
      case 1: id.generation - min(id.generation, 1 + random.below(500))
      default: id.generation + 1 + random.below(1_000)
      }
    witness.coverage.twins += 1
    let twin = start(id.name, generation: generation)
    twins.append(twin)
    connect(twin)
  }

  private mutating func leave() {
    guard simulation.liveNodes.count > 2, let node = pickActive() else { return }
    if random.chance(1, outOf: 2) {
      // First it says so; it leaves another time, or not at all.
      _ = try? simulation.mutate(node) { engine, now in try engine.beginLeaving(now: now) }
      return
    }
    // Some leave where nobody hears them.
    if random.chance(1, outOf: 4) { linkFaults.append(.cut(simulation.isolate([node]))) }
    witness.coverage.leaves += 1
    simulation.leave(node)
  }
}

// One fault at a time.
extension SwarmRun {
  private mutating func causeEpisode() {
    if let (time, end) = repair {
      guard simulation.now >= time else { return }
      repair = nil
      carryOut(end)
    } else if options.faults.episode.isHit(&random), let node = pickActive(),
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
    switch random.below(9) {
    case 0, 1:
      crash(node)
      return .restart(node)
    case 2:
      witness.coverage.sleeps += 1
      simulation.pause(node)
      return .resume(node)
    case 3:
      guard let other = pickOther(than: node) else { return .nothing }
      return .mend(cut(from: node, to: other))
    case 4: return .mend(blackHole(node))
    case 5:
      witness.coverage.partitions += 1
      return .heal(simulation.isolate([node]))
    case 6: return .heal(drawPartition())
    case 7:
      join()
      return .nothing
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
