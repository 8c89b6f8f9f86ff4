import GrapevineCore

package final class OwnerCheck: InputCheck {
  package static let name = "owner"
  package static let reason =
    "each change of an owner takes the next version, a change of nothing none"

  package init() {}

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    let version = engine.ownVersion
    let expected = simulation.ledger.version(at: node)
    if version < expected {
      simulation.fail(Self.self, node, "holds version \(version) of itself after \(expected)")
    } else if version > expected, case .update = input {
      simulation.fail(Self.self, node, "holds version \(version) of itself, not \(expected)")
    }
  }
}
