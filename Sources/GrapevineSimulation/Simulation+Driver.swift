import GrapevineCore

// The ten lines around an engine, and what they verify.
extension Simulation {
  /// Carries out all that a node's engine wants after an input.
  func drive(_ node: Int, after input: Input) {
    repeat {
      while let target = nodes[node].engine.nextDatagram(into: &datagram) {
        transmit(datagram, from: node, to: target)
        datagram.removeAll(keepingCapacity: true)
      }
    } while performStreamActions(node)
    while let event = nodes[node].engine.nextEvent() { observe(event, at: node) }
    scheduleWake(node)
    nodes[node].read { checks.took(input, $0, at: node, in: self) }
  }

  /// Wakes the engine up at its deadline, unless an earlier wake-up is planned already.
  func scheduleWake(_ node: Int) {
    let deadline = nodes[node].deadline
    nodes[node].plannedDeadline = deadline
    let wakeTime = max(time, nodes[node].clock.time(of: deadline))
    guard wakeTime < nodes[node].wakeTime else { return }
    nodes[node].wakeTime = wakeTime
    heap.push(.wake(node: node), at: wakeTime)
  }

  /// Lets the engine do what is due, if this wake-up still counts.
  ///
  /// - Returns: whether the engine was called.
  func wake(_ node: Int) -> Bool {
    guard nodes[node].state == .running, nodes[node].wakeTime == time else { return false }
    nodes[node].wakeTime = .max
    let reading = clockReading(of: node)
    guard nodes[node].deadline <= reading else {
      scheduleWake(node)
      return false
    }
    absorb(node, code: 1)
    nodes[node].engine.advance(to: reading)
    drive(node, after: .deadline(next: nodes[node].deadline))
    return true
  }

  func absorb(_ node: Int, code: UInt64) {
    fingerprint.absorb(time)
    fingerprint.absorb(UInt64(node) << 8 | code)
  }

  /// Notes the first broken promise; the run ends by throwing it.
  func fail(_ check: any Check.Type, _ node: Int, _ detail: String) {
    guard violation == nil else { return }
    violation = Violation(check, seed: seed, time: now, node: node, detail: detail)
  }

  func observe(_ event: EngineEvent, at node: Int) {
    let observed = ObservedEvent(time: now, node: node, event: event)
    trace?.event(observed)
    checks.told(event, by: node, in: self)
    switch event {
    case .generationRaised(let id): noteRename(node, to: id)
    case .superseded:
      nodes[node].isSuperseded = true
      noteEnd(node)
    case .member, .joinFinished, .leaveFinished, .spreadFinished, .reachFinished, .stateRefused,
      .answersByStreamOnly, .wasPaused, .peerChanged, .lockGranted,
      .lockLost:
      break
    }
    if nodes[node].events.count >= eventLogLimit {
      nodes[node].missedEventCount += 1
      if nodes[node].events.popFirst() != nil { nodes[node].events.append(observed) }
    } else {
      nodes[node].events.append(observed)
    }
    eventHandler?(observed)
  }
}
