import GrapevineCore

/// A peer made by hand, which says to an engine whatever a test wants.
struct Stranger {
  static let endpoint = Endpoint(ipv4: 0x0C00_0001, port: 9_000)

  var id = MemberID(name: "stranger", generation: 1)
  var label: String?

  /// A section about the stranger itself.
  func section(_ standing: Standing = Standing()) -> [UInt8] {
    Self.section(of: id, standing)
  }

  /// A section that says who someone is and how it is.
  static func section(
    of id: MemberID,
    _ standing: Standing = Standing(),
    age: UInt64 = 0,
    at endpoint: Endpoint = Self.endpoint
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    let head = Section.begin(MemberKey(id), in: &bytes)
    Section.write(identity: id, to: &bytes)
    Section.write(
      Section.Claim(standing: standing, age: age, endpoint: endpoint),
      to: &bytes
    )
    Section.end(head, in: &bytes)
    return bytes
  }

  func packet(_ kind: PacketKind, _ body: [UInt8]) -> [UInt8] {
    let header = PacketHeader(
      kind: kind,
      label: PacketHeader.hash(label: label),
      sender: MemberKey(id)
    )
    var bytes: [UInt8] = []
    header.write(to: &bytes)
    return bytes + body
  }

  func frame(_ kind: FrameKind, _ payload: [UInt8] = []) -> [UInt8] {
    var bytes = [kind.rawValue]
    bytes.appendFixed(UInt64(payload.count), size: 3)
    return bytes + payload
  }

  func hello(_ purpose: StreamPurpose = .sync) -> [UInt8] {
    var payload: [UInt8] = []
    Hello(label: PacketHeader.hash(label: label), purpose: purpose, instance: 77)
      .write(to: &payload)
    return frame(.hello, payload + section())
  }

  func digest(
    from lower: MemberKey = .lowest,
    through upper: MemberKey = .highest
  ) -> [UInt8] {
    var payload: [UInt8] = []
    DigestRange(lower: lower, upper: upper, body: .entries(count: 0)).write(to: &payload)
    return frame(.digest, payload)
  }
}

extension Engine {
  /// An engine alone, at a time other than zero.
  static func alone(
    _ name: String = "node",
    _ configuration: GossipConfiguration = .init()
  ) -> Engine {
    Engine(
      id: MemberID(name: name, generation: 1),
      endpoint: Endpoint(ipv4: 0x0A00_0001, port: 7_000),
      configuration: configuration,
      seed: 1,
      now: start
    )
  }

  static var start: Instant { Instant(nanoseconds: 1_000_000_000_000) }

  mutating func hear(_ packet: [UInt8], now: Instant = Self.start) {
    receive(packet.span, from: Stranger.endpoint, now: now)
  }

  mutating func hear(_ stream: StreamID, _ bytes: [UInt8], now: Instant = Self.start) {
    streamReceived(stream, bytes.span, now: now)
  }

  /// Lets time pass, deadline by deadline, as a driver that is on time does.
  mutating func run(until end: Instant) {
    while nextDeadline <= end { advance(to: nextDeadline) }
    advance(to: end)
  }

  /// Pulls all packets.
  mutating func packets() -> [[UInt8]] {
    var packets: [[UInt8]] = []
    var packet: [UInt8] = []
    while nextDatagram(into: &packet) != nil {
      packets.append(packet)
      packet = []
    }
    return packets
  }

  /// Pulls what is wanted of streams.
  mutating func streamActions() -> [StreamAction] {
    var actions: [StreamAction] = []
    while let action = nextStreamAction() { actions.append(action) }
    return actions
  }

  mutating func pulledEvents() -> [EngineEvent] {
    var events: [EngineEvent] = []
    while let event = nextEvent() { events.append(event) }
    return events
  }
}
