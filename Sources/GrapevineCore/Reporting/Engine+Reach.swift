// Reaching a member in every way, since a user wants to know.
extension Engine {
  /// Tries to reach a member by packet, by stream and by way of others, until all have answered or
  /// `deadline`; `reachFinished` follows.
  ///
  /// Returns nil where there is nothing to try: the node takes no part, does not know the member,
  /// is that member, or has as many attempts or streams under way as it may.
  package mutating func reach(
    _ name: String,
    deadline: Instant,
    now: Instant
  ) -> ReachTicket? {
    tick(now)
    guard !isSilent, reaches.count < reachLimit,
      outboundCount < configuration.outboundStreamLimit, let key = table.key(named: name),
      key != localKey, let slot = table.slot(of: key)
    else { return nil }
    let ticket = ReachTicket(rawValue: nextTicketNumber)
    nextTicketNumber += 1
    let relays = randomLiveMembers(configuration.relayCount + 1).filter { $0 != slot }
      .prefix(configuration.relayCount)
    var reach = Reach(
      ticket: ticket,
      key: key,
      sequence: takeSequence(),
      startedAt: clock,
      deadline: max(deadline, clock.advanced(by: 1)),
      found: Reachability(id: table[slot].id, relays: relays.map { table[$0].id })
    )
    ping(slot, reach.sequence)
    for relay in relays { requestPing(of: key, by: relay, reach.sequence) }
    let stream = open(table[slot].endpoint, .ping, peer: key)
    if let session = index(of: stream) {
      let longest = clock.advanced(by: configuration.streamTimeout.wholeNanoseconds)
      streams[session].deadline = min(reach.deadline, longest)
    }
    reach.stream = stream
    reaches.append(reach)
    return ticket
  }

  /// Gives up an attempt; no event follows.
  package mutating func cancelReach(_ ticket: ReachTicket, now: Instant) {
    tick(now)
    guard let index = reaches.firstIndex(where: { $0.ticket == ticket }) else { return }
    endStream(of: reaches.remove(at: index))
  }

  /// The most attempts that are under way at a time: half of the streams are for what a node needs
  /// itself.
  package var reachLimit: Int { max(1, configuration.outboundStreamLimit / 2) }

  private mutating func endStream(of reach: Reach) {
    if reach.found.stream == nil, let stream = reach.stream { drop(stream, aborting: true) }
  }

  /// Takes an answer to a ping, if it is one of an attempt's.
  mutating func noteReached(_ sequence: SequenceNumber, _ target: MemberKey, by peer: MemberKey) {
    guard
      let index = reaches.firstIndex(where: { $0.sequence == sequence && $0.key == target })
    else { return }
    if peer == target {
      guard reaches[index].found.packets == nil else { return }
      reaches[index].found.packets = elapsed(index)
      if let slot = table.slot(of: peer) {
        table.noteRoundTrip(slot, nanoseconds: clock.since(reaches[index].startedAt))
      }
    } else if let slot = table.slot(of: peer) {
      let id = table[slot].id
      let found = reaches[index].found
      guard found.relays.contains(id), !found.reachedBy.contains(id) else { return }
      reaches[index].found.reachedBy.append(id)
    }
    finishIfComplete(index)
  }

  /// Takes an answer by stream, if it is one of an attempt's.
  mutating func noteReached(by stream: StreamID, of peer: MemberKey) {
    guard
      let index = reaches.firstIndex(where: { $0.stream == stream && $0.key == peer })
    else { return }
    reaches[index].found.stream = elapsed(index)
    finishIfComplete(index)
  }

  private func elapsed(_ index: Int) -> Duration {
    .nanoseconds(Int64(clamping: clock.since(reaches[index].startedAt)))
  }

  private mutating func finishIfComplete(_ index: Int) {
    if reaches[index].isComplete { finishReach(index) }
  }

  mutating func advanceReaches() {
    while let index = reaches.firstIndex(where: { $0.deadline <= clock }) { finishReach(index) }
  }

  /// Ends all attempts with what they have found: no packet comes any more.
  mutating func finishReaches() {
    while !reaches.isEmpty { finishReach(0) }
  }

  private mutating func finishReach(_ index: Int) {
    var reach = reaches.remove(at: index)
    endStream(of: reach)
    if let slot = table.slot(of: reach.key), table.heardAt(slot) > .zero {
      let silence = clock.since(table.heardAt(slot))
      reach.found.silence = .nanoseconds(Int64(clamping: silence))
    }
    events.append(.reachFinished(reach.ticket, reach.found))
  }
}
