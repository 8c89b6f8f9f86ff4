import GrapevineCore

// What an input lets happen.
extension Cluster {
  /// Lets the input decide what happens, step by step.
  mutating func play(_ forger: inout Forger) {
    for step in 0..<Self.stepLimit where !forger.choices.isAtEnd {
      self.step(&forger)
      for index in subjects.indices { subjects[index].check(step) }
    }
    for index in subjects.indices { subjects[index].check() }
    if isHonest { checkHonesty() }
  }

  private static let stepLimit = 24

  private mutating func step(_ forger: inout Forger) {
    let choice = forger.choices.byte()
    let index = Int(choice & 3) % subjects.count
    switch choice >> 3 {
    case 0, 1: update(index, &forger)
    case 2, 3: carry(&forger)
    case 4: pass(&forger)
    case 5: advance(index, &forger)
    case 6, 7:
      let count = min(deadlinesLeft, 1 + forger.choices.below(6))
      deadlinesLeft -= count
      run(deadlines: count, mute: choice & 4 == 0 ? nil : index)
    case 8, 9, 10: stream(index, &forger)
    case 11:
      let other = forger.choices.below(subjects.count + 1)
      touch(index) { subject, now in
        let ticket = subject.input { $0.join(Cast.endpoints[other], now: now) }
        subject.tickets.append(ticket)
      }
    case 12: withdraw(index, &forger)
    case 13: spread(index, &forger)
    case 14: touch(index) { subject, now in subject.input { $0.leave(now: now) } }
    case 15: touch(index) { subject, now in subject.input { _ = try? $0.beginLeaving(now: now) } }
    case 16: restart(index, &forger)
    case 17:
      let seeds = [forger.endpoint(), Cast.endpoints[0]]
      touch(index) { subject, now in subject.input { $0.addSeeds(seeds, now: now) } }
    case 18: spoilPacket(&forger)
    case 19 where choice & 4 == 0:
      touch(index) { subject, _ in subject.input { $0.reportsEntries.toggle() } }
    case 19: lock(index, &forger)
    case 20..<27: forgeDatagram(index, &forger)
    default: forgeFrames(index, &forger)
    }
  }

  private mutating func lock(_ index: Int, _ forger: inout Forger) {
    let choice = forger.choices.byte()
    let id = LockID(rawValue: UInt64(choice & 3))
    touch(index) { subject, now in
      subject.input { engine in
        if choice & 4 == 0 {
          engine.claimLock(id, now: now)
        } else {
          engine.releaseLock(id, now: now)
        }
      }
    }
  }

  // MARK: The owner

  private mutating func update(_ index: Int, _ forger: inout Forger) {
    let choice = forger.choices.byte()
    var changes: [Change] = []
    for position in 0...Int(choice >> 6) {
      let key = Forger.keys[(Int(choice & 7) + position) % Forger.keys.count]
      switch choice >> 3 & 7 {
      case 0, 1: changes.append(.set(key: key, value: [choice]))
      case 2: changes.append(.delete(key: key))
      case 3:
        let value = [UInt8](repeating: choice, count: 8 * Int(forger.choices.byte()))
        changes.append(.set(key: key, value: value))
      case 4:
        let patience = Duration.milliseconds(10 * Int(forger.choices.byte()))
        changes.append(.set(key: key, value: [choice], timeToLive: patience))
      case 5: changes.append(.set(key: key, value: []))
      case 6: changes += [.set(key: key, value: [1]), .delete(key: key)]
      default:
        let text = String(decoding: forger.choices.take(4), as: UTF8.self)
        changes.append(.set(key: text, value: [choice]))
      }
    }
    touch(index) { subject, now in
      let before = subject.engine.localMember(now: now)
      let result = subject.input { engine in try? engine.update(changes, now: now) }
      guard result == nil else { return }
      demand(subject.engine.localMember(now: now) == before, "a refused change has changed state")
    }
  }

  private mutating func withdraw(_ index: Int, _ forger: inout Forger) {
    let choice = forger.choices.byte()
    touch(index) { subject, now in
      let position = Int(choice >> 1)
      if choice & 1 == 0, !subject.tickets.isEmpty {
        let ticket = subject.tickets[position % subject.tickets.count]
        subject.input { $0.cancelJoin(ticket, now: now) }
      } else if !subject.spreads.isEmpty {
        let ticket = subject.spreads[position % subject.spreads.count]
        subject.input { $0.cancelSpread(ticket, now: now) }
      }
    }
  }

  private mutating func spread(_ index: Int, _ forger: inout Forger) {
    let choice = forger.choices.byte()
    touch(index) { subject, now in
      let deadline = now + .milliseconds(20 * Int(choice))
      let ticket = subject.input {
        $0.spread(upTo: UInt64(choice & 7), deadline: deadline, now: now)
      }
      subject.spreads.append(ticket)
    }
  }

  private mutating func restart(_ index: Int, _ forger: inout Forger) {
    let choice = forger.choices.byte()
    let generation = Cast.generation + UInt64(choice >> 4)
    let name = choice & 8 == 0 ? index : Int(choice & 7)
    restart(index, as: Cast.id(name, generation: generation))
  }

  // MARK: The network

  /// Delivers, loses or doubles some of the packets on their way, from any place among them.
  private mutating func carry(_ forger: inout Forger) {
    let choice = forger.choices.byte()
    var place = choice & 1 == 0 ? 0 : forger.choices.below(Self.packetLimit)
    for _ in 0...Int(choice >> 4) where !packets.isEmpty {
      place %= packets.count
      switch choice >> 1 & 7 {
      case 0..<5: deliver(packets.remove(at: place))
      case 5: packets.remove(at: place)
      case 6: deliver(packets[place])
      default: packets.swapAt(0, place)
      }
    }
  }

  /// Lets time pass for nobody in particular: whoever acts next finds it late.
  private mutating func pass(_ forger: inout Forger) {
    let choice = forger.choices.byte()
    let count = Int(choice >> 2)
    switch choice & 3 {
    case 0: now = now + .milliseconds(count)
    case 1: now = now + .milliseconds(25 * count)
    case 2: now = now + .seconds(count)
    default: now = now + .seconds(1_800 * count)
    }
  }

  private mutating func advance(_ index: Int, _ forger: inout Forger) {
    if forger.choices.flag() { now = max(now, min(now + .seconds(60), deadline(of: index))) }
    touch(index) { $0.advance(to: $1) }
  }

  private func deadline(of index: Int) -> Instant { subjects[index].deadline }

  private mutating func stream(_ index: Int, _ forger: inout Forger) {
    let choice = forger.choices.byte()
    guard !subjects[index].sockets.isEmpty else { return }
    let id = subjects[index].sockets[Int(choice & 3) % subjects[index].sockets.count].id
    switch choice >> 2 & 7 {
    case 0..<4: serve(index, id, byteCount: .max)
    case 4, 5: serve(index, id, byteCount: 1 + 8 * forger.choices.below(128))
    case 6: cut(index, id, Self.closures[Int(choice >> 5) % Self.closures.count], atPeer: .reset)
    default: cut(index, id, .ended, atPeer: .ended)
    }
  }

  static let closures: [StreamClosure] = [
    .ended, .refused, .unreachable, .timedOut, .reset, .exhausted,
  ]

  // MARK: Liars

  private mutating func spoilPacket(_ forger: inout Forger) {
    guard !packets.isEmpty else { return }
    isHonest = false
    let place = forger.choices.below(packets.count)
    if forger.choices.flag() { packets[place].source = forger.endpoint() }
    forger.spoil(&packets[place].bytes)
  }

  private mutating func forgeDatagram(_ index: Int, _ forger: inout Forger) {
    isHonest = false
    forger.sequences = subjects[index].sequences
    let source = forger.endpoint()
    let bytes = forger.datagram()
    touch(index) { $0.receive(bytes, from: source, now: $1) }
  }

  /// Says something on a stream: one that is open, or a new one.
  private mutating func forgeFrames(_ index: Int, _ forger: inout Forger) {
    isHonest = false
    let choice = forger.choices.byte()
    forger.instance = subjects[Int(choice >> 6) % subjects.count].instance
    let bytes = forger.frames()
    touch(index) { subject, now in
      let id: StreamID
      if choice & 3 == 0 || subject.sockets.isEmpty {
        id = subject.accept(from: Cast.endpoints[Int(choice >> 2 & 7)], peer: nil, now: now)
      } else {
        id = subject.sockets[Int(choice >> 2) % subject.sockets.count].id
        subject.opened(id, now: now)
      }
      subject.received(id, bytes, now: now)
    }
  }
}
