import GrapevineCore

/// One engine in the middle of its life, and peers of which the input makes every word.
struct Solo {
  private var subject: Subject
  private var now: Instant
  /// What was said on each stream, to be put together in other pieces.
  private var said: [(id: StreamID, bytes: [UInt8])] = []

  /// What an input mostly consists of.
  enum Emphasis {
    case datagrams
    case frames
  }

  init(_ cluster: Cluster, _ index: Int) {
    subject = cluster.subjects[index]
    subject.isAlone = true
    now = cluster.now
    // Who was connected is gone; the streams stay open, and the input speaks on them.
    for position in subject.sockets.indices { subject.sockets[position].peer = nil }
  }

  mutating func play(_ forger: inout Forger, _ emphasis: Emphasis) {
    for step in 0..<Self.stepLimit where !forger.choices.isAtEnd {
      let choice = forger.choices.byte()
      switch (emphasis, choice >> 4) {
      case (.datagrams, 0..<8), (.frames, 0), (.frames, 1): hearDatagram(choice, &forger)
      case (.datagrams, 8), (.frames, 2..<8): hearFrames(choice, &forger)
      case (_, 8), (_, 9): serve(choice, &forger)
      case (_, 10), (_, 11): pass(choice, &forger)
      case (_, 12): open(choice, &forger)
      default: act(choice, &forger)
      }
      subject.outbox.removeAll(keepingCapacity: true)
      subject.check(step)
    }
    subject.check()
    for stream in said {
      RoundTrip.checkAssembly(
        of: stream.bytes,
        messageLimit: FrameKind.sizeLimit,
        pieceSize: 1 + stream.bytes.count % 7
      )
    }
  }

  private static let stepLimit = 32

  // MARK: What peers say

  private mutating func hearDatagram(_ choice: UInt8, _ forger: inout Forger) {
    forger.sequences = subject.sequences
    let source = Cast.endpoints[Int(choice & 7)]
    let bytes = choice & 0x78 == 0x78 ? forger.rawDatagram() : forger.datagram()
    let isStranger = choice & 7 >= 6 && !knows(source)
    subject.receive(bytes, from: source, now: now)
    guard isStranger else { return }
    let size = subject.outbox.reduce(0) { $0 + ($1.target == source ? $1.bytes.count : 0) }
    demand(
      size <= max(8 * bytes.count, subject.configuration.maximumPacketSize),
      "\(bytes.count) bytes of a stranger are answered with \(size)"
    )
  }

  private func knows(_ endpoint: Endpoint) -> Bool {
    subject.engine.memberSummaries(now: now).contains { $0.address == endpoint }
  }

  private mutating func hearFrames(_ choice: UInt8, _ forger: inout Forger) {
    guard !subject.sockets.isEmpty else { return open(choice, &forger) }
    let socket = subject.sockets[Int(choice & 7) % subject.sockets.count]
    subject.opened(socket.id, now: now)
    forger.instance = subject.instance
    let bytes =
      choice & 0x78 == 0x78
      ? Array(forger.choices.take(forger.choices.below(256))) : forger.frames()
    note(bytes, on: socket.id)
    guard choice & 8 != 0 else { return subject.received(socket.id, bytes, now: now) }
    let size = 1 + forger.choices.below(40)
    for start in stride(from: 0, to: bytes.count, by: size) {
      let piece = Array(bytes[start..<min(bytes.count, start + size)])
      subject.received(socket.id, piece, now: now)
    }
  }

  private mutating func note(_ bytes: [UInt8], on id: StreamID) {
    if let index = said.firstIndex(where: { $0.id == id }) {
      said[index].bytes += bytes
    } else {
      said.append((id, bytes))
    }
  }

  // MARK: What the system does

  private mutating func serve(_ choice: UInt8, _ forger: inout Forger) {
    guard !subject.sockets.isEmpty else { return }
    let socket = subject.sockets[Int(choice & 3) % subject.sockets.count]
    let closures = Cluster.closures
    switch choice >> 2 & 7 {
    case 0, 1, 2: _ = subject.write(socket.id, upTo: .max, now: now)
    case 3: _ = subject.write(socket.id, upTo: 1 + forger.choices.below(256), now: now)
    case 4, 5: subject.opened(socket.id, now: now)
    default:
      subject.close(socket.id, closures[forger.choices.below(closures.count)], now: now)
    }
  }

  private mutating func open(_ choice: UInt8, _ forger: inout Forger) {
    guard choice & 8 == 0 else {
      let ticket = subject.input { $0.join(Cast.endpoints[Int(choice & 7)], now: now) }
      subject.tickets.append(ticket)
      return
    }
    _ = subject.accept(from: Cast.endpoints[Int(choice & 7)], peer: nil, now: now)
  }

  private mutating func pass(_ choice: UInt8, _ forger: inout Forger) {
    switch choice & 31 {
    case 0..<16: now = max(now, min(now + .seconds(60), subject.engine.nextDeadline))
    case 16..<22: now = now + .milliseconds(forger.choices.below(256))
    case 22..<28: now = now + .milliseconds(100 * forger.choices.below(256))
    case 28, 29: now = now + .seconds(60 * forger.choices.below(256))
    case 30: return subject.input { $0.advance(to: .zero) }
    default: now = now + .seconds(86_400 * forger.choices.below(256))
    }
    subject.advance(to: now)
  }

  // MARK: What the node's user does

  private mutating func act(_ choice: UInt8, _ forger: inout Forger) {
    let time = now
    switch choice & 15 {
    case 0..<6:
      let key = Forger.keys[Int(choice & 15)]
      let value = [UInt8](repeating: choice, count: forger.choices.below(128))
      subject.input { _ = try? $0.update([.set(key: key, value: value)], now: time) }
    case 6, 7:
      let key = Forger.keys[forger.choices.below(Forger.keys.count)]
      subject.input { _ = try? $0.update([.delete(key: key)], now: time) }
    case 8, 9:
      let deadline = now + .milliseconds(20 * forger.choices.below(256))
      let version = UInt64(choice >> 4)
      subject.spreads.append(
        subject.input { $0.spread(upTo: version, deadline: deadline, now: time) }
      )
    case 10:
      guard let ticket = subject.tickets.last else { return }
      subject.input { $0.cancelJoin(ticket, now: time) }
    case 11:
      guard let ticket = subject.spreads.last else { return }
      subject.input { $0.cancelSpread(ticket, now: time) }
    case 12: subject.input { $0.addSeeds([forger.endpoint()], now: time) }
    case 13: subject.input { _ = try? $0.beginLeaving(now: time) }
    case 14: subject.input { $0.leave(now: time) }
    default: subject.input { $0.reportsEntries.toggle() }
    }
  }
}
