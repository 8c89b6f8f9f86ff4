// Pings, their relays and answers.
extension Engine {
  // MARK: Going out

  mutating func takeSequence() -> SequenceNumber {
    nextSequence &+= 1
    return nextSequence
  }

  /// Pings a member, and tells it what is held of it if `claim` is given.
  ///
  /// It goes to the member's address, or to where one came from. Returns whether there was room.
  @discardableResult
  mutating func ping(
    _ slot: Int,
    _ sequence: SequenceNumber,
    claim: Section.Claim? = nil,
    at source: Endpoint? = nil
  ) -> Bool {
    let key = table.key(inSlot: slot)
    let header = PacketHeader(kind: .ping, label: label, sender: localKey)
    let start = packets.append(to: source ?? table[slot].endpoint) { bytes in
      header.write(to: &bytes)
      Ping(sequence: sequence, target: key).writeHead(to: &bytes)
      guard let claim else { return }
      let head = Section.begin(key, in: &bytes)
      Section.write(claim, to: &bytes)
      Section.end(head, in: &bytes)
    }
    guard start != nil else { return false }
    metrics.pingsOut += 1
    return true
  }

  /// Tells a buried member with what standing it was buried, at its last address: if it lives, it
  /// refutes that.
  ///
  /// A life that a later one took the place of can't refute it: a process that goes on under it
  /// takes a later generation. Where the buried itself is who sent something, it is told there: it
  /// may have another address than the one that was buried.
  mutating func pingBuried(_ key: MemberKey, by sender: MemberKey, at source: Endpoint) {
    guard let grave = graves.find(key), grave.standing.verdict == .down else { return }
    metrics.pingsOut += 1
    let header = PacketHeader(kind: .ping, label: label, sender: localKey)
    let sequence = takeSequence()
    let claim = Section.Claim(
      standing: grave.isReplaced ? Standing(incarnation: .max, verdict: .down) : grave.standing,
      age: grave.verdictAge(now: clock),
      endpoint: grave.endpoint
    )
    packets.append(to: key == sender ? source : grave.endpoint) { bytes in
      header.write(to: &bytes)
      Ping(sequence: sequence, target: key).writeHead(to: &bytes)
      let head = Section.begin(key, in: &bytes)
      Section.write(claim, to: &bytes)
      Section.end(head, in: &bytes)
    }
  }

  /// Asks a member to ping another in this node's place.
  mutating func requestPing(of target: MemberKey, by slot: Int, _ sequence: SequenceNumber) {
    metrics.relaysOut += 1
    let header = PacketHeader(kind: .pingRequest, label: label, sender: localKey)
    packets.append(to: table[slot].endpoint) { bytes in
      header.write(to: &bytes)
      PingRequest(sequence: sequence, target: target).write(to: &bytes)
    }
  }

  private mutating func acknowledge(
    _ sequence: SequenceNumber,
    _ target: MemberKey,
    to endpoint: Endpoint,
    withStanding: Bool = false
  ) {
    let header = PacketHeader(kind: .ack, label: label, sender: localKey)
    let claim = table[localSlot].claim(now: clock)
    packets.append(to: endpoint) { bytes in
      header.write(to: &bytes)
      Ping(sequence: sequence, target: target).writeHead(to: &bytes)
      guard withStanding else { return }
      let head = Section.begin(target, in: &bytes)
      Section.write(claim, to: &bytes)
      Section.end(head, in: &bytes)
    }
  }

  // MARK: Coming in

  /// Answers a ping that is meant for this life of this node, after refuting what it holds against
  /// it.
  mutating func takePing(_ ping: Ping, at source: Endpoint) {
    guard ping.target == localKey else {
      metrics.drops[.misdirected] += 1
      return
    }
    metrics.pingsIn += 1
    if let section = ping.section { takeNewsOfSelf(section) }
    guard !isSilent else { return }
    // Refuting may have begun a new life; the one that was asked for is no more.
    guard ping.target == localKey else { return }
    acknowledge(ping.sequence, localKey, to: source, withStanding: ping.section != nil)
  }

  /// Pings a member for another, and keeps in mind whom to tell of the answer.
  ///
  /// It does so for members alone, so that strangers can't take the places that those need.
  mutating func takePingRequest(
    _ request: PingRequest,
    from peer: MemberKey,
    at source: Endpoint
  ) {
    guard table.contains(peer), let slot = table.slot(of: request.target) else {
      metrics.drops[.misdirected] += 1
      return
    }
    forgetLateRelays()
    let isForgetful = !PlantedFault.keepRelays.isPlanted
    guard relays.count < configuration.relayLimit || !isForgetful else {
      metrics.drops[.limit] += 1
      return
    }
    metrics.relaysIn += 1
    guard request.target != localKey else {
      acknowledge(request.sequence, localKey, to: source)
      return
    }
    let sequence = takeSequence()
    relays.append(
      Relay(
        sequence: sequence,
        target: request.target,
        asker: source,
        askerSequence: request.sequence,
        endsAt: clock.advanced(by: 2 * patience)
      )
    )
    ping(slot, sequence)
  }

  /// Lets go of the places for answers to others' questions that are not to come any more.
  mutating func forgetLateRelays() {
    guard !relays.isEmpty, !PlantedFault.keepRelays.isPlanted else { return }
    let now = clock
    relays.removeAll { $0.endsAt <= now }
  }

  /// Takes an answer: to a question of this node, or to one that it asked for another.
  mutating func takeAck(
    _ ack: Ping,
    _ bytes: Span<UInt8>,
    from peer: MemberKey,
    at source: Endpoint
  ) {
    metrics.acksIn += 1
    if peer == ack.target {
      if let index = relays.firstIndex(where: {
        $0.sequence == ack.sequence && $0.target == peer
      }) {
        let relay = relays.remove(at: index)
        acknowledge(relay.askerSequence, relay.target, to: relay.asker)
      }
      if let section = ack.section, apply(section, bytes, by: .push).isBehind {
        // One that was buried has refuted that.
        pull([peer], from: source)
      }
    }
    noteReached(ack.sequence, ack.target, by: peer)
    guard let index = observationIndex(of: ack.target),
      let verification = observations[index].verification,
      verification.sequence == ack.sequence
    else { return }
    let elapsed = clock.since(verification.askedAt)
    if peer == ack.target {
      if verification.round == 1 {
        noteRoundTrip(elapsed)
        if let slot = table.slot(of: peer) { table.noteRoundTrip(slot, nanoseconds: elapsed) }
      }
      observations[index].relay = nil
    } else {
      metrics.relayAnswers += 1
      observations[index].relay = peer
    }
    noteLife(index)
  }

  private mutating func noteRoundTrip(_ elapsed: UInt64) {
    roundTrip = max(elapsed, roundTrip / 8 * 7 + elapsed / 8)
  }

  /// How long an answer is waited for before a member is accused.
  ///
  /// One who answers as late as it may, each time, must not make this node patient without end.
  var patience: UInt64 { max(interval, 4 * min(roundTrip, Self.roundTripLimit * interval)) }

  /// The longest round trip that is believed, in intervals.
  private static var roundTripLimit: UInt64 { 8 }
}
