// Streams: opening, bytes in and out, and their end.
extension Engine {
  var inboundCount: Int { streams.count { $0.direction == .inbound } }
  var outboundCount: Int { streams.count { $0.direction == .outbound } }

  // MARK: Opening

  /// Takes an inbound connection, whose bytes come by `streamReceived`.
  package mutating func streamAccepted(from source: Endpoint, now: Instant) -> StreamID {
    tick(now)
    metrics.streamsIn += 1
    let id = newStreamID()
    guard !isSilent else {
      actions.append(.abort(id))
      return id
    }
    guard inboundCount < configuration.inboundStreamLimit, !quirks.act(at: .busyListener) else {
      metrics.streamsRefused += 1
      var session = makeSession(id, .inbound, source, .sync)
      session.say(.refusal, [RefusalCode.busy.rawValue])
      if let frame = session.nextFrame() { actions.append(.send(id, frame)) }
      actions.append(.finish(id))
      return id
    }
    streams.append(makeSession(id, .inbound, source, .sync))
    return id
  }

  /// Opens a stream; what comes of it is found by its purpose and ticket.
  @discardableResult
  mutating func open(
    _ target: Endpoint,
    _ purpose: StreamPurpose,
    peer: MemberKey? = nil,
    ticket: JoinTicket? = nil
  ) -> StreamID {
    let id = newStreamID()
    var session = makeSession(id, .outbound, target, purpose)
    session.peer = peer
    session.ticket = ticket
    if purpose == .ping {
      session.deadline = clock + configuration.nameCheckTimeout
    }
    streams.append(session)
    metrics.streamsOut += 1
    actions.append(.open(id, target))
    return id
  }

  private mutating func newStreamID() -> StreamID {
    defer { nextStreamNumber += 1 }
    return StreamID(rawValue: nextStreamNumber)
  }

  private func makeSession(
    _ id: StreamID,
    _ direction: StreamSession.Direction,
    _ endpoint: Endpoint,
    _ purpose: StreamPurpose
  ) -> StreamSession {
    StreamSession(
      id: id,
      direction: direction,
      endpoint: endpoint,
      purpose: purpose,
      deadline: clock + configuration.streamTimeout,
      messageLimit: FrameKind.sizeLimit + configuration.valueSizeLimit
        + configuration.keySizeLimit,
      now: clock
    )
  }

  /// Begins joins whose turn it is, while streams may be opened.
  mutating func startJoins() {
    var index = 0
    while index < joins.count {
      let join = joins[index]
      if clock >= join.deadline, !streams.contains(where: { $0.ticket == join.ticket }) {
        joins.remove(at: index)
        events.append(.joinFinished(join.ticket, .failed(join.isHeld ? .timedOut : .busy)))
        continue
      }
      if clock >= join.dueAt, outboundCount < configuration.outboundStreamLimit {
        joins[index].dueAt = .never
        joins[index].deadline = min(join.deadline, clock + configuration.streamTimeout)
        open(join.endpoint, .sync, ticket: join.ticket)
      }
      index += 1
    }
  }

  /// When a join is to be looked at again by itself; one with a stream under way never.
  func nextTime(of join: PendingJoin) -> Instant {
    if join.isHeld { return join.deadline }
    guard join.dueAt < .never else { return .never }
    let hasRoom = outboundCount < configuration.outboundStreamLimit
    return hasRoom ? min(join.dueAt, join.deadline) : join.deadline
  }

  /// Opens a stream to a peer that has more than packets can carry, unless one is at work already.
  ///
  /// While streams to it bring no agreement, the pause between them grows to `longestPause`, and
  /// they go in turn to the address that it has told and to the one that its packet came from: its
  /// host may have got another.
  mutating func requestSync(
    with peer: MemberKey,
    at source: Endpoint,
    isFallback: Bool,
    longestPause: UInt64 = 30_000_000_000
  ) {
    guard phase == .active, outboundCount < configuration.outboundStreamLimit else { return }
    let patience: UInt64 = 1_000_000_000
    for session in streams where session.direction == .outbound && session.purpose == .sync {
      guard session.peer != peer, clock.since(session.progressAt) >= patience else { return }
    }
    let now = clock
    let told = table.slot(of: peer).map { table[$0].endpoint } ?? source
    let target = exchanges.update(peer) { exchange -> Endpoint? in
      guard now >= exchange.streamAllowedAt else { return nil }
      defer { exchange.isSourceNext.toggle() }
      exchange.fruitless = 0
      exchange.unanswered = 0
      exchange.streamPause = min(max(exchange.streamPause * 2, patience / 4), longestPause)
      exchange.streamAllowedAt = now.advanced(by: exchange.streamPause)
      return exchange.isSourceNext ? source : told
    }
    guard let target else { return }
    if isFallback { metrics.streamFallbacks += 1 }
    open(target, .sync, peer: peer)
  }

  /// Lets a stream to a peer that had no room for one be tried again soon: the next may find some,
  /// where one that failed otherwise is likely to fail again.
  private mutating func noteBusy(_ peer: MemberKey) {
    let soon = clock.advanced(by: random.number(in: 250_000_000...1_000_000_000))
    exchanges.update(peer) { exchange in
      exchange.streamPause /= 2
      exchange.streamAllowedAt = min(exchange.streamAllowedAt, soon)
    }
  }

  // MARK: What the driver reports

  package mutating func streamOpened(_ id: StreamID, now: Instant) {
    tick(now)
    guard let index = index(of: id), streams[index].phase == .connecting else { return }
    streams[index].phase = .greeting
    streams[index].say(.hello, hello(streams[index].purpose))
    produce(id)
  }

  package mutating func streamReceived(_ id: StreamID, _ bytes: Span<UInt8>, now: Instant) {
    tick(now)
    told = []
    metrics.streamBytesIn += bytes.count
    var offset = 0
    while let index = index(of: id) {
      do throws(MalformedDatagram) {
        let start = offset
        let message = try streams[index].assembler.next(bytes, &offset)
        streams[index].readSinceProgress += offset - start
        // A byte now and then does not keep a stream, nor does all that is said by one that does
        // not read: what waits for it takes the place of what waits for others.
        let isRead = streams[index].queued == 0 || streams[index].writtenSinceProgress > 0
        if isRead, message != nil || streams[index].readSinceProgress >= 16_384 {
          extendDeadline(index)
        }
        guard let message else { break }
        streams[index].unfinishedSince = nil
        try take(message.kind, message.payload, index)
      } catch {
        metrics.drops[error.reason] += 1
        fail(id, .notGrapevine, aborting: true)
      }
    }
    boundUnfinished(id)
    produce(id)
    resumeHeldBack()
  }

  /// Breaks off the messages that have been unfinished for longest, while all together hold too
  /// much.
  private mutating func boundUnfinished(_ id: StreamID) {
    guard let index = index(of: id), streams[index].assembler.heldSize > FrameKind.sizeLimit else {
      return
    }
    if streams[index].unfinishedSince == nil { streams[index].unfinishedSince = clock }
    let limit = max(configuration.streamMemoryLimit, streams[index].messageLimit)
    while streams.reduce(0, { $0 + $1.assembler.heldSize }) > limit {
      let oldest = streams.min {
        ($0.unfinishedSince ?? .never) < ($1.unfinishedSince ?? .never)
      }
      guard let oldest, oldest.unfinishedSince != nil else { return }
      metrics.drops[.limit] += 1
      fail(oldest.id, .interrupted, aborting: true)
    }
  }

  /// Lets those say more that waited while too much was unsent.
  private mutating func resumeHeldBack() {
    for session in streams where session.isHeldBack { produce(session.id) }
  }

  /// Says that the socket took `count` of the bytes queued.
  package mutating func streamWrote(_ id: StreamID, _ count: Int, now: Instant) {
    tick(now)
    guard let index = index(of: id) else { return }
    precondition(count <= streams[index].queued, "\(count) of \(streams[index].queued) written")
    streams[index].queued -= count
    streams[index].writtenSinceProgress += count
    // A peer that reads a byte now and then does not keep a stream.
    if streams[index].queued == 0 || streams[index].writtenSinceProgress >= 16_384 {
      extendDeadline(index)
    }
    produce(id)
    resumeHeldBack()
  }

  package mutating func streamClosed(
    _ id: StreamID,
    _ closure: StreamClosure,
    now: Instant
  ) {
    tick(now)
    defer { resumeHeldBack() }
    guard let index = index(of: id) else { return }
    let session = streams[index]
    if session.direction == .inbound, session.hasReceivedDone || session.purpose != .sync {
      drop(id, aborting: false, tellsDriver: false)
      return
    }
    let failure: JoinFailure =
      switch closure {
      case .refused: .refused
      case .unreachable: .unreachable
      case .timedOut: .timedOut
      case .ended, .reset: .interrupted
      case .exhausted: .busy
      }
    fail(id, failure, aborting: false, tellsDriver: false)
  }

  // MARK: Time

  var streamDeadline: Instant {
    guard !PlantedFault.neverCloseStream.isPlanted else { return .never }
    return streams.reduce(.never) { min($0, $1.deadline) }
  }

  mutating func expireStreams() {
    guard !PlantedFault.neverCloseStream.isPlanted else { return }
    for session in streams where clock >= session.deadline {
      fail(session.id, .timedOut, aborting: true)
    }
    resumeHeldBack()
  }

  private mutating func extendDeadline(_ index: Int) {
    streams[index].writtenSinceProgress = 0
    streams[index].readSinceProgress = 0
    guard streams[index].purpose != .ping else { return }
    streams[index].deadline = clock + configuration.streamTimeout
  }

  // MARK: Bytes out

  /// Hands over frames as far as the queue's limit lets it.
  mutating func produce(_ id: StreamID) {
    while let index = index(of: id),
      streams[index].queued + FrameKind.sizeLimit <= configuration.streamQueueLimit
    {
      guard let frame = streams[index].nextFrame() else {
        guard prepareMessage(index) else { break }
        // Drawn for each message and not for each piece, so that large states come through.
        if quirks.act(at: .brokenStream) { return fail(id, .interrupted, aborting: true) }
        continue
      }
      streams[index].queued += frame.count
      metrics.streamQueuePeak = max(metrics.streamQueuePeak, streams[index].queued)
      metrics.streamBytesOut += frame.count
      actions.append(.send(id, frame))
    }
    finishSyncIfDone(id)
  }

  // MARK: The end

  func index(of id: StreamID) -> Int? {
    streams.lastIndex { $0.id == id }
  }

  /// Ends a stream that did not do its work, and lets what waited for it know.
  mutating func fail(
    _ id: StreamID,
    _ failure: JoinFailure,
    aborting: Bool,
    tellsDriver: Bool = true
  ) {
    guard let index = index(of: id) else { return }
    let session = streams[index]
    metrics.streamsFailed += 1
    drop(id, aborting: aborting, tellsDriver: tellsDriver)
    if session.hasProgress { noteNews() }
    if let ticket = session.ticket { finishJoin(ticket, .failed(failure)) }
    if failure == .busy, session.purpose == .sync, let peer = session.peer { noteBusy(peer) }
    if failure == .busy, nameCheck?.stream == id { return putOffNameCheck() }
    finishPurpose(of: session, isAlive: false)
  }

  /// Lets a name check or a leave go on after one of its streams.
  mutating func finishPurpose(of session: StreamSession, isAlive: Bool) {
    if nameCheck?.stream == session.id { finishNameCheck(isAlive: isAlive) }
    guard let position = leaving?.open.firstIndex(of: session.id) else { return }
    leaving?.open.remove(at: position)
    finishLeaveIfDone()
  }

  mutating func finishJoin(_ ticket: JoinTicket, _ outcome: JoinOutcome) {
    guard let index = joins.firstIndex(where: { $0.ticket == ticket }) else { return }
    joins.remove(at: index)
    events.append(.joinFinished(ticket, outcome))
    startJoins()
  }

  /// Forgets a stream; the driver is told unless it knows.
  mutating func drop(_ id: StreamID, aborting: Bool, tellsDriver: Bool = true) {
    guard let index = index(of: id) else { return }
    streams.remove(at: index)
    if tellsDriver { actions.append(aborting ? .abort(id) : .finish(id)) }
  }
}
