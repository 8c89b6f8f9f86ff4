import GrapevineCore

package final class LimitCheck: PacketCheck, StreamCheck, InputCheck {
  package static let name = "limits"
  package static let reason =
    "no datagram, no stream's queue and no input's packets exceed their configured limit, and no "
    + "heartbeat 32 bytes"
  package static let isForMeasuring = true

  package static let heartbeatSizeLimit = 32

  /// What went out since the last input, of all nodes: engines are pulled dry one by one.
  private var packetCount = 0

  package init() {}

  func sent(_ packet: [UInt8], from node: Int, to target: Endpoint, in simulation: Simulation) {
    packetCount += 1
    let limit = simulation.nodes[node].configuration.maximumPacketSize
    if packet.count > limit {
      simulation.fail(
        Self.self,
        node,
        "sent a datagram of \(packet.count) bytes: \(limit) are allowed"
      )
    }
    if packet.count > Self.heartbeatSizeLimit, packet.kind == .heartbeat {
      simulation.fail(Self.self, node, "sent a heartbeat of \(packet.count) bytes")
    }
  }

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    defer { packetCount = 0 }
    let limit = simulation.nodes[node].configuration.packetQueueLimit
    if packetCount > limit {
      simulation.fail(
        Self.self,
        node,
        "sent \(packetCount) packets after \(input): \(limit) are allowed"
      )
    }
  }

  func queued(_ size: Int, by node: Int, in simulation: Simulation) {
    let limit = simulation.nodes[node].configuration.streamQueueLimit
    if size > limit {
      simulation.fail(
        Self.self,
        node,
        "queued \(size) bytes on a stream: \(limit) are allowed"
      )
    }
  }
}

extension [UInt8] {
  /// What a packet says that it is; nil for a number that no kind has.
  var kind: PacketKind? { count >= PacketHeader.size ? PacketKind(rawValue: self[3]) : nil }
}
