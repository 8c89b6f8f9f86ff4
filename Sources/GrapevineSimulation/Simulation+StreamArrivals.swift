import GrapevineCore

// Streams: what comes out of the network, and what breaks them.
extension Simulation {
  /// Hands the first piece of a direction to its receiver.
  ///
  /// - Returns: the node whose engine was called.
  func pieceArrived(_ handle: StreamHandle) -> Int? {
    guard connections.isCurrent(handle), let connection = connections[handle.connection],
      connection[handle.isForward].scheduledAt == time
    else { return nil }
    connections[handle.connection]?[handle.isForward].scheduledAt = nil
    guard let piece = connection[handle.isForward].flight.first else { return nil }
    guard piece.isLocal || connection.stalledSince == nil else { return nil }
    guard let receiver = connection.receiver(handle.isForward) else {
      return discardPiece(handle)
    }
    if nodes[receiver].state == .paused,
      connection.target == nodes[receiver].endpoint
        || !handle.isForward
    {
      answerAsleep(piece, handle)
      return nil
    }
    let called = hand(piece, of: connection, handle, to: receiver)
    _ = discardPiece(handle)
    if let called { drive(called, after: .stream) }
    return called
  }

  /// Takes the first piece out and plans for the next.
  private func discardPiece(_ handle: StreamHandle) -> Int? {
    _ = connections[handle.connection]?[handle.isForward].flight.popFirst()
    if let next = connections[handle.connection]?[handle.isForward].flight.first {
      schedule(handle, at: max(time, next.arrival))
    } else {
      sweep(handle)
    }
    return nil
  }

  /// Calls the receiver's engine with a piece.
  ///
  /// - Returns: the receiver if its engine was called.
  private func hand(
    _ piece: Connection.Piece,
    of connection: Connection,
    _ handle: StreamHandle,
    to receiver: Int
  ) -> Int? {
    if case .connect = piece.content {
      return connect(connection, handle, to: receiver, isAnswered: piece.isAnswered)
    }
    if case .closed = piece.content {
      connections[handle.connection]?.forgetSender(!handle.isForward)
      connections[handle.connection]?[!handle.isForward].pending.removeAll()
      connections[handle.connection]?[!handle.isForward].isFinishing = false
    }
    guard let id = connection.receiverStream(handle.isForward) else { return nil }
    let reading = clockReading(of: receiver)
    switch piece.content {
    case .connect: return nil
    case .accepted:
      traceStream(handle, "accepts")
      absorb(receiver, code: 4)
      connections[handle.connection]?.openerIsConnected = true
      nodes[receiver].engine.streamOpened(id, now: reading)
      _ = pump(handle.reversed)
    case .bytes(let bytes):
      traceStream(handle, "brings", size: bytes.count)
      absorb(receiver, code: 5)
      fingerprint.absorb(bytes)
      nodes[receiver].traffic.streamBytesIn += bytes.count
      nodes[receiver].engine.streamReceived(id, bytes.span, now: reading)
      acknowledge(bytes.count, connection, handle)
    case .closed(let closure):
      traceStream(handle, "\(closure)")
      absorb(receiver, code: 6)
      nodes[receiver].streams[id] = nil
      nodes[receiver].engine.streamClosed(id, closure, now: reading)
    }
    return receiver
  }

  /// A request to connect has come to the node that has, or had, the address.
  private func connect(
    _ connection: Connection,
    _ handle: StreamHandle,
    to acceptor: Int,
    isAnswered: Bool
  ) -> Int? {
    guard nodes[acceptor].state == .running, nodes[acceptor].endpoint == connection.target else {
      if nodes[acceptor].state != .hostDead { sendClosure(.refused, handle.reversed) }
      return nil
    }
    guard connection.openerStream != nil || connection.forward.flight.count > 1 else { return nil }
    absorb(acceptor, code: 3)
    nodes[acceptor].traffic.streamsIn += 1
    let id = nodes[acceptor].engine
      .streamAccepted(from: connection.source, now: clockReading(of: acceptor))
    nodes[acceptor].streams[id] = handle.reversed
    connections[handle.connection]?.acceptorStream = id
    connections[handle.connection]?.acceptorIsConnected = true
    if !isAnswered { answer(connection, handle) }
    return acceptor
  }

  private func answer(_ connection: Connection, _ handle: StreamHandle) {
    guard let acceptor = connection.acceptor else { return }
    let delay = travelTime(from: acceptor, to: connection.opener, size: 0)
    launch(.accepted, handle.reversed, after: delay)
  }

  /// The system of a process that sleeps takes connections for it, and nothing else.
  private func answerAsleep(_ piece: Connection.Piece, _ handle: StreamHandle) {
    guard case .connect = piece.content, !piece.isAnswered,
      let connection = connections[handle.connection]
    else { return }
    connections[handle.connection]?[handle.isForward].flight.first?.isAnswered = true
    answer(connection, handle)
  }

  private func acknowledge(_ count: Int, _ connection: Connection, _ handle: StreamHandle) {
    guard let sender = connection.sender(handle.isForward),
      let receiver = connection.receiver(handle.isForward)
    else { return }
    let latency = rules[Link(source: receiver, target: sender)]?.latency ?? conditions.latency
    heap.push(
      .streamAcknowledgement(handle, count: count),
      at: time + latency.draw(&random)
    )
  }

  /// Lets the sender's window grow again.
  ///
  /// - Returns: the node whose engine was called.
  func acknowledgementArrived(_ handle: StreamHandle, _ count: Int) -> Int? {
    guard connections.isCurrent(handle) else { return nil }
    connections[handle.connection]?[handle.isForward].unacknowledged -= count
    guard pump(handle), let sender = connections[handle.connection]?.sender(handle.isForward)
    else { return nil }
    absorb(sender, code: 7)
    drive(sender, after: .stream)
    return sender
  }

  /// Breaks a connection off that did not come about, or that nothing has passed, for too long.
  func streamTimedOut(_ handle: StreamHandle) {
    guard connections.isCurrent(handle), let connection = connections[handle.connection] else {
      return
    }
    let limit = conditions.streamTimeout.wholeNanoseconds
    let isStalled = connection.stalledSince.map { time - $0 >= limit } ?? false
    guard isStalled || (!connection.openerIsConnected && time - connection.openedAt >= limit) else {
      return
    }
    breakOff(handle, .timedOut)
  }
}

// Streams: partitions, pauses and deaths.
extension Simulation {
  /// Stalls the connections that lead across a partition, and lets others go on.
  func updateStalls() {
    for index in connections.indices where connections[index] != nil { updateStall(index) }
  }

  func updateStall(_ index: Int) {
    guard let connection = connections[index], let acceptor = connection.acceptor else { return }
    let isStalled =
      isCut(connection.opener, from: acceptor) || isCut(acceptor, from: connection.opener)
      || hasDeadHost(connection.opener) || hasDeadHost(acceptor)
    guard isStalled != (connection.stalledSince != nil) else { return }
    let handle = StreamHandle(connection: index, serial: connection.serial, isForward: true)
    if isStalled {
      connections[index]?.stalledSince = time
      heap.push(.streamTimeout(handle), at: time + conditions.streamTimeout.wholeNanoseconds)
    } else {
      connections[index]?.stalledSince = nil
      let delay = conditions.retransmissionDelay.wholeNanoseconds
      reschedule(handle, delay)
      reschedule(handle.reversed, delay)
    }
  }

  /// Lets a woken process read what has come, and write what it had queued.
  func resumeStreams(of node: Int) {
    for outward in directions(from: node) {
      reschedule(outward.reversed, 0)
      heap.push(.streamAcknowledgement(outward, count: 0), at: time)
    }
  }

  /// Ends the connections of a process that died.
  func dropStreams(of node: Int, _ kind: CrashKind) {
    nodes[node].streams.removeAll()
    for outward in directions(from: node) {
      let hadStream =
        connections[outward.connection]?.senderStream(outward.isForward) != nil
      connections[outward.connection]?.forgetSender(outward.isForward)
      connections[outward.connection]?[outward.isForward].pending.removeAll()
      connections[outward.connection]?[outward.isForward].isFinishing = false
      if kind == .host {
        updateStall(outward.connection)
      } else if hadStream {
        sendClosure(.reset, outward)
      }
      sweep(outward)
    }
  }

  /// A host that is back knows nothing of the connections that it had, and says so.
  func resetStreams(of node: Int) {
    for outward in directions(from: node) { breakOff(outward, .reset) }
  }

  /// Tells both ends, or what is left of them, that a connection is over.
  func breakOff(_ handle: StreamHandle, _ closure: StreamClosure) {
    connections[handle.connection]?.stalledSince = nil
    for direction in [handle, handle.reversed] {
      connections[handle.connection]?[direction.isForward] = Connection.Direction()
      launch(.closed(closure), direction, isLocal: true, after: 0)
    }
  }

  /// The directions of all connections in which the node sends.
  private func directions(from node: Int) -> [StreamHandle] {
    var found: [StreamHandle] = []
    for index in connections.indices {
      guard let connection = connections[index] else { continue }
      for isForward in [true, false] where connection.sender(isForward) == node {
        found.append(
          StreamHandle(connection: index, serial: connection.serial, isForward: isForward)
        )
      }
    }
    return found
  }

  private func hasDeadHost(_ node: Int) -> Bool { nodes[node].state == .hostDead }

  private func reschedule(_ handle: StreamHandle, _ delay: UInt64) {
    guard let connection = connections[handle.connection],
      let piece = connection[handle.isForward].flight.first
    else { return }
    schedule(handle, at: max(time + delay, piece.arrival))
  }
}
