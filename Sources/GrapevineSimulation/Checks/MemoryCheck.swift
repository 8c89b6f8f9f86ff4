import GrapevineCore

package final class MemoryCheck: StartCheck, InputCheck {
  package static let name = "memory"
  package static let reason =
    "after each input members, graves, questions, news, others' state, streams and queues keep to "
    + "their limits, and a question of another is forgotten in time"

  /// By node how many questions of others it has taken.
  private var relayCounts = PerNode<Int>()

  package init() {}

  func started(_ node: Int, in simulation: Simulation) {
    relayCounts.begin(node, 0)
  }

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    let configuration = simulation.nodes[node].configuration
    do throws(BrokenInvariant) {
      try engine.verifyLimits(of: configuration)
    } catch {
      simulation.fail(Self.self, node, "holds \(error), more than it may")
    }
    guard engine.metrics.relaysIn != relayCounts[node] else { return }
    relayCounts[node] = engine.metrics.relaysIn
    if engine.hasStaleRelay {
      simulation.fail(Self.self, node, "keeps a place for an answer that comes too late")
    }
  }
}
