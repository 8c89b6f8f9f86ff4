import GrapevineCore

/// Watches by itself since when a node has known how many accusers of whom, and holds the verdicts
/// that the node reaches against that.
package final class CorroborationCheck: StartCheck, InputCheck {
  package static let name = "corroboration"
  package static let reason =
    "a node concludes a verdict only on who is silent since, with two accusers for the grace, one "
    + "for the lone accuser's, or as the last that can judge"

  private struct Watch {
    let key: MemberKey
    let incarnation: UInt64
    /// When the node was seen to know of an accuser, on its clock.
    let firstAt: Instant
    /// When it was seen to know of a second one.
    var secondAt: Instant?
    /// When it takes itself to have known of them: later if it slept, was called down, or heard of
    /// the member since.
    var ownFirstAt: Instant
    var ownSecondAt: Instant?
  }

  private struct State {
    var watches: [Watch] = []
    var verdictCount = 0
    var pauseCount = 0
  }

  private var states = PerNode<State>()

  package init() {}

  func started(_ node: Int, in simulation: Simulation) {
    states.begin(node, State())
  }

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    let count = engine.metrics.verdictsOut
    if count != states[node].verdictCount {
      judge(
        input,
        engine,
        at: node,
        verdictCount: count - states[node].verdictCount,
        in: simulation
      )
      states[node].verdictCount = count
    }
    if engine.accusedCount > 0 || !states[node].watches.isEmpty {
      watch(engine, at: node, in: simulation)
    }
    states[node].pauseCount = engine.metrics.pauses
  }

  /// Demands that as many of those called down as the node says to have judged could be.
  private func judge(
    _ input: Input,
    _ engine: Engine,
    at node: Int,
    verdictCount: Int,
    in simulation: Simulation
  ) {
    guard case .deadline = input else {
      return simulation.fail(Self.self, node, "concluded a verdict, although no time was due")
    }
    let downs = simulation.ledger.downs(at: node)
    let corroborated = downs.count { isCorroborated($0, engine, at: node, in: simulation) }
    guard corroborated < verdictCount else { return }
    simulation.fail(
      Self.self,
      node,
      "concluded \(verdictCount) verdicts of \(downs), of which \(corroborated) are corroborated"
    )
  }

  private func isCorroborated(
    _ id: MemberID,
    _ engine: Engine,
    at node: Int,
    in simulation: Simulation
  ) -> Bool {
    let key = MemberKey(id)
    guard let watch = states[node].watches.first(where: { $0.key == key }) else { return false }
    let configuration = simulation.nodes[node].configuration
    let interval = configuration.interval.wholeNanoseconds
    let reading = simulation.clockReading(of: node)
    let grace = interval * UInt64(configuration.suspicionGrace)
    // A pause moves what was heard and when; who judges just then is not held to it.
    let hasPaused = engine.metrics.pauses != states[node].pauseCount
    guard hasPaused || engine.heardAt(key) <= watch.ownSecondAt ?? watch.ownFirstAt else {
      return false
    }
    if let secondAt = watch.secondAt, reading.since(secondAt) >= grace { return true }
    let silence = reading.since(watch.firstAt)
    if silence >= interval * UInt64(configuration.loneAccuserGrace) { return true }
    guard silence >= grace else { return false }
    if hasPaused { return true }
    let shortlyBefore = Instant(
      nanoseconds: watch.ownFirstAt.since(Instant(nanoseconds: 2 * interval))
    )
    return !engine.hasOtherJudge(than: key, heardSince: shortlyBefore)
  }

  /// Notes who is accused by how many now.
  private func watch(_ engine: Engine, at node: Int, in simulation: Simulation) {
    let reading = simulation.clockReading(of: node)
    var former = states[node].watches[...]
    var watches: [Watch] = []
    for accusation in engine.openAccusations {
      while let next = former.first, next.key < accusation.key { former.removeFirst() }
      var watch = Watch(
        key: accusation.key,
        incarnation: accusation.incarnation,
        firstAt: reading,
        ownFirstAt: accusation.firstAt,
        ownSecondAt: accusation.secondAt
      )
      if let known = former.first, known.key == accusation.key,
        known.incarnation == accusation.incarnation
      {
        watch = known
        watch.ownFirstAt = accusation.firstAt
        watch.ownSecondAt = accusation.secondAt
      }
      if watch.secondAt == nil,
        let standing = engine.standing(of: accusation.key),
        standing.accusers.count > 1
      {
        watch.secondAt = reading
      }
      watches.append(watch)
    }
    states[node].watches = watches
  }
}
