internal import GrapevineCore
internal import GrapevineTransport

// Accepting.
extension EngineDriver {
  /// The most connections that are accepted in one turn.
  private static let acceptLimit = 16
  /// How long accepting pauses when there is no descriptor for the next connection, which goes on
  /// waiting.
  private static let acceptPause = Duration.milliseconds(100)

  func acceptStreams(_ table: inout StreamTable, _ context: EventLoop.Context) {
    guard let sockets = table.sockets else { return }
    for _ in 0..<Self.acceptLimit {
      do {
        guard let accepted = try sockets.listener.accept() else { return }
        if mailbox == nil {
          adopt(accepted.connection, from: accepted.source, &table, context)
        } else {
          hold(accepted.connection, from: accepted.source, &table, context)
        }
      } catch {
        guard error.isExhaustion else {
          metrics.withLock { $0.acceptsFailed += 1 }
          continue
        }
        pauseAccepting(&table, context)
        return
      }
    }
  }

  func resumeAccepting(_ table: inout StreamTable, _ context: EventLoop.Context, at now: Instant) {
    guard let resumption = table.acceptResumption, resumption <= now else { return }
    table.acceptResumption = nil
    setAccepting([.readable], &table, context)
  }

  private func pauseAccepting(_ table: inout StreamTable, _ context: EventLoop.Context) {
    metrics.withLock { $0.acceptsExhausted += 1 }
    table.acceptResumption = MonotonicClock.now() + Self.acceptPause
    setAccepting([], &table, context)
  }

  private func setAccepting(
    _ interest: Interest,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    guard let sockets = table.sockets, let registrations = table.registrations else { return }
    context.setInterest(interest, of: sockets.listener, registrations.listener)
  }

  /// Gives the engine a stream that somebody opened, and what that has said already.
  func adopt(
    _ connection: StreamConnection,
    from source: Endpoint,
    saying bytes: Span<UInt8>? = nil,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    var accepted: StreamID?
    feed(&table, context) { engine, now in
      accepted = engine.streamAccepted(from: source, now: now)
    }
    guard let id = accepted else { return }
    add(connection, as: id, isConnecting: false, &table, context)
    guard let bytes, let stream = table.streams[id] else { return }
    take(bytes, on: stream, &table, context)
  }
}

// What the engine wants.
extension EngineDriver {
  func perform(
    _ action: StreamAction,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    switch action {
    case .open(let id, let endpoint): open(id, endpoint, &table, context)
    case .send(let id, let bytes):
      guard let stream = table.streams[id] else { return }
      queue(bytes, on: stream, &table, context)
    case .finish(let id):
      guard let stream = table.streams[id] else { return }
      stream.end = .draining
      stream.expiry = MonotonicClock.now() + streamTimeout
      table.finishingCount += 1
      table.noteUnflushed(stream)
    case .abort(let id):
      guard let stream = table.streams[id] else { return }
      stream.connection.resetOnClose()
      remove(stream, &table, context)
    }
  }

  private func open(
    _ id: StreamID,
    _ endpoint: Endpoint,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    guard let sockets = table.sockets else { return }
    // As when no packet of the connection comes through: the engine hears nothing and gives it up.
    guard !state.withLock({ $0.unreachable.contains(endpoint) }) else { return }
    do {
      let connection = try sockets.connect(to: endpoint)
      add(connection, as: id, isConnecting: true, &table, context)
    } catch {
      report(id, StreamClosure(error), &table, context)
    }
  }

  private func add(
    _ connection: StreamConnection,
    as id: StreamID,
    isConnecting: Bool,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    guard let client = table.registrations?.client else { return }
    let interest: Interest = isConnecting ? .writable : .readable
    let source = EventSource.stream(id).rawValue
    do {
      let registration = try context.register(connection, interest, as: source, for: client)
      table.streams[id] = OpenStream(
        id: id,
        connection: connection,
        registration: registration,
        interest: interest,
        isConnecting: isConnecting
      )
    } catch {
      report(id, StreamClosure(error), &table, context)
    }
  }

  private func report(
    _ id: StreamID,
    _ closure: StreamClosure,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    feed(&table, context) { engine, now in engine.streamClosed(id, closure, now: now) }
  }

  /// Ends the connection and tells the engine, unless it has finished the stream itself.
  func close(
    _ stream: OpenStream,
    _ closure: StreamClosure,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    remove(stream, &table, context)
    guard stream.end == .none else { return }
    report(stream.id, closure, &table, context)
  }

  private func remove(
    _ stream: OpenStream,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    context.deregister(stream.connection, stream.registration)
    table.streams[stream.id] = nil
    if stream.end != .none { table.finishingCount -= 1 }
  }
}

// What the sockets bring.
extension EngineDriver {
  func handleStream(
    _ id: StreamID,
    _ readiness: Readiness,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    guard let stream = table.streams[id] else { return }
    if stream.isConnecting {
      finishConnecting(stream, &table, context)
      return
    }
    if readiness.contains(.writable) { table.noteUnflushed(stream) }
    guard readiness.contains(.readable) || readiness.contains(.failed) else { return }
    read(stream, &table, context)
  }

  private func finishConnecting(
    _ stream: OpenStream,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    do {
      try stream.connection.checkConnected()
    } catch {
      close(stream, StreamClosure(error), &table, context)
      return
    }
    stream.isConnecting = false
    table.noteUnflushed(stream)
    guard stream.end == .none else { return }
    feed(&table, context) { engine, now in engine.streamOpened(stream.id, now: now) }
  }

  /// Reads one buffer: what is left makes the socket ready again, after others had their turn.
  private func read(
    _ stream: OpenStream,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    let buffer = context.streamBuffer
    do {
      switch try stream.connection.read(into: buffer) {
      case .nothing: break
      case .ended:
        close(stream, stream.writeError.map { StreamClosure($0) } ?? .ended, &table, context)
      case .bytes(let count):
        guard stream.end == .none || stream.seal.isHolding, let start = buffer.baseAddress else {
          return
        }
        take(Span(_unsafeStart: UnsafePointer(start), count: count), on: stream, &table, context)
      }
    } catch {
      close(stream, StreamClosure(stream.writeError ?? error), &table, context)
    }
  }

  /// Feeds the engine what a stream brought.
  private func take(
    _ bytes: Span<UInt8>,
    on stream: OpenStream,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    if !stream.hasSaid {
      stream.hasSaid = true
      // Packets go by UDP here.
      guard stream.seal.isOpener || bytes[0] != TunnelFormat.magic else {
        metrics.withLock { $0.tunnelsUnwanted += 1 }
        stream.connection.resetOnClose()
        close(stream, .reset, &table, context)
        return
      }
    }
    if let sealing {
      feedOpened(bytes, on: stream, sealing, &table, context)
      return
    }
    feed(&table, context) { engine, now in engine.streamReceived(stream.id, bytes, now: now) }
  }

  /// Lets every stream that has something to write do so once.
  func flushStreams(_ table: inout StreamTable, _ context: EventLoop.Context) {
    var waiting: [StreamID] = []
    swap(&waiting, &table.unflushed)
    for id in waiting {
      guard let stream = table.streams[id] else { continue }
      stream.isUnflushed = false
      flush(stream, &table, context)
    }
    limitFinishing(&table, context)
  }

  private func flush(
    _ stream: OpenStream,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    guard !stream.isConnecting else { return }
    var written = 0
    if stream.writeError == nil {
      do {
        written = try stream.connection.flush()
      } catch {
        // What the peer sent before it broke off is still to be read; then the stream ends.
        stream.writeError = error
        stream.connection.discardQueue()
      }
    } else {
      stream.connection.discardQueue()
    }
    if stream.end == .none {
      let said = stream.seal.noteWritten(written)
      if said > 0 {
        feed(&table, context) { engine, now in engine.streamWrote(stream.id, said, now: now) }
      }
    } else {
      proceedWithEnd(stream, hasWritten: written > 0, &table, context)
    }
    watch(stream, &table, context)
  }

  /// Watches a stream for what it waits for.
  private func watch(
    _ stream: OpenStream,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    guard table.streams[stream.id] != nil else { return }
    let interest: Interest =
      stream.connection.queuedByteCount > 0 ? [.readable, .writable] : .readable
    guard interest != stream.interest else { return }
    stream.interest = interest
    context.setInterest(interest, of: stream.connection, stream.registration)
  }
}

// The end of streams that the engine has finished.
extension EngineDriver {
  /// The most streams that may have a rest to send, or wait for their peers to end.
  private static let finishingLimit = 64

  private func proceedWithEnd(
    _ stream: OpenStream,
    hasWritten: Bool,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    guard stream.connection.queuedByteCount == 0, !stream.seal.isHolding else {
      if hasWritten { stream.expiry = MonotonicClock.now() + streamTimeout }
      return
    }
    guard stream.end == .draining else { return }
    stream.end = .awaitingPeer
    stream.expiry = MonotonicClock.now() + streamTimeout
    do {
      try stream.connection.shutdownSending()
    } catch {
      // The peer is gone already.
      remove(stream, &table, context)
    }
  }

  /// Gives up the finished streams that are too many, whatever they wait for.
  private func limitFinishing(_ table: inout StreamTable, _ context: EventLoop.Context) {
    while table.finishingCount > Self.finishingLimit, let stream = table.idlestFinished {
      // The kernel would go on holding for the peer what never becomes whole.
      if stream.connection.queuedByteCount > 0 { stream.connection.resetOnClose() }
      remove(stream, &table, context)
    }
  }

  /// Gives up finished streams that took too long.
  func expireStreams(_ table: inout StreamTable, _ context: EventLoop.Context, at now: Instant) {
    guard table.finishingCount > 0 else { return }
    for stream in table.streams.values where stream.expiry <= now {
      remove(stream, &table, context)
    }
  }
}
