package import GrapevineCore

/// Takes a sample of packets apart and puts them together again, and damages some to see them
/// refused.
package final class CodecCheck: PacketCheck, NodeCheck {
  package static let name = "codec"
  package static let reason =
    "what one engine sends, no other calls malformed; it reads and writes to the same bytes, what "
    + "is malformed changes nothing but a counter, and both ends count alike"

  /// One packet in so many is read and written again.
  private static let sample = 64
  /// One packet in so many reaches a copy of its receiver damaged.
  private static let damageSample = 1_024

  private static let refusals: [Metrics.DropReason] = [
    .tooShort, .wrongMagic, .wrongVersion, .sealed, .unknownKind, .malformed, .notUTF8,
  ]

  private var packetCount: UInt64 = 0

  package init() {}

  func sent(_ packet: [UInt8], from node: Int, to target: Endpoint, in simulation: Simulation) {
    packetCount += 1
    if packetCount % UInt64(Self.sample) == 0 { reread(packet, from: node, in: simulation) }
    if packetCount % UInt64(Self.damageSample) == 0 {
      damage(packet, from: node, to: target, in: simulation)
    }
  }

  func inspect(
    _ members: [Member],
    _ engine: Engine,
    of node: Int,
    in simulation: Simulation
  ) {
    for reason in Self.refusals where engine.metrics.drops[reason] > 0 {
      let count = engine.metrics.drops[reason]
      simulation.fail(Self.self, node, "dropped \(count) messages as \(reason)")
    }
    let traffic = simulation.nodes[node].traffic
    let start = simulation.nodes[node].trafficAtStart
    let sent = traffic.packetsOut - start.packetsOut
    let received = traffic.packetsIn - start.packetsIn
    if engine.metrics.packetsOut != sent || engine.metrics.packetsIn != received {
      simulation.fail(
        Self.self,
        node,
        "counts \(engine.metrics.packetsOut) packets out and \(engine.metrics.packetsIn) in; there "
          + "were \(sent) and \(received)"
      )
    }
  }

  private func reread(_ packet: [UInt8], from node: Int, in simulation: Simulation) {
    let label = PacketHeader.hash(label: simulation.nodes[node].configuration.label)
    do throws(MalformedDatagram) {
      let copy = try rewritten(packet, label: label)
      if copy != packet {
        simulation.fail(Self.self, node, "sent \(packet), which reads and writes as \(copy)")
      }
    } catch {
      simulation.fail(Self.self, node, "sent \(packet), which is malformed: \(error)")
    }
  }

  /// Cuts a packet short, or changes a byte of it, and lets a copy of its receiver take it.
  private func damage(
    _ packet: [UInt8],
    from sender: Int,
    to target: Endpoint,
    in simulation: Simulation
  ) {
    guard let node = simulation.slots[target], simulation.nodes[node].state == .running,
      packet.count > PacketHeader.size
    else { return }
    var random = Xoshiro256(seed: packetCount)
    var damaged = packet
    if random.chance(1, outOf: 2) {
      damaged.removeLast(1 + random.index(packet.count - 1))
    } else {
      damaged[random.index(packet.count)] ^= 1 << UInt8(random.below(8))
    }
    let label = PacketHeader.hash(label: simulation.nodes[node].configuration.label)
    let isMalformed = (try? rewritten(damaged, label: label)) == nil
    var engine = simulation.nodes[node].engine
    let before = engine
    // By its own identity another speaks, whom it asks who it is, whatever follows.
    let header = try? PacketHeader.read(damaged.span, label: label)
    guard header?.sender != engine.ownKey else { return }
    let source = simulation.nodes[sender].endpoint
    engine.receive(damaged.span, from: source, now: simulation.clockReading(of: node))
    if isMalformed, let detail = Self.difference(before, &engine) {
      simulation.fail(Self.self, node, "took \(damaged), which is malformed, and \(detail)")
    }
    do throws(BrokenInvariant) {
      try engine.verifyInvariants()
    } catch {
      simulation.fail(Self.self, node, "took \(damaged), and \(error)")
    }
  }

  /// What a malformed packet has changed besides counters; nil for nothing.
  package static func difference(_ before: Engine, _ after: inout Engine) -> String? {
    if after.isSuperseded { return nil }
    if after.metrics.drops.total != before.metrics.drops.total + 1 { return "did not count it" }
    if after.fingerprint != before.fingerprint { return "holds something else now" }
    var answer: [UInt8] = []
    if after.nextDatagram(into: &answer) != nil { return "answered" }
    if after.nextStreamAction() != nil { return "used a stream" }
    while let event = after.nextEvent() {
      if case .member = event { return "told \(event)" }
    }
    var hasHeard = false
    after.forEachStanding { key, _ in
      if after.heardAt(key) != before.heardAt(key) { hasHeard = true }
    }
    return hasHeard ? "took it for a sign of life" : nil
  }
}
