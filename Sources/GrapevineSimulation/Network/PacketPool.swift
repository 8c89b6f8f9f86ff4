import GrapevineCore

/// A datagram under way.
struct Packet {
  var bytes: [UInt8] = []
  var source = Endpoint(ipv4: 0, port: 0)
  var target = Endpoint(ipv4: 0, port: 0)
  /// The node that had the target's address when the packet was sent.
  var targetNode = 0
}

/// The datagrams under way; their buffers are used again and again.
struct PacketPool {
  private var packets: [Packet] = []
  private var free: [Int] = []

  var inFlightCount: Int { packets.count - free.count }

  mutating func add(
    _ bytes: [UInt8],
    from source: Endpoint,
    to target: Endpoint,
    node: Int
  ) -> Int {
    let index: Int
    if let reused = free.popLast() {
      index = reused
    } else {
      index = packets.count
      packets.append(Packet())
    }
    packets[index].bytes.append(contentsOf: bytes)
    packets[index].source = source
    packets[index].target = target
    packets[index].targetNode = node
    return index
  }

  subscript(index: Int) -> Packet { packets[index] }

  /// Takes the bytes out for the delivery; `remove(_:returning:)` brings their buffer back.
  mutating func takeBytes(_ index: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    swap(&bytes, &packets[index].bytes)
    return bytes
  }

  mutating func remove(_ index: Int, returning bytes: inout [UInt8]) {
    swap(&bytes, &packets[index].bytes)
    remove(index)
  }

  mutating func remove(_ index: Int) {
    packets[index].bytes.removeAll(keepingCapacity: true)
    free.append(index)
  }
}
