import GrapevineCore

/// Counts what happens in a ``Swarm``, and holds the ends of spreads against the tables.
final class SwarmWitness {
  var coverage = Swarm.Coverage()
  private unowned let simulation: Simulation
  private var spreads: [PendingSpread] = []
  /// By node the members that it has forgotten.
  private var forgotten: [[MemberID]] = []
  /// By node when it began, or forgot a member, last.
  private var forgotAt: [Instant] = []

  private struct PendingSpread {
    let node: Int
    let id: MemberID
    let ticket: SpreadTicket
    let version: Version
    let begunAt: Instant
  }

  init(_ simulation: Simulation) {
    self.simulation = simulation
  }

  /// Lets a node find out when all hold what it has written.
  func spread(from node: Int, within duration: Duration) {
    let id = simulation.engine(at: node).localID
    guard let version = simulation.engine(at: node).version(of: id.name) else { return }
    let begunAt = simulation.now
    let ticket = simulation.mutate(node) { engine, now in
      engine.spread(upTo: version, deadline: now + duration, now: now)
    }
    spreads.append(
      PendingSpread(node: node, id: id, ticket: ticket, version: version, begunAt: begunAt)
    )
  }

  /// A node's next process has started: it knows nothing, and nothing waits for it.
  func noteStart(_ node: Int) {
    spreads.removeAll { $0.node == node }
    note(node)
    forgotten[node] = []
  }

  func observe(_ observed: ObservedEvent) {
    let node = observed.node
    switch observed.event {
    case .generationRaised: coverage.raisedGenerations += 1
    case .superseded: coverage.supersessions += 1
    case .answersByStreamOnly: coverage.streamOnly += 1
    case .member(.keyDeleted): coverage.deletions += 1
    case .member(.leaving): coverage.leavings += 1
    case .member(.replaced(let id, _)):
      coverage.replacements += 1
      note(node)
      forgotten[node].append(id)
    case .member(.expired(let id)):
      coverage.expiries += 1
      note(node)
      forgotten[node].append(id)
    case .member(.joined(let id)):
      if node < forgotten.count, forgotten[node].contains(id) { coverage.rejoins += 1 }
    case .spreadFinished(let ticket, let missing): finish(ticket, missing, node)
    case .member, .joinFinished, .leaveFinished, .stateRefused, .wasPaused: break
    }
  }

  private func note(_ node: Int) {
    while forgotAt.count <= node {
      forgotAt.append(.zero)
      forgotten.append([])
    }
    forgotAt[node] = simulation.now
  }

  private func finish(_ ticket: SpreadTicket, _ missing: [MemberID], _ node: Int) {
    guard let index = spreads.firstIndex(where: { $0.node == node && $0.ticket == ticket }) else {
      return
    }
    let spread = spreads.remove(at: index)
    let asker = simulation.engine(at: node)
    // A node that has begun another life meanwhile is not the one that they were asked about.
    guard missing.isEmpty, asker.localID == spread.id else { return }
    coverage.spreads += 1
    for other in simulation.nodeIndices where other != node && simulation.isMember(other) {
      let engine = simulation.engine(at: other)
      // Who has forgotten a member since learns it from the beginning.
      let hasForgotten = other < forgotAt.count && forgotAt[other] >= spread.begunAt
      guard !hasForgotten, asker.isLive(engine.localID) else { continue }
      let version = engine.version(of: spread.id.name) ?? 0
      if version < spread.version {
        simulation.fail(
          SpreadCheck.self,
          node,
          "was told that all hold version \(spread.version), but \(engine.localID) is at \(version)"
        )
      }
    }
  }

  /// The counts of a run that is over.
  func finalCoverage() -> Swarm.Coverage {
    var coverage = coverage
    coverage.snapshots = simulation.sum { $0.snapshotsIn }
    coverage.gaps = simulation.sum { $0.drops[.gap] }
    coverage.refusedSections = simulation.sum { $0.drops[.refused] }
    coverage.staleNews = simulation.sum { $0.drops[.stale] }
    coverage.streamFallbacks = simulation.sum { $0.streamFallbacks }
    coverage.failedStreams = simulation.sum { $0.streamsFailed }
    coverage.pushesWithNews = simulation.sum { $0.pushesNew }
    coverage.pulls = simulation.sum { $0.pullsOut }
    coverage.suspicions = simulation.sum { $0.suspicions }
    coverage.relayAnswers = simulation.sum { $0.relayAnswers }
    coverage.streamAnswers = simulation.sum { $0.streamAnswers }
    coverage.accusations = simulation.sum { $0.accusationsOut }
    coverage.refutations = simulation.sum { $0.refutations }
    coverage.verdicts = simulation.sum { $0.verdictsOut }
    coverage.challenges = simulation.sum { $0.challengesOut }
    coverage.pauses = simulation.sum { $0.pauses }
    return coverage
  }
}

extension Engine {
  /// Says whether this very life is known and held alive.
  fileprivate func isLive(_ id: MemberID) -> Bool {
    guard let member = memberSummaries(now: .zero).first(where: { $0.id == id }) else {
      return false
    }
    return member.isLive
  }
}
