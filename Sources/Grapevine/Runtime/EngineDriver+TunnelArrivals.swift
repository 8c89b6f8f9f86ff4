internal import GrapevineCore
internal import GrapevineTransport

// What connects to a node without a UDP socket is a stream of the engine's or brings packets.
extension EngineDriver {
  /// The most bytes of a tunnel that are taken in one turn: so many that tunnels that bring more
  /// than can be taken hold up the others for as long as 64 datagrams each would.
  private static let turnLimit = 2_048

  /// Waits for what an accepted connection says first: the engine is to know of its streams alone.
  func hold(
    _ connection: StreamConnection,
    from source: Endpoint,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    guard let client = table.registrations?.client else { return }
    makeRoom(isOpen: false, &table, context)
    let number = table.tunnels.makeNumber()
    let eventSource = EventSource.inboundTunnel(number).rawValue
    do {
      let registration =
        try context.register(connection, .readable, as: eventSource, for: client)
      let now = MonotonicClock.now()
      table.tunnels.add(
        InboundTunnel(number, connection, registration, from: source, at: now)
      )
    } catch {
      metrics.withLock { $0.acceptsFailed += 1 }
    }
  }

  func handleInboundTunnel(
    _ number: UInt64,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    guard let tunnel = table.tunnels.inbound[number] else { return }
    let buffer = UnsafeMutableBufferPointer(rebasing: context.streamBuffer[..<Self.turnLimit])
    do {
      switch try tunnel.connection.read(into: buffer) {
      case .nothing: break
      case .ended: close(tunnel, &table, context)
      case .bytes(let count):
        guard let start = buffer.baseAddress else { return }
        let bytes = Span(_unsafeStart: UnsafePointer(start), count: count)
        if tunnel.hasBegun || bytes[0] == TunnelFormat.magic {
          tunnel.hasBegun = true
          take(bytes, from: tunnel, &table, context)
        } else {
          close(tunnel, &table, context)
          adopt(tunnel.connection, from: tunnel.source, saying: bytes, &table, context)
        }
      }
    } catch {
      close(tunnel, &table, context)
    }
  }

  /// Feeds the engine the packets among the bytes, by the way that packets of a socket go.
  private func take(
    _ bytes: Span<UInt8>,
    from tunnel: InboundTunnel,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    // Where all tunnels bring much, a turn is long: what is due is not to wait for its end.
    if state.withLock({ $0.knownDeadline }) <= MonotonicClock.now() {
      feed(&table, context) { engine, now in engine.advance(to: now) }
    }
    let inbox = context.inbox
    var offset = 0
    while offset < bytes.count {
      inbox.removeAll()
      let wasOpen = tunnel.isOpen
      let heldBefore = tunnel.reader.heldByteCount
      var isMalformed = false
      do throws(MalformedTunnel) {
        try tunnel.reader.read(bytes, &offset, into: inbox)
      } catch {
        isMalformed = true
      }
      table.tunnels.heldByteCount += tunnel.reader.heldByteCount - heldBefore
      if inbox.count > 0 {
        tunnel.lastUse = MonotonicClock.now()
        feedPackets(inbox, &table, context)
      }
      guard !isMalformed else {
        metrics.withLock { $0.tunnelsMalformed += 1 }
        refuse(tunnel, &table, context)
        return
      }
      if !wasOpen, tunnel.isOpen, !accept(tunnel, &table, context) { return }
    }
    guard let holder = table.tunnels.holderInExcess else { return }
    metrics.withLock { $0.tunnelsDisplaced += 1 }
    refuse(holder, &table, context)
  }

  /// Tells the sender that its preamble was understood; says whether the tunnel still stands.
  private func accept(
    _ tunnel: InboundTunnel,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) -> Bool {
    tunnel.connection.enqueue(TunnelFormat.acceptance)
    let written = try? tunnel.connection.flush()
    guard written == TunnelFormat.acceptance.count else {
      refuse(tunnel, &table, context)
      return false
    }
    tunnel.lastUse = MonotonicClock.now()
    table.tunnels.look(at: tunnel.expiry(table.tunnels.limits))
    makeRoom(isOpen: true, besides: tunnel, &table, context)
    metrics.withLock { $0.tunnelsTaken += 1 }
    // Who was not there a moment ago is there again.
    if let sender = tunnel.reader.sender { table.tunnels.endPause(sender) }
    return true
  }

  private func makeRoom(
    isOpen: Bool,
    besides newcomer: InboundTunnel? = nil,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    guard let excess = table.tunnels.inboundInExcess(isOpen: isOpen, besides: newcomer) else {
      return
    }
    metrics.withLock { $0.tunnelsDisplaced += 1 }
    refuse(excess, &table, context)
  }

  private func refuse(
    _ tunnel: InboundTunnel,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    tunnel.connection.resetOnClose()
    close(tunnel, &table, context)
  }

  func close(
    _ tunnel: InboundTunnel,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    context.deregister(tunnel.connection, tunnel.registration)
    table.tunnels.remove(tunnel)
  }
}
