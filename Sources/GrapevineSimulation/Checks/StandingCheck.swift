package import GrapevineCore

/// Holds standings against those who are quoted in them, and against each other.
package final class StandingCheck: InputCheck, NodeCheck {
  package static let name = "standings"
  package static let reason =
    "a standing quotes only what was said (incarnations and leaves of the member itself, verdicts "
    + "that someone reached, accusers that accused), and any order of merging gives the same"

  /// Where the last comparison of two nodes' standings stopped.
  private var turn = 0

  package init() {}

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    for id in simulation.ledger.downs(at: node) {
      let key = MemberKey(id)
      guard let standing = engine.standing(of: key) else { continue }
      verify(standing, of: key, at: node, in: simulation)
    }
    simulation.ledger.forgetDowns(at: node)
  }

  func inspect(
    _ members: [Member],
    _ engine: Engine,
    of node: Int,
    in simulation: Simulation
  ) {
    engine.forEachStanding { key, standing in
      verify(standing, of: key, at: node, in: simulation)
    }
    turn += 1
    guard !members.isEmpty, simulation.nodes.count > 0 else { return }
    let key = MemberKey(members[turn % members.count].id)
    let standings = (0..<min(3, simulation.nodes.count))
      .compactMap { offset -> Standing? in
        let other = (node + turn * offset) % simulation.nodes.count
        return simulation.nodes[other].engine.standing(of: key)
      }
    if let detail = Self.disagreement(of: standings, merging: { $0.merge($1) }) {
      simulation.fail(Self.self, node, detail)
    }
  }

  /// Merges standings in all orders, and each with itself; says what came out different.
  package static func disagreement(
    of standings: [Standing],
    merging merge: (inout Standing, Standing) -> Void
  ) -> String? {
    func merged(_ first: Standing, _ second: Standing) -> Standing {
      var standing = first
      merge(&standing, second)
      return standing
    }
    for first in standings {
      let twice = merged(first, first)
      if twice != first { return "\(first) merges with itself to \(twice)" }
      for second in standings {
        for third in standings {
          let inOrder = merged(merged(first, second), third)
          let nested = merged(first, merged(second, third))
          let reversed = merged(merged(third, second), first)
          if inOrder != nested || inOrder != reversed {
            return "\(first), \(second) and \(third) merge to \(inOrder), \(nested) and \(reversed)"
          }
        }
      }
    }
    return nil
  }

  private func verify(
    _ standing: Standing,
    of key: MemberKey,
    at node: Int,
    in simulation: Simulation
  ) {
    let testimony = simulation.ledger.testimony
    let highest = testimony.incarnation(of: key)
    if standing.incarnation > highest {
      fail("incarnation \(standing.incarnation), where it took \(highest)", key, node, simulation)
    }
    switch standing.verdict {
    case .alive: break
    case .down:
      // A later life of its name is proof enough.
      if !testimony.isJudged(key, standing.incarnation),
        !simulation.ledger.history.isOvertaken(key)
      {
        fail("a verdict that nobody reached", key, node, simulation)
      }
    case .left:
      if !testimony.hasLeft(key) { fail("a leave that never was", key, node, simulation) }
    }
    for accuser in standing.accusers
    where !simulation.ledger.admits(accuser, key, standing.incarnation) {
      fail("an accuser, \(accuser.rawValue), that never accused it", key, node, simulation)
    }
  }

  private func fail(
    _ what: String,
    _ key: MemberKey,
    _ node: Int,
    _ simulation: Simulation
  ) {
    let id = simulation.ledger.history.id(of: key).map { "\($0)" } ?? "\(key.rawValue)"
    simulation.fail(Self.self, node, "holds of \(id) \(what)")
  }
}
