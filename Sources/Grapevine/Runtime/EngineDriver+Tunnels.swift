internal import GrapevineCore
internal import GrapevineTransport

// What a node without a UDP socket sends goes over tunnels, which belong to the loop's thread.
extension EngineDriver {
  /// How long a tunnel must have stood so that its end is no failure.
  private static let settledTime = Duration.seconds(1)

  /// Leaves the packets of the box to the loop; says whether that is to be poked for them.
  func leave(_ outbox: DatagramOutbox, in mailbox: TunnelMailbox) -> Bool {
    let (wasEmpty, dropped) = mailbox.put(outbox)
    outbox.removeAll()
    if dropped > 0 { metrics.withLock { $0.sendsWithoutRoom += dropped } }
    return wasEmpty
  }

  /// Puts the packets that wait into their tunnels, and lets these write.
  func carryPackets(_ table: inout StreamTable, _ context: EventLoop.Context) {
    guard let mailbox else { return }
    let packets = mailbox.takeAll()
    if !packets.isEmpty {
      let now = MonotonicClock.now()
      for packet in packets { carry(packet, at: now, &table, context) }
    }
    flushTunnels(&table, context)
  }

  private func carry(
    _ packet: TunnelMailbox.Packet,
    at now: Instant,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    let known = table.tunnels.outbound[packet.destination]
    guard let tunnel = known ?? openTunnel(to: packet.destination, at: now, &table, context) else {
      metrics.withLock { $0.sendsWithoutTunnel += 1 }
      return
    }
    tunnel.lastUse = now
    guard tunnel.queuedByteCount + packet.frame.count <= table.tunnels.limits.queueLimit else {
      metrics.withLock { $0.sendsWithoutRoom += 1 }
      return
    }
    tunnel.enqueue(packet.frame, at: now)
    if tunnel.isOpen { table.tunnels.noteUnflushed(tunnel) }
  }

  private func openTunnel(
    to endpoint: Endpoint,
    at now: Instant,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) -> OutboundTunnel? {
    guard let sockets = table.sockets, let client = table.registrations?.client,
      !table.tunnels.isPaused(endpoint, at: now)
    else { return nil }
    if let excess = table.tunnels.outboundInExcess {
      metrics.withLock { $0.tunnelsDisplaced += 1 }
      close(excess, &table, context)
    }
    let limits = table.tunnels.limits
    let number = table.tunnels.makeNumber()
    let source = EventSource.outboundTunnel(number).rawValue
    do {
      let connection = try sockets.connect(to: endpoint)
      connection.limitSending(bufferSize: limits.kernelBufferSize, stallLimit: limits.stallLimit)
      let registration = try context.register(connection, .writable, as: source, for: client)
      let tunnel = OutboundTunnel(to: endpoint, number, connection, registration, at: now)
      table.tunnels.add(tunnel)
      return tunnel
    } catch {
      metrics.withLock { $0.tunnelsFailed += 1 }
      table.tunnels.pause(endpoint, at: now)
      return nil
    }
  }

  func handleOutboundTunnel(
    _ number: UInt64,
    _ readiness: Readiness,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    guard let tunnel = table.tunnels.outbound(number) else { return }
    guard tunnel.stage != .connecting else {
      do {
        try tunnel.connection.checkConnected()
      } catch {
        fail(tunnel, &table, context)
        return
      }
      tunnel.stage = .greeting
      tunnel.connection.enqueue(table.tunnels.preamble)
      table.tunnels.noteUnflushed(tunnel)
      return
    }
    if readiness.contains(.writable) { table.tunnels.noteUnflushed(tunnel) }
    guard readiness.contains(.readable) || readiness.contains(.failed) else { return }
    readAnswer(tunnel, &table, context)
  }

  /// Reads the acceptance; nothing else ever comes, but for the end.
  private func readAnswer(
    _ tunnel: OutboundTunnel,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    let acceptance = TunnelFormat.acceptance
    let buffer = UnsafeMutableBufferPointer(rebasing: context.streamBuffer[..<16])
    do {
      switch try tunnel.connection.read(into: buffer) {
      case .nothing: break
      case .ended: end(tunnel, &table, context)
      case .bytes(let count):
        tunnel.answer += buffer[..<count]
        guard acceptance.starts(with: tunnel.answer) else {
          fail(tunnel, &table, context)
          return
        }
        guard tunnel.answer.count == acceptance.count else { return }
        tunnel.open(at: MonotonicClock.now())
        table.tunnels.noteUnflushed(tunnel)
        metrics.withLock { $0.tunnelsOpened += 1 }
      }
    } catch {
      end(tunnel, &table, context)
    }
  }

  private func flushTunnels(_ table: inout StreamTable, _ context: EventLoop.Context) {
    var waiting: [OutboundTunnel] = []
    swap(&waiting, &table.tunnels.unflushed)
    for tunnel in waiting {
      tunnel.isUnflushed = false
      guard table.tunnels.outbound(tunnel.number) != nil else { continue }
      do {
        if try tunnel.connection.flush() > 0 { tunnel.lastProgress = MonotonicClock.now() }
      } catch {
        end(tunnel, &table, context)
        continue
      }
      table.tunnels.look(at: tunnel.expiry(table.tunnels.limits))
      let isFull = tunnel.connection.queuedByteCount > 0
      let interest: Interest = isFull ? [.readable, .writable] : .readable
      guard interest != tunnel.interest else { continue }
      tunnel.interest = interest
      context.setInterest(interest, of: tunnel.connection, tunnel.registration)
    }
  }

  /// Closes the tunnels, of both directions, that have taken too long or are used no more.
  func expireTunnels(_ table: inout StreamTable, _ context: EventLoop.Context, at now: Instant) {
    let (outbound, inbound) = table.tunnels.takeExpired(at: now)
    for tunnel in outbound {
      if tunnel.isOpen, tunnel.queuedByteCount == 0 {
        close(tunnel, &table, context)
      } else {
        fail(tunnel, &table, context)
      }
    }
    for tunnel in inbound {
      if !tunnel.isOpen { metrics.withLock { $0.tunnelsLate += 1 } }
      close(tunnel, &table, context)
    }
  }

  /// Takes note that the peer has closed the tunnel or broken it off.
  ///
  /// One that stood was closed for want of room or since its peer has ended, and the next packet
  /// opens another.
  private func end(
    _ tunnel: OutboundTunnel,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    if case .open(let since) = tunnel.stage, since + Self.settledTime <= MonotonicClock.now() {
      close(tunnel, &table, context)
    } else {
      fail(tunnel, &table, context)
    }
  }

  private func fail(
    _ tunnel: OutboundTunnel,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    metrics.withLock { $0.tunnelsFailed += 1 }
    table.tunnels.pause(tunnel.endpoint, at: MonotonicClock.now())
    tunnel.connection.resetOnClose()
    close(tunnel, &table, context)
  }

  private func close(
    _ tunnel: OutboundTunnel,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    // Before it is open the one thing in the connection is the preamble.
    let unsent = tunnel.isOpen ? tunnel.connection.queuedChunkCount : 0
    let lostCount = tunnel.waiting.count + unsent
    if lostCount > 0 { metrics.withLock { $0.sendsWithoutTunnel += lostCount } }
    context.deregister(tunnel.connection, tunnel.registration)
    table.tunnels.remove(tunnel)
  }
}
