import GrapevineCore

package final class LimitCheck: PacketCheck, StreamCheck {
  package static let name = "limits"
  package static let reason =
    "no datagram and no stream's queue exceeds its configured limit, and no heartbeat 32 bytes"
  package static let isForMeasuring = true

  package static let heartbeatSizeLimit = 32

  package init() {}

  func sent(_ packet: [UInt8], from node: Int, to target: Endpoint, in simulation: Simulation) {
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
