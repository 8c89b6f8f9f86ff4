import GrapevineCore

/// A few engines that hear each other at once, without loss, and a clock turned by hand.
struct Pump {
  var engines: [Engine] = []
  var now = Instant(nanoseconds: 1_000_000_000)
  var events: [[EngineEvent]] = []
  var datagramCount = 0
  var largestDatagram = 0
  /// Further addresses that lead to an engine; what it sends there has come from there.
  var aliases: [Endpoint: Int] = [:]
  /// Engines whose hosts have got another address than they have told.
  var moved: [Int: Endpoint] = [:]
  /// Connections to these are neither refused nor answered.
  var silent: Set<Endpoint> = []
  /// Says whether datagrams arrive.
  var carriesDatagrams = true
  /// Says which datagrams do not arrive.
  var isLost: (Packet) -> Bool = { _ in false }
  /// Says between which engines no stream comes about.
  var isStreamLost: (_ from: Int, _ to: Int) -> Bool = { _, _ in false }
  /// What was sent since `forget` was called.
  private(set) var packets: [Packet] = []
  private var isRecording = false
  private var dead: Set<Int> = []
  private var links: [Link] = []

  /// A datagram on its way.
  struct Packet {
    var at: Instant
    var from: Int
    /// Nil where nobody lives.
    var to: Int?
    var kind: PacketKind?
    var bytes: [UInt8]
  }

  private struct Link {
    var engine: Int
    var stream: StreamID
    var peer: (engine: Int, stream: StreamID)?
  }

  mutating func add(
    _ name: String,
    generation: UInt64 = 1,
    _ configuration: GossipConfiguration = .init()
  ) -> Int {
    let index = engines.count
    engines.append(
      Engine(
        id: MemberID(name: name, generation: generation),
        endpoint: Endpoint(ipv4: 0x0A00_0001 + UInt32(index), port: 7_000),
        configuration: configuration,
        seed: UInt64(index + 1),
        now: now
      )
    )
    events.append([])
    return index
  }

  mutating func set(_ engine: Int, _ key: String, _ value: String) throws {
    _ = try engines[engine].update([.set(key, to: value)], now: now)
    settle()
  }

  mutating func join(_ engine: Int, to other: Int) -> JoinTicket {
    let ticket = engines[engine].join(engines[other].localEndpoint, now: now)
    settle()
    return ticket
  }

  mutating func leave(_ engine: Int) {
    engines[engine].leave(now: now)
    settle()
  }

  /// Lets an engine do nothing any more; connections to it are refused.
  mutating func cut(_ engine: Int) {
    dead.insert(engine)
  }

  /// Forgets the events so far, and records packets from now on.
  mutating func forget() {
    isRecording = true
    packets = []
    for index in events.indices { events[index] = [] }
  }

  func packets(_ kind: PacketKind) -> [Packet] { packets.filter { $0.kind == kind } }

  /// Lets the clock run, deadline by deadline.
  mutating func run(for duration: Duration) {
    let end = now + duration
    while let next = alive.map({ engines[$0].nextDeadline }).min(), next <= end {
      now = max(now, next)
      for index in alive where engines[index].nextDeadline <= now {
        engines[index].advance(to: now)
        precondition(engines[index].nextDeadline > now, "a deadline in the past")
      }
      settle()
    }
    now = end
  }

  /// Carries everything to where it goes until all is silent.
  mutating func settle() {
    var touched: Set<Int> = []
    var isBusy = true
    while isBusy {
      isBusy = false
      for index in alive {
        while deliverDatagram(from: index) {
          isBusy = true
          touched.insert(index)
        }
        while let action = engines[index].nextStreamAction() {
          isBusy = true
          touched.insert(index)
          carryOut(action, index)
        }
        while let event = engines[index].nextEvent() {
          touched.insert(index)
          events[index].append(event)
        }
      }
    }
    for index in touched { engines[index].checkInvariants() }
  }

  private mutating func deliverDatagram(from index: Int) -> Bool {
    var buffer: [UInt8] = []
    guard let target = engines[index].nextDatagram(into: &buffer) else { return false }
    datagramCount += 1
    largestDatagram = max(largestDatagram, buffer.count)
    let packet = Packet(
      at: now,
      from: index,
      to: engine(at: target),
      kind: PacketKind(rawValue: buffer[3]),
      bytes: buffer
    )
    if isRecording { packets.append(packet) }
    guard carriesDatagrams, let peer = packet.to, !isLost(packet) else { return true }
    let source = peer == index ? target : moved[index] ?? engines[index].localEndpoint
    engines[peer].receive(buffer.span, from: source, now: now)
    return true
  }

  private mutating func carryOut(_ action: StreamAction, _ index: Int) {
    switch action {
    case .open(_, let target) where silent.contains(target): break
    case .open(let stream, let target):
      guard let peer = engine(at: target), !isStreamLost(index, peer) else {
        engines[index].streamClosed(stream, .refused, now: now)
        return
      }
      let accepted = engines[peer].streamAccepted(from: engines[index].localEndpoint, now: now)
      links.append(Link(engine: index, stream: stream, peer: (peer, accepted)))
      links.append(Link(engine: peer, stream: accepted, peer: (index, stream)))
      engines[index].streamOpened(stream, now: now)
    case .send(let stream, let bytes):
      engines[index].streamWrote(stream, bytes.count, now: now)
      guard let peer = peer(of: index, stream) else { return }
      engines[peer.engine].streamReceived(peer.stream, bytes.span, now: now)
    case .finish(let stream), .abort(let stream):
      guard let peer = peer(of: index, stream) else { return }
      links.removeAll { $0.engine == index && $0.stream == stream }
      links.removeAll { $0.engine == peer.engine && $0.stream == peer.stream }
      engines[peer.engine].streamClosed(peer.stream, .ended, now: now)
    }
  }

  private var alive: [Int] { engines.indices.filter { !dead.contains($0) } }

  private func engine(at target: Endpoint) -> Int? {
    aliases[target] ?? alive.first { (moved[$0] ?? engines[$0].localEndpoint) == target }
  }

  private func peer(of engine: Int, _ stream: StreamID) -> (engine: Int, stream: StreamID)? {
    links.first { $0.engine == engine && $0.stream == stream }?.peer
  }
}
