import GrapevineCore

/// Counts the pings that leave a node, and holds its accusations against them.
///
/// A ping in another's place counts, too, as it looks the same.
package final class AccusationCheck: StartCheck, PacketCheck, InputCheck {
  package static let name = "accusations"
  package static let reason =
    "a node accuses only whom it has pinged twice since it heard of it last, the first time an "
    + "interval ago"

  private struct Question {
    /// When the first ping since the member was heard of left, on the node's clock.
    var firstAt: Instant
    var count: Int
  }

  private struct State {
    var questions: [MemberKey: Question] = [:]
    var accusationCount = 0
    /// Whom it accuses already, and in which incarnation.
    var accused: [MemberKey: UInt64] = [:]
  }

  /// Who was pinged since the last input, of all nodes: engines are pulled dry one by one.
  private var pinged: [MemberKey] = []
  private var states = PerNode<State>()

  package init() {}

  func started(_ node: Int, in simulation: Simulation) {
    states.begin(node, State())
  }

  func sent(_ packet: [UInt8], from node: Int, to target: Endpoint, in simulation: Simulation) {
    guard packet.kind == .ping, packet.count == PacketHeader.size + Ping.headSize else { return }
    var reader = WireReader(PacketHeader.size..<packet.count)
    if let ping = try? Ping.read(packet.span, &reader) { pinged.append(ping.target) }
  }

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    if engine.metrics.accusationsOut != states[node].accusationCount {
      states[node].accusationCount = engine.metrics.accusationsOut
      verify(engine, at: node, in: simulation)
    }
    guard !pinged.isEmpty else { return }
    let reading = simulation.clockReading(of: node)
    for key in pinged {
      let known = states[node].questions[key]
      if let known, known.firstAt >= engine.heardAt(key) {
        states[node].questions[key]?.count = known.count + 1
      } else {
        states[node].questions[key] = Question(firstAt: reading, count: 1)
      }
    }
    pinged.removeAll(keepingCapacity: true)
  }

  private func verify(_ engine: Engine, at node: Int, in simulation: Simulation) {
    let reading = simulation.clockReading(of: node)
    let interval = simulation.nodes[node].configuration.interval.wholeNanoseconds
    for accusation in engine.openAccusations {
      let key = accusation.key
      guard states[node].accused[key] != accusation.incarnation,
        // Another process may accuse in this one's name, if they are two by one identity.
        engine.accuses(key)
      else { continue }
      states[node].accused[key] = accusation.incarnation
      // Some runs let engines accuse on a whim.
      guard !simulation.quirkSites.contains(.hastyAccusation) else { continue }
      let question = states[node].questions[key]
      if let question, question.count > 1, question.firstAt >= engine.heardAt(key),
        reading.since(question.firstAt) >= interval
      {
        continue
      }
      let id = simulation.ledger.history.id(of: key).map { "\($0)" } ?? "\(key.rawValue)"
      simulation.fail(
        Self.self,
        node,
        "accuses \(id), which it has pinged \(question?.count ?? 0) times since it heard of it"
      )
    }
  }
}
