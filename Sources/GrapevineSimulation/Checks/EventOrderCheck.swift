import GrapevineCore

package final class EventOrderCheck: StartCheck, EventCheck, NodeCheck {
  package static let name = "event order"
  package static let reason =
    "a member joins, then is down and up in turn, then leaves or is down, then expires, "
    + "or is replaced by a later life; while its grave is to be kept, one that was down comes "
    + "back in a higher incarnation of its own, and who left or was replaced stays away"

  private var graves = PerNode<Graves>()

  package init() {}

  func started(_ node: Int, in simulation: Simulation) {
    graves.begin(node, Graves())
  }

  func told(_ event: EngineEvent, by node: Int, in simulation: Simulation) {
    guard case .member(let event) = event else {
      // The life that a node gives up gets a grave of its own.
      if case .generationRaised = event { graves[node].count += 1 }
      return
    }
    switch event {
    case .joined(let id): joined(id, at: node, in: simulation)
    case .replaced(let old, by: let new): replaced(old, by: new, at: node, in: simulation)
    case .down(let id):
      expect([.live], of: id, before: event, at: node, in: simulation)
      noteVerdict(id, at: node, in: simulation)
    case .up(let id):
      // Of two processes that take the same identity one may leave, and the other go on.
      let history = simulation.ledger.history
      let isShared = history.identityIndex(of: id).map { history.identities[$0].isAmbiguous }
      let phases: [MemberView.Phase] = isShared == true ? [.down, .left] : [.down]
      expect(phases, of: id, before: event, at: node, in: simulation)
    case .leaving(let id): expect([.live], of: id, before: event, at: node, in: simulation)
    case .left(let id): expect([.live, .down], of: id, before: event, at: node, in: simulation)
    case .expired(let id):
      expect([.down, .left], of: id, before: event, at: node, in: simulation)
      bury(id, at: node, in: simulation)
    case .keySet(let id, _), .keyDeleted(let id, _, _):
      expect([.live, .down, .left], of: id, before: event, at: node, in: simulation)
    case .nameConflict: break
    }
  }

  func inspect(
    _ members: [Member],
    _ engine: Engine,
    of node: Int,
    in simulation: Simulation
  ) {
    for member in members where !member.isSelf {
      guard let identity = identity(of: member.id, at: node, in: simulation) else { continue }
      let told = simulation.ledger.view(identity, at: node).phase
      let shown: MemberView.Phase = member.hasLeft ? .left : member.isDown ? .down : .live
      if told != shown {
        simulation.fail(Self.self, node, "shows \(member.id) \(shown), but told \(told)")
      }
    }
  }

  private func joined(_ id: MemberID, at node: Int, in simulation: Simulation) {
    guard let index = identity(of: id, at: node, in: simulation) else { return }
    let identity = simulation.ledger.history.identities[index]
    let view = simulation.ledger.view(index, at: node)
    if let generation = simulation.ledger.views[node].generation(identity.nameIndex),
      id.generation < generation
    {
      simulation.fail(Self.self, node, "\(id) joined after generation \(generation)")
    } else if view.phase.isShown {
      simulation.fail(Self.self, node, "\(id) joined, but it was \(view.phase)")
    } else if !identity.isAmbiguous,
      graves[node].keeps(
        index,
        simulation.nodes[node].configuration,
        now: simulation.clockReading(of: node)
      )
    {
      if view.phase == .replaced || view.hasLeft {
        simulation.fail(Self.self, node, "\(id) joined, but it had \(view.phase)")
      } else if let buried = graves[node].incarnation(of: index) {
        verifyReturn(of: identity, from: buried, at: node, in: simulation)
      }
    }
  }

  /// Demands that a member comes back in an incarnation above that in which it was called down, and
  /// that it has taken such a one itself.
  private func verifyReturn(
    of identity: History.Identity,
    from buried: UInt64,
    at node: Int,
    in simulation: Simulation
  ) {
    let taken = simulation.ledger.testimony.incarnation(of: identity.key)
    let held = simulation.nodes[node].read { $0.standing(of: identity.key)?.incarnation } ?? taken
    guard min(held, taken) <= buried else { return }
    simulation.fail(
      Self.self,
      node,
      "\(identity.id) joined in incarnation \(held), having taken \(taken), and was buried in "
        + "\(buried)"
    )
  }

  /// Notes the incarnation in which a node calls a member down, as its table has it at that moment.
  private func noteVerdict(_ id: MemberID, at node: Int, in simulation: Simulation) {
    guard let index = simulation.ledger.history.identityIndex(of: id) else { return }
    let standing = simulation.nodes[node].read { $0.standing(of: MemberKey(id)) }
    graves[node].note(index, standing?.incarnation)
  }

  private func replaced(
    _ old: MemberID,
    by new: MemberID,
    at node: Int,
    in simulation: Simulation
  ) {
    guard let former = identity(of: old, at: node, in: simulation),
      let later = identity(of: new, at: node, in: simulation)
    else { return }
    let nameIndex = simulation.ledger.history.identities[later].nameIndex
    if simulation.ledger.views[node].shown(nameIndex) != former || new.generation <= old.generation
    {
      simulation.fail(Self.self, node, "\(new) replaced \(old), which was not shown")
    }
    bury(old, at: node, in: simulation)
  }

  private func bury(_ id: MemberID, at node: Int, in simulation: Simulation) {
    guard let index = simulation.ledger.history.identityIndex(of: id) else { return }
    graves[node].bury(index, now: simulation.clockReading(of: node))
  }

  private func expect(
    _ phases: [MemberView.Phase],
    of id: MemberID,
    before event: Event,
    at node: Int,
    in simulation: Simulation
  ) {
    guard let identity = identity(of: id, at: node, in: simulation) else { return }
    let phase = simulation.ledger.view(identity, at: node).phase
    if !phases.contains(phase) {
      simulation.fail(Self.self, node, "\(event), but before it was \(phase)")
    }
  }

  private func identity(of id: MemberID, at node: Int, in simulation: Simulation) -> Int? {
    let identity = simulation.ledger.history.identityIndex(of: id)
    if identity == nil { simulation.fail(Self.self, node, "was told of \(id), which never was") }
    return identity
  }
}

/// Whom a process has buried, and since when.
private struct Graves {
  /// All burials so far.
  var count = 0
  private var burials: [Int: (count: Int, time: Instant)] = [:]
  /// The incarnations in which members were called down last.
  private var incarnations: [Int: UInt64] = [:]

  mutating func note(_ identity: Int, _ incarnation: UInt64?) {
    incarnations[identity] = incarnation
  }

  /// The incarnation in which a member was called down last; nil if it never was.
  func incarnation(of identity: Int) -> UInt64? { incarnations[identity] }

  mutating func bury(_ identity: Int, now: Instant) {
    count += 1
    burials[identity] = (count, now)
  }

  /// Says whether the grave must still be there: neither are there so many later ones that it was
  /// pushed out, nor is its time over.
  func keeps(_ identity: Int, _ configuration: GossipConfiguration, now: Instant) -> Bool {
    guard let burial = burials[identity] else { return false }
    return count - burial.count < configuration.graveLimit
      && now.since(burial.time) < configuration.graveLifetime.wholeNanoseconds
  }
}
