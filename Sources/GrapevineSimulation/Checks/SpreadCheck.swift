import GrapevineCore

package final class SpreadCheck: StartCheck, EventCheck, InputCheck {
  package static let name = "spread"
  package static let reason =
    "when a spread ends with nothing missing, every live member holds the version"

  private struct Wait {
    let ticket: SpreadTicket
    let version: Version
    /// The life that asked.
    let asker: MemberKey
    let begunAt: UInt64
  }

  private struct State {
    var waits: [Wait] = []
    var lastTicket: SpreadTicket?
    /// When the process began, or forgot a member, last.
    var forgotAt: UInt64
  }

  private var states = PerNode<State>()

  package init() {}

  func started(_ node: Int, in simulation: Simulation) {
    states.begin(node, State(forgotAt: simulation.time))
  }

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    guard engine.spreadCount > 0 else { return }
    for (ticket, version) in engine.openSpreads {
      if let last = states[node].lastTicket, ticket <= last { continue }
      states[node].lastTicket = ticket
      states[node].waits.append(
        Wait(
          ticket: ticket,
          version: version,
          asker: engine.ownKey,
          begunAt: simulation.time
        )
      )
    }
  }

  func told(_ event: EngineEvent, by node: Int, in simulation: Simulation) {
    switch event {
    case .member(.expired), .member(.replaced): states[node].forgotAt = simulation.time
    case .spreadFinished(let ticket, let missing):
      let index = states[node].waits.firstIndex { $0.ticket == ticket }
      let wait = index.map { states[node].waits.remove(at: $0) }
      guard missing.isEmpty else { return }
      // One that ended with its call had nobody to ask.
      let engine = simulation.nodes[node].engine
      let version = engine.version(of: engine.ownKey) ?? 0
      verify(
        wait
          ?? Wait(
            ticket: ticket,
            version: version,
            asker: engine.ownKey,
            begunAt: simulation.time
          ),
        at: node,
        in: simulation
      )
    default: break
    }
  }

  private func verify(_ wait: Wait, at node: Int, in simulation: Simulation) {
    let asker = simulation.nodes[node].engine
    // A node that has begun another life meanwhile is not the one that they were asked about.
    guard asker.ownKey == wait.asker else { return }
    for other in simulation.nodes.indices where other != node && simulation.isMember(other) {
      // Who has forgotten a member since learns it from the beginning; of two that go by one name
      // the asker knows one.
      guard states[other].forgotAt < wait.begunAt, !simulation.hasRival(other) else { continue }
      let engine = simulation.nodes[other].engine
      // The one that answered by its very identity may be gone since.
      guard simulation.faults.life(of: engine.localID)?.isReused == false else { continue }
      guard asker.standing(of: engine.ownKey)?.verdict == .alive else { continue }
      let version = engine.version(of: wait.asker) ?? 0
      if version < wait.version {
        simulation.fail(
          Self.self,
          node,
          "was told that all hold version \(wait.version), but \(engine.localID) is at \(version)"
        )
      }
    }
  }
}
