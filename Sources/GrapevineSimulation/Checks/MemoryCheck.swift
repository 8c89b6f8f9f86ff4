import GrapevineCore

package final class MemoryCheck: InputCheck {
  package static let name = "memory"
  package static let reason =
    "after each input members, graves, questions, news, streams and queues keep to their limits"

  package init() {}

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    let configuration = simulation.nodes[node].configuration
    do throws(BrokenInvariant) {
      try engine.verifyLimits(of: configuration)
    } catch {
      simulation.fail(Self.self, node, "holds \(error), more than it may")
    }
  }
}
