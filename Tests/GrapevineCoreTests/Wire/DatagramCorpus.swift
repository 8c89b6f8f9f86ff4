import GrapevineCore

/// Valid datagrams of all kinds, as engines send them, and ways to spoil them.
struct DatagramCorpus {
  private(set) var datagrams: [[UInt8]] = []
  /// An engine that has taken part in the exchange, knows three members, and is owed more.
  private(set) var engine: Engine

  static let source = Endpoint(ipv4: 0x0A00_0002, port: 7_000)

  init() {
    var engines = (0..<3).map { index in
      Engine(
        id: MemberID(name: "node \(index) \u{E9}", generation: 5),
        endpoint: Endpoint(ipv4: 0x0A00_0001 + UInt32(index), port: 7_000),
        configuration: GossipConfiguration(),
        seed: UInt64(index) + 1,
        now: .zero
      )
    }
    let endpoints = engines.map(\.localEndpoint)
    var now = Instant.zero
    for index in engines.indices { engines[index].addSeeds(endpoints, now: now) }
    var captured: [[UInt8]] = []
    for round in 0..<80 {
      now = now.advanced(by: 250_000_000)
      for index in engines.indices where round < 70 {
        Self.write(&engines[index], round, now)
        engines[index].advance(to: now)
      }
      if round == 60 {
        _ = engines[0].spread(upTo: 1, deadline: now + .seconds(1), now: now)
      }
      // Nothing of the last one's arrives for a while: so it is looked into, accused and judged.
      let mute = (20..<48).contains(round) ? engines.count - 1 : nil
      Self.deliver(&engines, endpoints, now, mute: mute, &captured)
    }
    engine = engines[0]
    // Each stands for the many like it, so that no kind drowns the others.
    var known: [Int: Int] = [:]
    for datagram in captured {
      let shape = Int(datagram[3]) << 16 | datagram.count / 32
      known[shape, default: 0] += 1
      if known[shape, default: 0] <= 2 { datagrams.append(datagram) }
    }
    appendHandMade()
  }

  private static func write(_ engine: inout Engine, _ round: Int, _ now: Instant) {
    var changes: [Change] = []
    for index in 0..<(round % 4) {
      changes.append(.set("key \((round + index) % 7) \u{FC}", to: "value \(round)"))
    }
    if round % 5 == 4 { changes.append(.delete(key: "key \(round % 7) \u{FC}")) }
    _ = try? engine.update(changes, now: now)
  }

  private static func deliver(
    _ engines: inout [Engine],
    _ endpoints: [Endpoint],
    _ now: Instant,
    mute: Int?,
    _ captured: inout [[UInt8]]
  ) {
    var isBusy = true
    while isBusy {
      isBusy = false
      for index in engines.indices {
        var bytes: [UInt8] = []
        while engines[index].nextStreamAction() != nil {}
        while engines[index].nextEvent() != nil {}
        guard let target = engines[index].nextDatagram(into: &bytes) else { continue }
        isBusy = true
        captured.append(bytes)
        guard index != mute, let peer = endpoints.firstIndex(of: target) else { continue }
        engines[peer].receive(bytes.span, from: endpoints[index], now: now)
      }
    }
  }

  /// Deltas with what comes by stream only, about a member that the engine knows, and with unknown
  /// fields.
  private mutating func appendHandMade() {
    let header = PacketHeader(kind: .delta, label: 0, sender: MemberKey(rawValue: 99))
    let key = MemberKey(MemberID(name: "node 1 \u{E9}", generation: 5))
    let sections = [
      HandMadeSection(
        isSnapshot: true,
        compacted: 3,
        base: 4,
        end: 50,
        retained: [1...2, 4...4],
        entries: [Samples.entry("a", "1", at: 7), Samples.entry("\u{20AC}", nil, at: 50)]
      ),
      HandMadeSection(compacted: 2, base: 1, end: 3, horizon: 9),
    ]
    for section in sections {
      var bytes: [UInt8] = []
      header.write(to: &bytes)
      bytes.append(Delta.Flags.final.rawValue)
      bytes += section.bytes(key)
      let head = Section.begin(key, in: &bytes)
      let field = Section.begin(tag: 77, in: &bytes)
      bytes += [1, 2, 3]
      Section.end(field, in: &bytes)
      Section.end(head, in: &bytes)
      datagrams.append(bytes)
    }
  }
}

extension DatagramCorpus {
  /// A datagram of chance: now and then nothing but noise, mostly a valid one that was spoiled.
  func next(_ random: inout Xoshiro256) -> [UInt8] {
    guard !random.chance(1, outOf: 16) else { return noise(&random) }
    var bytes = datagrams[random.index(datagrams.count)]
    // Most leave the header alone, so that the body is read.
    let first = random.chance(1, outOf: 12) ? 0 : min(PacketHeader.size, bytes.count)
    for _ in 0...(random.chance(1, outOf: 4) ? random.index(3) : 0) {
      spoil(&bytes, from: first, &random)
    }
    return bytes
  }

  private func noise(_ random: inout Xoshiro256) -> [UInt8] {
    var bytes: [UInt8] = []
    if random.chance(1, outOf: 2) {
      let kind = PacketKind.allCases[random.index(PacketKind.allCases.count)]
      PacketHeader(kind: kind, label: 0, sender: MemberKey(rawValue: random.next()))
        .write(to: &bytes)
    }
    for _ in 0..<random.index(80) { bytes.append(UInt8(truncatingIfNeeded: random.next())) }
    return bytes
  }

  private func spoil(_ bytes: inout [UInt8], from first: Int, _ random: inout Xoshiro256) {
    guard first < bytes.count else { return bytes.append(UInt8(truncatingIfNeeded: random.next())) }
    let place = first + random.index(bytes.count - first)
    switch random.index(9) {
    case 0: bytes[place] ^= 1 << UInt8(random.below(8))
    case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    case 2: bytes.removeLast(bytes.count - place)
    case 3: bytes.remove(at: place)
    case 4: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
    case 5:
      let edges: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF]
      let edge = edges[random.index(edges.count)]
      for index in place..<min(bytes.count, place + 1 + random.index(10)) { bytes[index] = edge }
    case 6:
      let other = datagrams[random.index(datagrams.count)]
      let start = random.index(other.count)
      bytes.replaceSubrange(place..., with: other[start...])
    case 7:
      let end = place + random.index(bytes.count - place)
      bytes.insert(contentsOf: bytes[place..<end], at: place)
    default:
      bytes.append(contentsOf: (0..<random.index(20)).map { UInt8($0) })
    }
  }
}
