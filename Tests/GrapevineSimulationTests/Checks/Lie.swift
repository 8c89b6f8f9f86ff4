import GrapevineCore
import GrapevineSimulation

/// Something that no engine does: planted in a settled cluster, it must be found by its check.
struct Lie: Sendable, CustomStringConvertible {
  let check: String
  let description: String
  let plant: @Sendable (Simulation) throws -> Void

  init(
    _ check: any Check.Type,
    _ description: String,
    _ plant: @escaping @Sendable (Simulation) throws -> Void
  ) {
    self.check = check.name
    self.description = description
    self.plant = plant
  }

  /// Five nodes that know each other, one of which has written, after some peace.
  static func settledCluster() throws -> Simulation {
    let simulation = Simulation.cluster(5, seed: 61)
    try simulation.requireConvergence(within: .seconds(20))
    try simulation.set(1, "key", "first")
    try simulation.set(1, "other", "second")
    try simulation.requireConvergence(within: .seconds(10))
    try simulation.run(for: .seconds(60))
    return simulation
  }

  /// What is found of it; nil for nothing.
  func violation() throws -> Violation? {
    let simulation = try Self.settledCluster()
    do {
      try plant(simulation)
      return simulation.violation
    } catch let violation as Violation {
      return violation
    }
  }
}

extension Simulation {
  /// A packet that a node might send, up to the body.
  func packet(_ kind: PacketKind, from node: Int = 1, body: [UInt8] = []) -> [UInt8] {
    var bytes: [UInt8] = []
    PacketHeader(kind: kind, label: 0, sender: MemberKey(engine(at: node).localID))
      .write(to: &bytes)
    return bytes + body
  }

  /// A heartbeat of a node that holds something.
  func heartbeat(fingerprint: UInt64) -> [UInt8] {
    var body: [UInt8] = []
    Heartbeat(fingerprint: fingerprint, memberCount: 5, isScheduled: true).write(to: &body)
    return packet(.heartbeat, body: body)
  }

  /// Lets a node be told by push that another has a standing.
  func slander(_ member: Int, _ standing: Standing, at node: Int) throws {
    judgesVerdicts = false
    let key = MemberKey(engine(at: member).localID)
    var body: [UInt8] = []
    PushHead(hops: 1, arc: Arc(lower: key, upper: key)).write(to: &body)
    let head = Section.begin(key, in: &body)
    Section.write(identity: engine(at: member).localID, to: &body)
    Section.write(
      Section.Claim(standing: standing, age: 0, endpoint: endpoint(of: member)),
      to: &body
    )
    Section.end(head, in: &body)
    inject(packet(.push, body: body), from: endpoint(of: 1), to: node)
    try run(for: .zero)
    try verify()
  }
}
