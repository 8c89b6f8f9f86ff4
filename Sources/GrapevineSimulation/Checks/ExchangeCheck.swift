import GrapevineCore

/// Counts what an engine sends for each input, kind by kind, and holds it against the most that the
/// protocol has use for.
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
    let bound: Bound
    var pushCount = 0
    /// Pushes that had begun when the interval did.
    var pushCountAtRound = 0
    var round: UInt64 = 0
    var observedCount = 0
    var accusedCount = 0
    var claimCount = 0

    /// Notes what an engine is busy with now; returns the pushes of the interval if they are too
    /// many.
    mutating func note(_ engine: Engine, _ begunCount: Int) -> Int? {
      pushCount += begunCount
      observedCount = engine.observedCount
      accusedCount = engine.accusedCount
      claimCount = engine.claimCount
      if engine.roundNumber != round {
        round = engine.roundNumber
        pushCountAtRound = pushCount
      }
      let count = pushCount - pushCountAtRound
      return count > bound.pushLimit ? count : nil
    }
  }

  /// What an engine was busy with.
  private struct Load {
    /// Pushes that it began with this input.
    var begunCount: Int
    var observedCount: Int
    var accusedCount: Int
    var spreadCount: Int
    /// Locks that it held or claimed, before the input or after it.
    var claimCount: Int
  }

  package init() {}

  func started(_ node: Int, in simulation: Simulation) {
    states.begin(node, State(bound: Bound(simulation.nodes[node].configuration)))
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
    let begunCount = engine.metrics.pushesOut - states[node].pushCount
    if !packets.isEmpty {
      let load = Load(
        begunCount: begunCount,
        observedCount: max(states[node].observedCount, engine.observedCount),
        accusedCount: states[node].accusedCount + engine.accusedCount,
        spreadCount: engine.spreadCount,
        claimCount: max(states[node].claimCount, engine.claimCount)
      )
      verify(input, states[node].bound, load, at: node, in: simulation)
      if packets.count > 1, case .datagram(_, let size, let source) = input {
        verifyAnswer(to: source, size, engine, at: node, in: simulation)
      }
      packets.removeAll(keepingCapacity: true)
      for kind in counts.indices { counts[kind] = 0 }
    }
    if !newcomers.isEmpty { newcomers.removeAll(keepingCapacity: true) }
    if let count = states[node].note(engine, begunCount) {
      let limit = states[node].bound.pushLimit
      simulation.fail(Self.self, node, "began \(count) pushes in an interval, not \(limit)")
    }
  }

  private func verify(
    _ input: Input,
    _ bound: Bound,
    _ load: Load,
    at node: Int,
    in simulation: Simulation
  ) {
    if counts[0] > 0 { simulation.fail(Self.self, node, "sent packets of no kind") }
    for kind in PacketKind.allCases {
      let count = counts[Int(kind.rawValue)]
      guard count > 0 else { continue }
      // Whatever lets a node lose its locks, those who asked for them are told at once.
      let told = kind == .reply ? load.claimCount * LockTable.askerLimit : 0
      let limit = bound.limit(of: kind, after: input, load) + told
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
  private struct Bound {
    let burst: Int
    let pushLimit: Int
    let fanout: Int
    /// Packets of one push: it takes a tree more than usual where packets are seen to be lost.
    let push: Int
    /// Verdicts that came from elsewhere, each put to the member that it is about.
    let challenges: Int
    /// Requests to ping those that are looked into at a time.
    let relays: Int
    /// Scheduled and early ones to the observers, one each to a member of chance; one to a
    /// survivor, and one to a member that was lost.
    let heartbeats: Int
    /// Members that are told who accuses them.
    let tellings: Int

    init(_ configuration: GossipConfiguration) {
      burst = configuration.burst
      pushLimit = configuration.pushLimit
      fanout = configuration.pushFanout
      push = (configuration.pushRedundancy + 1) * configuration.pushFanout
      challenges = configuration.verificationLimit
      relays = configuration.verificationLimit * configuration.relayCount
      heartbeats = 2 * configuration.observerCount + 4
      tellings = max(1, configuration.burst - 2)
    }

    /// The most of all kinds together; no bound of its own where the sum of the kinds is one.
    func limit(after input: Input) -> Int {
      switch input {
      case .datagram(.digest, _, _): burst
      case .datagram(.pingRequest, _, _): 1
      default: .max
      }
    }

    func limit(of kind: PacketKind, after input: Input, _ load: Load) -> Int {
      let pushes = load.begunCount * push
      switch input {
      case .start: return 0
      // News of one's own goes out at once.
      case .call, .update: return kind == .push ? pushes : 0
      case .stream: return kind == .push ? pushes : kind == .ping ? challenges + tellings : 0
      case .deadline: return limitInTime(of: kind, load)
      case .datagram(let cause, _, _):
        return cause.map { limit(of: kind, afterA: $0, pushes) } ?? 0
      }
    }

    private func limitInTime(of kind: PacketKind, _ load: Load) -> Int {
      switch kind {
      case .heartbeat: heartbeats
      case .push: load.begunCount * push
      // The silent ones and those to be told what is held against them.
      case .ping: load.observedCount + load.accusedCount + challenges
      case .pingRequest: relays
      case .request: (load.spreadCount + load.claimCount) * Spread.chunk
      case .digest, .delta, .ack, .reply: 0
      }
    }

    /// Any news may be of this node itself, which it refutes at once, or a verdict, which it puts
    /// to the member.
    private func limit(of kind: PacketKind, afterA cause: PacketKind, _ pushes: Int) -> Int {
      switch (cause, kind) {
      case (.heartbeat, .digest): 1
      case (.digest, .delta), (.digest, .digest), (.digest, .ping): burst
      case (.delta, .push), (.ping, .push), (.ack, .push): pushes
      case (.delta, .delta), (.delta, .digest): 1
      case (.delta, .ping): burst + challenges + tellings
      case (.push, .push): fanout + pushes
      case (.push, .digest): 1
      case (.push, .ping): challenges
      case (.ping, .ack), (.request, .reply): 1
      case (.pingRequest, .ping), (.pingRequest, .ack): 1
      // Who sends from elsewhere than its member's address is told that one.
      case (.heartbeat, .ping): 1
      // One that answers for another is passed on; one that refuted its grave is asked for.
      case (.ack, .ack), (.ack, .digest), (.ack, .ping): 1
      default: 0
      }
    }
  }
}
