import GrapevineCore

package final class OwnerCheck: InputCheck {
  package static let name = "owner"
  package static let reason =
    "each change of an owner takes the next version, a change of nothing or one that is refused "
    + "none; by itself it deletes keys whose time is up, at once, and nothing else"

  package init() {}

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    let version = engine.ownVersion
    let expected = simulation.ledger.version(at: node)
    if version < expected {
      simulation.fail(Self.self, node, "holds version \(version) of itself after \(expected)")
    } else if version > expected {
      verifyUnasked(after: input, engine, at: node, in: simulation)
    }
    verifyDeadline(at: node, in: simulation)
  }

  /// Takes over what the node did by itself.
  private func verifyUnasked(
    after input: Input,
    _ engine: Engine,
    at node: Int,
    in simulation: Simulation
  ) {
    // Callers ask for internal entries; nothing else brings any.
    var mayHoldInternal = false
    if case .call = input { mayHoldInternal = true }
    let unasked = simulation.ledger
      .synchronize(
        node,
        engine,
        reading: simulation.clockReading(of: node),
        mayHoldInternal: mayHoldInternal
      )
    if let unasked { simulation.fail(Self.self, node, "\(unasked), unasked after \(input)") }
  }

  /// Demands that the node wakes up when a key's time is up, so that none outlives it.
  private func verifyDeadline(at node: Int, in simulation: Simulation) {
    // Who has left or gave its name up changes nothing any more.
    guard !simulation.nodes[node].hasLeft, !simulation.nodes[node].isSuperseded else { return }
    let deadline = simulation.nodes[node].plannedDeadline
    guard let key = simulation.ledger.firstKey(of: node, dueBefore: deadline) else { return }
    simulation.fail(
      Self.self,
      node,
      "sleeps until \(deadline.nanoseconds), and “\(key.name)” is due at "
        + "\(key.dueAt?.nanoseconds ?? 0)"
    )
  }
}
