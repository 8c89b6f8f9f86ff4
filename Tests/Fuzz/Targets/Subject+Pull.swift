import GrapevineCore

extension Subject {
  /// Takes all that comes out of the engine, within bounds, and checks it.
  mutating func pullOutputs() {
    pullDatagrams()
    pullActions()
    pullEvents()
  }

  private mutating func pullDatagrams() {
    var count = 0
    var bytes: [UInt8] = []
    while let target = engine.nextDatagram(into: &bytes) {
      count += 1
      demand(count <= configuration.packetQueueLimit, "more packets than the queue has room for")
      demand(
        bytes.count <= configuration.maximumPacketSize,
        "a packet of \(bytes.count) bytes"
      )
      if isAlone { checkFormat(bytes) }
      switch PacketKind(rawValue: bytes[3]) {
      case .ping, .pingRequest, .request: noteSequence(bytes)
      default: break
      }
      outbox.append(Outgoing(target: target, bytes: bytes))
      bytes = []
    }
  }

  private func checkFormat(_ bytes: [UInt8]) {
    do throws(MalformedDatagram) {
      try RoundTrip.check(datagram: bytes, label: Cast.label)
    } catch {
      demand(false, "what was sent is \(error): \(bytes)")
    }
  }

  private mutating func pullActions() {
    var count = 0
    while let action = engine.nextStreamAction() {
      count += 1
      demand(count <= 10_000, "there is no end of stream actions")
      switch action {
      case .open(let id, let target):
        demand(socketIndex(id) == nil, "\(id) is opened twice")
        sockets.append(Socket(id: id, target: target, isConnecting: true))
      case .send(let id, let bytes):
        guard let index = socketIndex(id), !sockets[index].isFinishing else {
          demand(false, "\(id) is sent on after its end")
          continue
        }
        demand(!sockets[index].isConnecting, "\(id) is sent on before it is open")
        demand(bytes.count <= FrameKind.sizeLimit, "a frame of \(bytes.count) bytes")
        noteInstance(bytes)
        sockets[index].outgoing += bytes
        demand(
          sockets[index].outgoing.count <= configuration.streamQueueLimit,
          "\(sockets[index].outgoing.count) bytes wait in a stream"
        )
      case .finish(let id):
        guard let index = socketIndex(id) else { continue }
        demand(!sockets[index].isFinishing, "\(id) is finished twice")
        sockets[index].isFinishing = true
      case .abort(let id):
        guard let index = socketIndex(id) else { continue }
        if let peer = sockets.remove(at: index).peer { severed.append(peer) }
      }
    }
  }

  private mutating func pullEvents() {
    var count = 0
    while let event = engine.nextEvent() {
      count += 1
      demand(count <= 10_000, "there is no end of events")
      if case .generationRaised(let id) = event { raised.append(id) }
    }
  }

  func checkMemory() {
    // The own state is not counted against the limit, and the last piece that came may exceed it by
    // the bookkeeping that it needs.
    let slack = 32_768
    demand(
      engine.stateSize <= configuration.remoteStateLimit + slack,
      "\(engine.stateSize) bytes of state"
    )
  }
}
