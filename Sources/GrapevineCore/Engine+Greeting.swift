// The first message in each direction of a stream: who is there, and what for.
extension Engine {
  /// This node's greeting: versions, label, purpose, and its identity and standing.
  func hello(_ purpose: StreamPurpose) -> [UInt8] {
    var bytes: [UInt8] = []
    Hello(label: label, purpose: purpose, instance: instance).write(to: &bytes)
    writeIntroduction(localSlot, to: &bytes)
    return bytes
  }

  private func writeIntroduction(_ slot: Int, to bytes: inout [UInt8]) {
    let record = table[slot]
    let head = Section.begin(record.key, in: &bytes)
    Section.write(identity: record.id, to: &bytes)
    Section.write(record.claim(now: clock), to: &bytes)
    Section.end(head, in: &bytes)
  }

  mutating func takeHello(
    _ bytes: Span<UInt8>,
    _ start: WireReader,
    _ index: Int
  ) throws(MalformedDatagram) {
    var reader = start
    let hello = try Hello.read(bytes, &reader)
    let id = streams[index].id
    let isInbound = streams[index].direction == .inbound
    guard hello.label == label else {
      metrics.drops[.wrongLabel] += 1
      isInbound
        ? refuse(id, [RefusalCode.wrongLabel.rawValue]) : fail(id, .wrongLabel, aborting: true)
      return
    }
    let version = PacketHeader.version
    guard hello.lowestVersion <= version, hello.highestVersion >= version else {
      metrics.drops[.wrongVersion] += 1
      isInbound
        ? refuse(id, [RefusalCode.versionMismatch.rawValue, version, version])
        : fail(id, mismatch(hello.lowestVersion, hello.highestVersion), aborting: true)
      return
    }
    let section = try Section.read(bytes, &reader)
    guard reader.isAtEnd, let identity = section.identity, let claim = section.standing else {
      throw .malformed
    }
    let peer = MemberID(
      name: String(decoding: copy(bytes, identity.name), as: UTF8.self),
      generation: identity.generation
    )
    guard MemberKey(peer) == section.key else { throw .malformed }
    streams[index].peer = section.key
    streams[index].peerID = peer
    if isInbound {
      streams[index].purpose = hello.purpose
      answer(hello, peer, claim, section, bytes, id)
    } else {
      greet(hello, peer, claim, id)
    }
  }

  /// Answers who opened a stream.
  private mutating func answer(
    _ hello: Hello,
    _ peer: MemberID,
    _ claim: Section.Claim,
    _ section: Section,
    _ bytes: Span<UInt8>,
    _ id: StreamID
  ) {
    guard let index = index(of: id) else { return }
    let own = localID
    if hello.instance != instance, peer.name.hasSameBytes(as: own.name) {
      meetTwin(peer, claim, id, isAsking: hello.purpose == .ping)
      return
    }
    if hello.purpose == .leave {
      if apply(section, bytes, by: .push).hasProgress { noteNews() }
      // What it says may have made this node silent, which ends all streams.
      guard let index = self.index(of: id) else { return }
      streams[index].say(.leaveAcknowledged)
      return
    }
    if hello.purpose == .sync, hello.instance != instance, let holder = holder(of: peer, claim) {
      var refusal = [RefusalCode.nameHeld.rawValue]
      writeIntroduction(holder, to: &refusal)
      refuse(id, refusal)
      return
    }
    streams[index].say(.hello, self.hello(hello.purpose))
    if hello.purpose == .sync { beginExchange(index) }
  }

  /// Another process that goes by this node's name has opened a stream.
  private mutating func meetTwin(
    _ twin: MemberID,
    _ claim: Section.Claim,
    _ id: StreamID,
    isAsking: Bool
  ) {
    guard let index = index(of: id) else { return }
    let own = localID
    if twin.generation > own.generation, phase == .active, !isAsking {
      yieldName(to: twin, at: claim.endpoint)
      return
    }
    events.append(.member(.nameConflict(own: own, rival: twin, address: claim.endpoint)))
    if isAsking {
      streams[index].say(.hello, hello(.ping))
      // It yields when it hears that; but some hold its entries for this node's by now.
      if twin == own, table.count > 1, endpoint < claim.endpoint {
        raiseGeneration(above: own.generation)
      }
    } else {
      var refusal = [RefusalCode.nameHeld.rawValue]
      writeIntroduction(localSlot, to: &refusal)
      refuse(id, refusal)
    }
  }

  /// The slot of another member, or life, that holds a newcomer's name with the same or a higher
  /// generation.
  private func holder(of peer: MemberID, _ claim: Section.Claim) -> Int? {
    guard let key = table.key(named: peer.name), let slot = table.slot(of: key) else { return nil }
    let known = table[slot]
    guard known.id != peer else {
      return known.isLive && known.endpoint != claim.endpoint
        && known.standing.incarnation >= claim.standing.incarnation ? slot : nil
    }
    return known.id.generation >= peer.generation ? slot : nil
  }

  private mutating func refuse(_ id: StreamID, _ payload: [UInt8]) {
    guard let index = index(of: id) else { return }
    metrics.streamsRefused += 1
    streams[index].say(.refusal, payload)
    produce(id)
    drop(id, aborting: false)
  }

  /// Goes on after the other side has answered this node's greeting.
  private mutating func greet(
    _ hello: Hello,
    _ peer: MemberID,
    _ claim: Section.Claim,
    _ id: StreamID
  ) {
    guard let index = index(of: id) else { return }
    let session = streams[index]
    let isTwin = hello.instance != instance && peer.name.hasSameBytes(as: localID.name)
    switch session.purpose {
    case .ping:
      drop(id, aborting: false)
      takeStreamAnswer(id, by: MemberKey(peer))
      // A packet of this node's own came back by another of its addresses.
      if hello.instance == instance { seeds.removeAll { $0 == session.endpoint } }
      finishPurpose(of: session, isAlive: isTwin)
    case .leave:
      fail(id, .notGrapevine, aborting: true)
    case .sync where hello.instance == instance:
      drop(id, aborting: false)
      if let ticket = session.ticket { finishJoin(ticket, .isSelf) }
      seeds.removeAll { $0 == session.endpoint }
    case .sync where isTwin:
      fail(id, .nameTaken(by: peer, at: claim.endpoint), aborting: true)
    case .sync:
      beginExchange(index)
    }
  }

  mutating func takeRefusal(
    _ bytes: Span<UInt8>,
    _ start: WireReader,
    _ session: StreamSession
  ) throws(MalformedDatagram) {
    var reader = start
    guard let code = RefusalCode(rawValue: try reader.byte(bytes)) else { throw .malformed }
    switch code {
    case .busy:
      guard let index = joins.firstIndex(where: { $0.ticket == session.ticket }) else {
        fail(session.id, .busy, aborting: false)
        return
      }
      joins[index].dueAt = clock.advanced(by: random.number(in: 20_000_000...200_000_000))
      drop(session.id, aborting: false)
    case .wrongLabel:
      fail(session.id, .wrongLabel, aborting: false)
    case .versionMismatch:
      let lowest = try reader.byte(bytes)
      fail(session.id, mismatch(lowest, try reader.byte(bytes)), aborting: false)
    case .closing:
      fail(session.id, .closed, aborting: false)
    case .nameHeld:
      let section = try Section.read(bytes, &reader)
      guard let identity = section.identity, let claim = section.standing else {
        throw .malformed
      }
      let name = String(decoding: copy(bytes, identity.name), as: UTF8.self)
      guard name.hasSameBytes(as: localID.name) else { throw .malformed }
      takeNameHeld(MemberID(name: name, generation: identity.generation), claim, session)
    }
  }

  /// The cluster knows this node's name as that of another life, or of a twin.
  private mutating func takeNameHeld(
    _ holder: MemberID,
    _ claim: Section.Claim,
    _ session: StreamSession
  ) {
    guard session.purpose == .sync else { return fail(session.id, .closed, aborting: false) }
    drop(session.id, aborting: false)
    if let index = joins.firstIndex(where: { $0.ticket == session.ticket }) {
      joins[index].isHeld = true
      joins[index].dueAt = .never
    }
    guard claim.standing.verdict == .alive else {
      raiseGeneration(above: holder.generation)
      return
    }
    check(rival: holder, at: claim.endpoint)
  }

  private func mismatch(_ lowest: UInt8, _ highest: UInt8) -> JoinFailure {
    .versionMismatch(lowest: Int(lowest), highest: Int(highest))
  }
}
