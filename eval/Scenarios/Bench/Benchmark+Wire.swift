internal import GrapevineCore

// Messages on their way to the network and from it.
extension Benchmark {
  static let ofWire = [
    Benchmark("wire.heartbeat.encode", operationCount: 16_384) {
      let header = PacketHeader(kind: .heartbeat, label: 7, sender: MemberKey(rawValue: 11))
      var bytes: [UInt8] = []
      return { count in
        for index in 0..<count {
          bytes.removeAll(keepingCapacity: true)
          header.write(to: &bytes)
          heartbeat(index).write(to: &bytes)
        }
        keep(bytes.count)
      }
    },
    Benchmark("wire.heartbeat.decode", operationCount: 16_384) {
      var bytes: [UInt8] = []
      PacketHeader(kind: .heartbeat, label: 7, sender: MemberKey(rawValue: 11)).write(to: &bytes)
      heartbeat(1).write(to: &bytes)
      return { count in
        var sum: UInt64 = 0
        for _ in 0..<count {
          let header = try PacketHeader.read(bytes.span, label: 7)
          var reader = WireReader(PacketHeader.size..<bytes.count)
          sum &+= header.sender.rawValue
          sum &+= try Heartbeat.read(bytes.span, &reader).fingerprint
        }
        keep(sum)
      }
    },
  ]

  private static func heartbeat(_ index: Int) -> Heartbeat {
    Heartbeat(
      fingerprint: 0x9E37_79B9_7F4A_7C15 &* UInt64(index),
      memberCount: 1_000,
      isScheduled: true
    )
  }
}
