import GrapevineCore

// Streams: what engines ask for, and the bytes on their way out.
extension Simulation {
  /// The most bytes that travel as one piece; each is drawn shorter, so that frames come cut.
  private static var pieceSizeLimit: Int { 16_384 }
  /// The bytes of a stream in one packet.
  private static var segmentSize: Int { 1_448 }

  /// Carries out what an engine wants of its streams.
  ///
  /// - Returns: whether the engine was told something, and so may want more.
  func performStreamActions(_ node: Int) -> Bool {
    var toldEngine = false
    while let action = nodes[node].engine.nextStreamAction() {
      switch action {
      case .open(let id, let target): openStream(id, from: node, to: target)
      case .send(let id, let bytes): toldEngine = send(bytes, on: id, of: node) || toldEngine
      case .finish(let id): finishStream(id, of: node)
      case .abort(let id): abortStream(id, of: node)
      }
    }
    return toldEngine
  }

  private func openStream(_ id: StreamID, from node: Int, to target: Endpoint) {
    nodes[node].traffic.streamsOut += 1
    ephemeralPortCount = (ephemeralPortCount + 1) % 28_000
    let source = nodes[node].endpoint.with(port: 32_768 + ephemeralPortCount)
    let acceptor = slots[target]
    let handle = connections.add { serial in
      Connection(
        serial: serial,
        opener: node,
        target: target,
        source: source,
        openedAt: time,
        acceptor: acceptor,
        openerStream: id
      )
    }
    nodes[node].streams[id] = handle
    traceStream(handle, "opens")
    heap.push(.streamTimeout(handle), at: time + conditions.streamTimeout.wholeNanoseconds)
    guard let acceptor else {
      launch(.closed(.unreachable), handle.reversed, isLocal: true, after: conditions.latency.mean)
      return
    }
    updateStall(handle.connection)
    launch(.connect, handle, after: travelTime(from: node, to: acceptor, size: 0))
  }

  /// Queues bytes, and reports those that the socket took at once.
  private func send(_ bytes: [UInt8], on id: StreamID, of node: Int) -> Bool {
    guard let handle = nodes[node].streams[id] else { return false }
    connections[handle.connection]?[handle.isForward].pending.append(bytes)
    let queued = connections[handle.connection]?[handle.isForward].pending.count ?? 0
    nodes[node].traffic.streamQueuePeak = max(nodes[node].traffic.streamQueuePeak, queued)
    checks.queued(queued, by: node, in: self)
    return pump(handle)
  }

  private func finishStream(_ id: StreamID, of node: Int) {
    guard let handle = nodes[node].streams[id] else { return }
    connections[handle.connection]?[handle.isForward].isFinishing = true
    traceStream(handle, "finishes")
    nodes[node].streams[id] = nil
    connections[handle.connection]?.forgetSender(handle.isForward)
    _ = pump(handle)
    sweep(handle)
  }

  private func abortStream(_ id: StreamID, of node: Int) {
    guard let handle = nodes[node].streams[id] else { return }
    traceStream(handle, "aborts")
    nodes[node].streams[id] = nil
    connections[handle.connection]?.forgetSender(handle.isForward)
    connections[handle.connection]?[handle.isForward].pending.removeAll()
    sendClosure(.reset, handle)
    sweep(handle)
  }

  /// Tells the peer that the sender's end is gone, after all that is under way to it.
  func sendClosure(_ closure: StreamClosure, _ handle: StreamHandle) {
    guard let connection = connections[handle.connection],
      let sender = connection.sender(handle.isForward),
      let receiver = connection.receiver(handle.isForward)
    else { return }
    launch(.closed(closure), handle, after: travelTime(from: sender, to: receiver, size: 0))
  }

  /// Moves what the peer's window allows from a process's queue into the network.
  ///
  /// - Returns: whether the sender's engine was told of it.
  func pump(_ handle: StreamHandle) -> Bool {
    guard let connection = connections[handle.connection],
      connection.senderIsConnected(handle.isForward),
      let sender = connection.sender(handle.isForward),
      let receiver = connection.receiver(handle.isForward),
      nodes[sender].state == .running
    else { return false }
    var written = 0
    while let piece = nextPiece(handle) {
      written += piece.count
      let delay = travelTime(from: sender, to: receiver, size: piece.count)
      launch(.bytes(piece), handle, after: delay)
    }
    if let direction = connections[handle.connection]?[handle.isForward],
      direction.isFinishing, direction.pending.isEmpty
    {
      connections[handle.connection]?[handle.isForward].isFinishing = false
      sendClosure(.ended, handle)
    }
    guard written > 0 else { return false }
    nodes[sender].traffic.streamBytesOut += written
    guard let id = connection.senderStream(handle.isForward) else { return false }
    nodes[sender].engine.streamWrote(id, written, now: clockReading(of: sender))
    return true
  }

  private func nextPiece(_ handle: StreamHandle) -> [UInt8]? {
    guard let direction = connections[handle.connection]?[handle.isForward],
      !direction.pending.isEmpty
    else { return nil }
    let window = conditions.streamWindow - direction.unacknowledged
    guard window > 0 else { return nil }
    let drawn = 1 + Int(random.below(UInt64(Self.pieceSizeLimit)))
    let size = min(drawn, window, direction.pending.count)
    connections[handle.connection]?[handle.isForward].unacknowledged += size
    return connections[handle.connection]?[handle.isForward].pending.take(size)
  }

  /// Puts a piece on its way, behind those before it.
  func launch(
    _ content: Connection.Content,
    _ handle: StreamHandle,
    isLocal: Bool = false,
    after delay: UInt64
  ) {
    guard let direction = connections[handle.connection]?[handle.isForward] else { return }
    let arrival = max(time + delay, direction.lastArrival)
    connections[handle.connection]?[handle.isForward].lastArrival = arrival
    connections[handle.connection]?[handle.isForward].flight
      .append(Connection.Piece(content: content, arrival: arrival, isLocal: isLocal))
    if direction.scheduledAt == nil, direction.flight.isEmpty {
      schedule(handle, at: arrival)
    }
  }

  /// How long a piece takes: its way, its bytes, and what is sent again because it was lost.
  func travelTime(from sender: Int, to receiver: Int, size: Int) -> UInt64 {
    let rule = rules[Link(source: sender, target: receiver)]
    let loss = rule?.loss ?? conditions.loss
    let latency = (rule?.latency ?? conditions.latency).draw(&random)
    let segmentCount = max(1, (size + Self.segmentSize - 1) / Self.segmentSize)
    let wireSize = size + segmentCount * 40
    let departure = departure(of: wireSize, from: sender, to: receiver, isBounded: false) ?? time
    var delay = departure - time + latency
    if let rate = nodes[receiver].bandwidth ?? conditions.nodeBandwidth {
      let arrival = nodes[receiver].downlink
        .send(wireSize, at: time + delay, rate: rate, queueLimit: nil)
      delay = max(delay, (arrival ?? time) - time)
    }
    var isLost = false
    for _ in 0..<segmentCount where loss.isHit(&random) { isLost = true }
    var timeout = conditions.retransmissionDelay.wholeNanoseconds
    for _ in 0..<6 where isLost {
      delay += timeout
      timeout *= 2
      isLost = loss.isHit(&random)
    }
    return delay
  }

  /// Tells what the sender of a direction does, or what comes of it.
  func traceStream(_ handle: StreamHandle, _ what: String, size: Int? = nil) {
    guard let trace, let connection = connections[handle.connection],
      let node = connection.sender(handle.isForward)
    else { return }
    let target = connection.receiver(handle.isForward).map(Trace.name) ?? "\(connection.target)"
    trace.stream(at: now, node, to: target, size: size, what)
  }

  func schedule(_ handle: StreamHandle, at time: UInt64) {
    connections[handle.connection]?[handle.isForward].scheduledAt = time
    heap.push(.streamPiece(handle), at: time)
  }

  /// Forgets a connection of which neither process nor network has anything left.
  func sweep(_ handle: StreamHandle) {
    guard let connection = connections[handle.connection],
      connection.openerStream == nil, connection.acceptorStream == nil,
      connection.forward.flight.isEmpty, connection.backward.flight.isEmpty,
      !connection.forward.isFinishing, !connection.backward.isFinishing
    else { return }
    connections.remove(handle.connection)
  }
}
