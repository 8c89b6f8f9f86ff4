import GrapevineCore

// Datagrams: from a socket through the network into another, or nowhere.
extension Simulation {
  /// Sends a datagram of a node.
  func transmit(_ bytes: [UInt8], from node: Int, to target: Endpoint) {
    checks.sent(bytes, from: node, to: target, in: self)
    nodes[node].countPacketOut(at: time)
    nodes[node].traffic.packetBytesOut += bytes.count
    guard let targetNode = slots[target] else {
      networkCounters.nobodyThere += 1
      trace?.packet(at: now, from: Trace.name(node), to: "\(target)", bytes, .nobodyThere)
      return
    }
    launch(bytes, from: node, to: target, targetNode)
    if conditions.duplication.isHit(&random) {
      networkCounters.duplicated += 1
      launch(bytes, from: node, to: target, targetNode)
    }
  }

  private func launch(
    _ bytes: [UInt8],
    from node: Int,
    to target: Endpoint,
    _ targetNode: Int
  ) {
    guard !isCut(node, from: targetNode) else {
      networkCounters.cut += 1
      traceDrop(bytes, node, targetNode, .cut)
      return
    }
    let rule = rules.isEmpty ? nil : rules[Link(source: node, target: targetNode)]
    guard bytes.count <= min(conditions.datagramSizeLimit, rule?.datagramSizeLimit ?? .max) else {
      networkCounters.tooLarge += 1
      traceDrop(bytes, node, targetNode, .tooLarge)
      return
    }
    guard !(rule?.loss ?? conditions.loss).isHit(&random) else {
      networkCounters.lost += 1
      traceDrop(bytes, node, targetNode, .lost)
      return
    }
    let size = bytes.count + Traffic.headerSize
    guard let departure = departure(of: size, from: node, to: targetNode, isBounded: true) else {
      networkCounters.queueFull += 1
      traceDrop(bytes, node, targetNode, .lineFull)
      return
    }
    var delay = (rule?.latency ?? conditions.latency).draw(&random)
    if conditions.reordering.isHit(&random) {
      networkCounters.reordered += 1
      delay += 1 + random.below(max(1, conditions.reorderingDelay.wholeNanoseconds))
    }
    let packet = packets.add(bytes, from: nodes[node].endpoint, to: target, node: targetNode)
    heap.push(.arrival(packet: packet), at: departure + delay)
  }

  /// When `size` bytes have passed a node's line and the link to the target; nil if they may not
  /// wait.
  func departure(of size: Int, from node: Int, to target: Int, isBounded: Bool) -> UInt64? {
    let limit = isBounded ? conditions.lineQueueLimit : nil
    var departure = time
    if let rate = nodes[node].bandwidth ?? conditions.nodeBandwidth {
      guard
        let sent = nodes[node].uplink.send(size, at: departure, rate: rate, queueLimit: limit)
      else { return nil }
      departure = sent
    }
    let link = Link(source: node, target: target)
    let ownRate = rules.isEmpty ? nil : rules[link]?.bandwidth
    if let rate = ownRate ?? conditions.linkBandwidth {
      guard
        let sent = linkLines[link, default: Line()]
          .send(size, at: departure, rate: rate, queueLimit: limit)
      else { return nil }
      departure = sent
    }
    return departure
  }

  /// Lets a datagram pass the target's own line.
  ///
  /// - Returns: the node whose engine was called.
  func packetArrived(_ packet: Int) -> Int? {
    let node = packets[packet].targetNode
    guard let rate = nodes[node].bandwidth ?? conditions.nodeBandwidth else {
      return deliver(packet)
    }
    let size = packets[packet].bytes.count + Traffic.headerSize
    let limit = conditions.lineQueueLimit
    guard
      let arrival = nodes[node].downlink.send(size, at: time, rate: rate, queueLimit: limit)
    else {
      networkCounters.queueFull += 1
      traceArrival(packet, .lineFull)
      packets.remove(packet)
      return nil
    }
    heap.push(.delivery(packet: packet), at: arrival)
    return nil
  }

  /// Hands a datagram to the process at its target, if there is one and it is awake.
  ///
  /// - Returns: the node whose engine was called.
  func deliver(_ index: Int) -> Int? {
    let node = packets[index].targetNode
    guard nodes[node].endpoint == packets[index].target, nodes[node].state.isAlive else {
      networkCounters.nobodyThere += 1
      traceArrival(index, .nobodyThere)
      packets.remove(index)
      return nil
    }
    guard nodes[node].state == .running else {
      keep(index, for: node)
      return nil
    }
    traceArrival(index, .delivered)
    let source = packets[index].source
    var bytes = packets.takeBytes(index)
    absorb(node, code: 2)
    fingerprint.absorb(bytes)
    nodes[node].traffic.packetsIn += 1
    nodes[node].traffic.packetBytesIn += bytes.count
    nodes[node].engine.receive(bytes.span, from: source, now: clockReading(of: node))
    let input = Input.datagram(bytes.kind, size: bytes.count, source: source)
    packets.remove(index, returning: &bytes)
    drive(node, after: input)
    return node
  }

  /// Lets a datagram wait for a process that sleeps.
  private func keep(_ packet: Int, for node: Int) {
    let size = packets[packet].bytes.count
    guard nodes[node].inboxSize + size <= conditions.receiveBufferSize else {
      networkCounters.bufferFull += 1
      traceArrival(packet, .bufferFull)
      packets.remove(packet)
      return
    }
    nodes[node].inbox.append(packet)
    nodes[node].inboxSize += size
  }

  private func traceDrop(_ bytes: [UInt8], _ source: Int, _ target: Int, _ fate: Trace.Fate) {
    trace?.packet(at: now, from: Trace.name(source), to: Trace.name(target), bytes, fate)
  }

  private func traceArrival(_ index: Int, _ fate: Trace.Fate) {
    guard let trace else { return }
    let packet = packets[index]
    let source = slots[packet.source].map(Trace.name) ?? "\(packet.source)"
    trace.packet(at: now, from: source, to: Trace.name(packet.targetNode), packet.bytes, fate)
  }
}

// Links and partitions.
extension Simulation {
  /// Lets nothing pass between the two sets, in neither direction.
  @discardableResult
  package func partition(_ nodes: [Int], from others: [Int]) -> PartitionID {
    addPartition(nodes, others, isSymmetric: true)
  }

  /// Lets nothing pass between the nodes and all others.
  @discardableResult
  package func isolate(_ nodes: [Int]) -> PartitionID {
    partition(nodes, from: nodeIndices.filter { !nodes.contains($0) })
  }

  /// Lets nothing pass from the one set to the other; what the others send still comes.
  @discardableResult
  package func partitionOneWay(from sources: [Int], to targets: [Int]) -> PartitionID {
    addPartition(sources, targets, isSymmetric: false)
  }

  /// Ends one partition; others may still stand.
  package func heal(_ id: PartitionID) {
    trace?.fault(at: now, nil, "partition \(id.rawValue) heals")
    partitions.removeAll { $0.id == id }
    updateStalls()
    noteFaults()
  }

  /// Ends all partitions.
  package func healAll() {
    trace?.fault(at: now, nil, "all partitions heal")
    partitions.removeAll()
    updateStalls()
    noteFaults()
  }

  /// Gives one direction of one link a rule of its own; nil ends it.
  package func setLink(from source: Int, to target: Int, _ rule: LinkRule?) {
    trace?.fault(at: now, source, "link to \(Trace.name(target)): \(Trace.words(rule))")
    rules[Link(source: source, target: target)] = rule
    noteFaults()
  }

  /// Gives both directions of one link a rule of their own; nil ends it.
  package func setLink(between first: Int, and second: Int, _ rule: LinkRule?) {
    setLink(from: first, to: second, rule)
    setLink(from: second, to: first, rule)
  }

  /// Gives all links of a node, in both directions, a rule of their own; nil ends it.
  package func setLinks(of node: Int, _ rule: LinkRule?) {
    trace?.fault(at: now, node, "all links: \(Trace.words(rule))")
    for other in nodeIndices where other != node {
      rules[Link(source: node, target: other)] = rule
      rules[Link(source: other, target: node)] = rule
    }
    noteFaults()
  }

  func isCut(_ source: Int, from target: Int) -> Bool {
    for partition in partitions where partition.separates(source, from: target) { return true }
    return false
  }

  private func addPartition(
    _ sources: [Int],
    _ targets: [Int],
    isSymmetric: Bool
  ) -> PartitionID {
    partitionCount += 1
    let id = PartitionID(rawValue: partitionCount)
    let sign = isSymmetric ? "|" : "→|"
    trace?.fault(at: now, nil, "partition \(id.rawValue): \(sources) \(sign) \(targets)")
    partitions.append(
      Partition(id: id, sources: sources, targets: targets, isSymmetric: isSymmetric)
    )
    updateStalls()
    noteFaults()
    return id
  }
}
