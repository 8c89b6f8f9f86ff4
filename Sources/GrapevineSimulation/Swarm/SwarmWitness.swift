import GrapevineCore

extension Swarm {
  /// How often something was done to the nodes, or told by them.
  package struct Coverage: Sendable, Hashable {
    // What was done.
    package var starts = 0
    package var restarts = 0
    package var writes = 0
    package var refusedWrites = 0
    package var refusedKeys = 0
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
    /// Spans of peace in which nothing was told.
    package var quietSpans = 0
    // What the engines told.
    package var raisedGenerations = 0
    package var nameConflicts = 0
    package var supersessions = 0
    package var deletions = 0
    package var replacements = 0
    package var recoveries = 0
    package var expiries = 0
    package var rejoins = 0
    package var lostGraves = 0
    package var refusedStates = 0
    package var leavings = 0
    package var spreads = 0
    package var unfinishedSpreads = 0
    package var streamOnly = 0
    package var failedJoins = 0
    package var unheardLeaves = 0

    package init() {}
  }
}

/// Counts what happens in a ``Swarm``.
final class SwarmWitness {
  var coverage = Swarm.Coverage()
  /// By node the members that it has forgotten.
  private var forgotten: [[MemberID]] = []
  /// By node those of them that it has a grave of, the oldest first.
  private var buried: [[MemberID]] = []
  private let graveLimit: Int
  private let countsGraves: Bool

  init(_ configuration: GossipConfiguration) {
    graveLimit = configuration.graveLimit
    countsGraves = configuration.graveLifetime == GossipConfiguration().graveLifetime
  }

  /// A node's next process has started: it knows nothing, and nothing waits for it.
  func noteStart(_ node: Int) {
    coverage.starts += 1
    while forgotten.count <= node {
      forgotten.append([])
      buried.append([])
    }
    forgotten[node] = []
    buried[node] = []
  }

  private func bury(_ id: MemberID, at node: Int) {
    forgotten[node].append(id)
    buried[node].removeAll { $0 == id }
    buried[node].append(id)
    // Where graves run out soon, which of them the limit drove out can't be told.
    guard countsGraves, buried[node].count > graveLimit else { return }
    buried[node].removeFirst()
    coverage.lostGraves += 1
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
      bury(id, at: node)
    case .member(.expired(let id)):
      coverage.expiries += 1
      bury(id, at: node)
    case .member(.joined(let id)):
      guard node < forgotten.count, forgotten[node].contains(id) else { return }
      coverage.rejoins += 1
      buried[node].removeAll { $0 == id }
    case .spreadFinished(_, let missing):
      coverage.spreads += missing.isEmpty ? 1 : 0
      coverage.unfinishedSpreads += missing.isEmpty ? 0 : 1
    case .joinFinished(_, .failed): coverage.failedJoins += 1
    case .leaveFinished(let asked, let acknowledged):
      if !asked.isEmpty, acknowledged.isEmpty { coverage.unheardLeaves += 1 }
    case .stateRefused(_, limit: "remoteStateLimit"): coverage.refusedStates += 1
    case .member, .joinFinished, .reachFinished, .stateRefused, .wasPaused, .peerChanged,
      .lockGranted,
      .lockLost:
      break
    }
  }
}
