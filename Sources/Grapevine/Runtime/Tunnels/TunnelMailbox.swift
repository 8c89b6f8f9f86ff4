internal import GrapevineCore
internal import GrapevineTransport

/// Packets that wait for the loop, which puts them into tunnels.
///
/// Any thread puts them in. Who finds it empty has to see to it that the loop comes.
final class TunnelMailbox: Sendable {
  /// A packet as it goes over a tunnel, and where to.
  struct Packet {
    let destination: Endpoint
    let frame: [UInt8]
  }

  private struct State {
    var packets: [Packet] = []
    var byteCount = 0
  }

  private let state = Locked(State())
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }
}

extension TunnelMailbox {
  /// Adds the packets of `outbox`, but for those that there is no room for; says whether it was
  /// empty before, and how many were dropped.
  func put(_ outbox: DatagramOutbox) -> (wasEmpty: Bool, droppedCount: Int) {
    var packets: [Packet] = []
    packets.reserveCapacity(outbox.count)
    outbox.forEach { destination, bytes in
      packets.append(Packet(destination: destination, frame: TunnelFormat.frame(bytes)))
    }
    return state.withLock { state in
      let wasEmpty = state.packets.isEmpty
      var dropped = 0
      for packet in packets {
        guard state.byteCount + packet.frame.count <= limit else {
          dropped += 1
          continue
        }
        state.byteCount += packet.frame.count
        state.packets.append(packet)
      }
      return (wasEmpty, dropped)
    }
  }

  /// Takes all of them.
  func takeAll() -> [Packet] {
    state.withLock { state in
      var packets: [Packet] = []
      swap(&packets, &state.packets)
      state.byteCount = 0
      return packets
    }
  }
}
