import GrapevineCore

/// Counts what an engine sends for each input, kind by kind, and holds it against the most that the
/// protocol has use for; see ``Bound``.
package final class ExchangeCheck: StartCheck, PacketCheck, EventCheck, InputCheck {
  package static let name = "exchanges"
  package static let reason =
    "an input causes no more packets of a kind than the protocol has use for, and one from a "
    + "stranger no more than eight times its bytes, or one packet, back to its address"

  /// What went out since the last input, of all nodes: engines are pulled dry one by one.
  private var counts = [Int](repeating: 0, count: PacketKind.allCases.count + 1)
  private var packets: [(target: Endpoint, size: Int)] = []
  /// Who became a member by the last input.
  private var newcomers: [MemberKey] = []
  private var states = PerNode<State>()

  private struct State {
    var pushCount = 0
    /// Pushes that had begun when the interval did.
    var pushCountAtRound = 0
    var round: UInt64 = 0
    var observedCount = 0
    var accusedCount = 0
  }

  package init() {}

  func started(_ node: Int, in simulation: Simulation) {
    states.begin(node, State())
  }

  func sent(_ packet: [UInt8], from node: Int, to target: Endpoint, in simulation: Simulation) {
    counts[Int(packet.kind?.rawValue ?? 0)] += 1
    packets.append((target, packet.count))
  }

  func told(_ event: EngineEvent, by node: Int, in simulation: Simulation) {
    switch event {
    case .member(.joined(let id)), .member(.replaced(_, by: let id)):
      newcomers.append(MemberKey(id))
    default: break
    }
  }

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    var state = states[node]
    let begun = engine.metrics.pushesOut - state.pushCount
    state.pushCount += begun
    if !packets.isEmpty {
      let load = Bound.Load(
        begunCount: begun,
        observedCount: max(state.observedCount, engine.observedCount),
        accusedCount: state.accusedCount + engine.accusedCount,
        spreadCount: engine.spreadCount
      )
      verify(input, load, at: node, in: simulation)
      if case .datagram(_, let size, let source) = input {
        verifyAnswer(to: source, size, engine, at: node, in: simulation)
      }
      packets.removeAll(keepingCapacity: true)
      for kind in counts.indices { counts[kind] = 0 }
    }
    if !newcomers.isEmpty { newcomers.removeAll(keepingCapacity: true) }
    if engine.roundNumber != state.round {
      state.round = engine.roundNumber
      state.pushCountAtRound = state.pushCount
    } else if begun > 0 {
      let limit = simulation.nodes[node].configuration.pushLimit
      let count = state.pushCount - state.pushCountAtRound
      if count > limit {
        simulation.fail(Self.self, node, "began \(count) pushes in an interval, not \(limit)")
      }
    }
    state.observedCount = engine.observedCount
    state.accusedCount = engine.accusedCount
    states[node] = state
  }

  private func verify(
    _ input: Input,
    _ load: Bound.Load,
    at node: Int,
    in simulation: Simulation
  ) {
    let bound = Bound(simulation.nodes[node].configuration, load)
    if counts[0] > 0 { simulation.fail(Self.self, node, "sent packets of no kind") }
    for kind in PacketKind.allCases {
      let count = counts[Int(kind.rawValue)]
      guard count > 0 else { continue }
      let limit = bound.limit(of: kind, after: input)
      if count > limit {
        simulation.fail(
          Self.self,
          node,
          "sent \(count) of \(kind) after \(input): \(limit) have a use"
        )
      }
    }
    let limit = bound.limit(after: input)
    if packets.count > limit {
      simulation.fail(
        Self.self,
        node,
        "sent \(packets.count) packets after \(input): \(limit) are allowed"
      )
    }
  }

  /// Demands that little goes to an address of which nothing is known but that a packet names it.
  private func verifyAnswer(
    to source: Endpoint,
    _ size: Int,
    _ engine: Engine,
    at node: Int,
    in simulation: Simulation
  ) {
    var sum = 0
    for packet in packets where packet.target == source { sum += packet.size }
    let limit = max(8 * size, simulation.nodes[node].configuration.maximumPacketSize)
    guard sum > limit, !engine.hasMember(at: source, besides: newcomers) else { return }
    simulation.fail(
      Self.self,
      node,
      "sent \(sum) bytes to \(source), no member's address, for \(size): \(limit) are allowed"
    )
  }
}

extension ExchangeCheck {
  /// The most packets that one input has a use for.
  struct Bound {
    private let configuration: GossipConfiguration
    private let load: Load

    /// What an engine was busy with.
    struct Load {
      /// Pushes that it began with this input.
      var begunCount = 0
      var observedCount = 0
      var accusedCount = 0
      var spreadCount = 0
    }

    init(_ configuration: GossipConfiguration, _ load: Load) {
      self.configuration = configuration
      self.load = load
    }

    /// Packets of own pushes: each takes a tree more than usual where packets are seen to be lost.
    private var pushes: Int {
      load.begunCount * (configuration.pushRedundancy + 1) * configuration.pushFanout
    }

    /// Verdicts that came from elsewhere, each put to the member that it is about.
    private var challenges: Int { configuration.verificationLimit }

    /// The most of all kinds together; no bound of its own where the sum of the kinds is one.
    func limit(after input: Input) -> Int {
      guard case .datagram(let kind, _, _) = input else { return .max }
      switch kind {
      case .digest: return configuration.burst
      case .pingRequest: return 1
      default: return .max
      }
    }

    func limit(of kind: PacketKind, after input: Input) -> Int {
      switch input {
      case .start: 0
      // News of one's own goes out at once.
      case .call, .update: kind == .push ? pushes : 0
      case .stream: kind == .push ? pushes : kind == .ping ? challenges : 0
      case .deadline: limitInTime(of: kind)
      case .datagram(let cause, _, _): cause.map { limit(of: kind, afterA: $0) } ?? 0
      }
    }

    private func limitInTime(of kind: PacketKind) -> Int {
      switch kind {
      // Scheduled and early ones to the observers, one each to a member of chance; one to a
      // survivor, and one to a member that was lost.
      case .heartbeat: 2 * configuration.observerCount + 4
      case .push: pushes
      // The silent ones and those to be told what is held against them.
      case .ping: load.observedCount + load.accusedCount + challenges
      case .pingRequest: configuration.verificationLimit * configuration.relayCount
      case .request: load.spreadCount * Spread.chunk
      case .digest, .delta, .ack, .reply: 0
      }
    }

    /// Any news may be of this node itself, which it refutes at once, or a verdict, which it puts to
    /// the member.
    private func limit(of kind: PacketKind, afterA cause: PacketKind) -> Int {
      switch (cause, kind) {
      case (.heartbeat, .digest): 1
      case (.digest, .delta), (.digest, .digest), (.digest, .ping): configuration.burst
      case (.delta, .push), (.ping, .push), (.ack, .push): pushes
      case (.delta, .delta), (.delta, .digest): 1
      case (.delta, .ping): configuration.burst + challenges
      case (.push, .push): configuration.pushFanout + pushes
      case (.push, .digest): 1
      case (.push, .ping): challenges
      case (.ping, .ack), (.request, .reply): 1
      case (.pingRequest, .ping), (.pingRequest, .ack): 1
      // One that answers for another is passed on; one that refuted its grave is asked for.
      case (.ack, .ack), (.ack, .digest), (.ack, .ping): 1
      default: 0
      }
    }
  }
}
