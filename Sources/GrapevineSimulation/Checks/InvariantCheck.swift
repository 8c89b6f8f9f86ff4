import GrapevineCore

package final class InvariantCheck: InputCheck, NodeCheck {
  package static let name = "invariants"
  package static let reason =
    "what an engine stores agrees with itself: sums, orders, counts, windows and places"

  /// One input in so many is followed by a look at all that the engine holds.
  private static let sample = 512

  private var inputCount = 0

  package init() {}

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    inputCount += 1
    if inputCount % Self.sample == 0 { verify(engine, at: node, in: simulation) }
  }

  func inspect(
    _ members: [Member],
    _ engine: Engine,
    of node: Int,
    in simulation: Simulation
  ) {
    verify(engine, at: node, in: simulation)
  }

  private func verify(_ engine: Engine, at node: Int, in simulation: Simulation) {
    let configuration = simulation.nodes[node].configuration
    do throws(BrokenInvariant) {
      try engine.verifyInvariants(of: configuration)
    } catch {
      simulation.fail(Self.self, node, "\(error)")
    }
  }
}
