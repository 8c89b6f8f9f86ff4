package import GrapevineCore

// What no engine does, so that tests show that a check finds it.
extension Simulation {
  /// Takes an event for one that a node's engine told.
  package func pretend(_ event: EngineEvent, at node: Int) {
    observe(event, at: node)
  }

  /// Takes packets for what a node's engine sent: when its user called, or as an answer to a packet
  /// of `size` bytes from where they go.
  package func pretend(
    sending packets: [[UInt8]],
    to target: Endpoint,
    from node: Int,
    answering kind: PacketKind? = nil,
    size: Int = 0
  ) {
    for packet in packets { transmit(packet, from: node, to: target) }
    drive(
      node,
      after: kind.map { .datagram($0, size: size, source: target) } ?? .call
    )
  }

  /// Takes changes that a node's engine makes for such that it has refused.
  package func pretend(refusing changes: [Change], at node: Int) throws(StateError) {
    let former = nodes[node].read { $0.ownVersion }
    _ = try nodes[node].engine.update(changes, now: clockReading(of: node))
    noteRefusal(node, after: former)
  }

  /// Takes `size` bytes for what waits in a stream of a node.
  package func pretend(queueing size: Int, at node: Int) {
    checks.queued(size, by: node, in: self)
  }

  /// Takes a deadline for the one that a node's engine named after its last.
  package func pretend(nextDeadline deadline: Instant, at node: Int) {
    drive(node, after: .deadline(next: deadline))
  }

  /// Lets a node's engine, which keeps to its own, be held to another configuration.
  package func pretend(_ configuration: GossipConfiguration, at node: Int) {
    nodes[node].configuration = configuration
  }

  /// Lets a packet that nobody sent come to a node's line.
  package func inject(_ packet: [UInt8], from source: Endpoint, to node: Int) {
    let index = packets.add(packet, from: source, to: nodes[node].endpoint, node: node)
    heap.push(.arrival(packet: index), at: time)
  }
}
