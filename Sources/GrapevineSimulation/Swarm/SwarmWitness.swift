import GrapevineCore

extension Swarm {
  /// How often something was done to the nodes, or told by them.
  package struct Coverage: Sendable, Hashable {
    // What was done.
    package var starts = 0
    package var restarts = 0
    package var writes = 0
    package var refusedWrites = 0
    package var newcomers = 0
    package var twins = 0
    package var crashes = 0
    package var hostCrashes = 0
    package var moves = 0
    package var setBacks = 0
    package var sleeps = 0
    package var leaves = 0
    package var partitions = 0
    package var oneWayPartitions = 0
    package var swizzles = 0
    package var cuts = 0
    package var linkRules = 0
    package var blackHoles = 0
    package var weatherChanges = 0
    package var lastDeaths = 0
    // What the engines told.
    package var raisedGenerations = 0
    package var nameConflicts = 0
    package var supersessions = 0
    package var deletions = 0
    package var replacements = 0
    package var recoveries = 0
    package var expiries = 0
    package var rejoins = 0
    package var leavings = 0
    package var spreads = 0
    package var unfinishedSpreads = 0
    package var streamOnly = 0
    package var failedJoins = 0
    package var unheardLeaves = 0

    package init() {}
  }
}

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
    coverage.starts += 1
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
    case .member(.nameConflict): coverage.nameConflicts += 1
    case .member(.keyDeleted): coverage.deletions += 1
    case .member(.leaving): coverage.leavings += 1
    case .member(.up): coverage.recoveries += 1
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
    case .joinFinished(_, .failed): coverage.failedJoins += 1
    case .leaveFinished(let asked, let acknowledged):
      if !asked.isEmpty, acknowledged.isEmpty { coverage.unheardLeaves += 1 }
    case .member, .joinFinished, .stateRefused, .wasPaused: break
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
    if !missing.isEmpty { coverage.unfinishedSpreads += 1 }
    // A node that has begun another life meanwhile is not the one that they were asked about.
    guard missing.isEmpty, asker.localID == spread.id else { return }
    coverage.spreads += 1
    for other in simulation.nodeIndices where other != node && simulation.isMember(other) {
      let engine = simulation.engine(at: other)
      // Who has forgotten a member since learns it from the beginning.
      let hasForgotten = other < forgotAt.count && forgotAt[other] >= spread.begunAt
      // Of two that go by one identity the asker knows one.
      guard !hasForgotten, !simulation.hasRival(other), asker.isLive(engine.localID) else {
        continue
      }
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
