import GrapevineCore
import Pacing
import Testing

/// What goes back to an address that is no member's: at most eight times what came from it, or one
/// packet if that is more.
@Suite(.computing) struct AmplificationTests {
  /// Who the packets say that they come from.
  enum Sender: String, CaseIterable, CustomStringConvertible {
    case unknown
    /// A live member, whose address is another one.
    case member
    /// A member that is buried here.
    case buried
    /// The node itself.
    case node

    var description: String { rawValue }
  }

  @Test(arguments: PacketKind.allCases, [(512, 8), (1_400, 8), (1_400, 64)])
  func `a stranger gets back eight times what it sent, or a packet`(
    kind: PacketKind,
    limits: (packetSize: Int, burst: Int)
  ) throws {
    let scene = try Scene(packetSize: limits.packetSize, burst: limits.burst)
    var random = Xoshiro256(seed: UInt64(kind.rawValue))
    let bodies = scene.bodies(of: kind, random: &random)
    for sender in Sender.allCases {
      var worst = (sent: 0, answered: 0)
      for (index, body) in bodies.enumerated() {
        let packet = scene.header(kind, sender) + body
        // What comes later is looked for after some.
        let answered = scene.answer(to: packet, withLater: index % 10 == 0)
        let limit = max(8 * packet.count, limits.packetSize)
        if answered > limit { Issue.record("\(answered) bytes for \(packet.count) of \(sender)") }
        if answered * max(worst.sent, 1) > worst.answered * packet.count {
          worst = (packet.count, answered)
        }
      }
      // The test is worth something where there is something to say.
      let isAnswered = sender != .node && [.heartbeat, .digest, .delta, .push].contains(kind)
      if isAnswered { #expect(worst.answered > worst.sent) }
      guard Environment.isVerbose else { continue }
      print("\(kind) of \(sender), packets of \(limits.packetSize): \(worst)")
    }
  }

  @Test(arguments: [false, true])
  func `a member is told all that it lacks only where its address is its own`(
    isForged: Bool
  ) throws {
    let scene = try Scene(packetSize: 1_400, burst: 8)
    let question = scene.header(.digest, .member) + Scene.everything(count: 0)
    let source = isForged ? Scene.source : Scene.endpoint(0)
    let answered = scene.answer(to: question, from: source)
    #expect(isForged ? answered <= 1_400 : answered > 7 * 1_000)
  }

  @Test func `a stranger is asked for what it has although the answer is rationed`() throws {
    // A single packet's worth: the digest that goes back has its part of it.
    let scene = try Scene(packetSize: 1_400, burst: 8)
    let question = scene.header(.digest, .unknown) + Scene.everything(count: 1)
    let packets = scene.packets(after: question)
    #expect(packets.map { $0[3] } == [PacketKind.delta.rawValue, PacketKind.digest.rawValue])
    let key = withUnsafeBytes(of: Scene.stranger.rawValue.littleEndian) { Array($0) }
    #expect(packets[1].indices.contains { packets[1][$0...].starts(with: key) })
    #expect(packets.reduce(0) { $0 + $1.count } <= 1_400)
  }
}

/// A node that knows much, and packets that make it speak.
private struct Scene {
  static let source = Endpoint(ipv4: 0x0D00_0001, port: 6_000)
  static let stranger = MemberKey(MemberID(name: "stranger", generation: 1))
  private static let liveCount = 60
  private static let deadCount = 40

  private let engine: Engine
  private let now: Instant

  /// A node with 60 live members that hold some KiB each, and 40 that are buried.
  init(packetSize: Int, burst: Int) throws {
    var configuration = GossipConfiguration()
    configuration.maximumPacketSize = packetSize
    configuration.burst = burst
    configuration.streamThreshold = 1 << 24
    var engine = Engine.alone("node", configuration)
    var now = Engine.start
    for index in 0..<(Self.liveCount + Self.deadCount) {
      let isLive = index < Self.liveCount
      let standing = isLive ? Standing() : Standing(verdict: .down)
      var delta: [UInt8] = [0]
      delta += Self.section(index, standing, age: isLive ? 0 : 59_999, entryCount: isLive ? 20 : 0)
      let peer = Stranger(id: Self.identity(index))
      engine.receive(peer.packet(.delta, delta).span, from: Self.endpoint(index), now: now)
    }
    now = now + .seconds(1)
    engine.advance(to: now)
    try #require(engine.memberCount == 1 + Self.liveCount)
    _ = engine.packets()
    _ = engine.streamActions()
    self.engine = engine
    self.now = now
  }

  static func identity(_ index: Int) -> MemberID {
    // Names as long as they may be make the longest answers.
    let name = "member-\(index)-" + String(repeating: "x", count: 230)
    return MemberID(name: name, generation: 1)
  }

  static func endpoint(_ index: Int) -> Endpoint {
    Endpoint(ipv4: 0x0E00_0000 + UInt32(index), port: 7_000)
  }

  private static func key(_ index: Int) -> MemberKey { MemberKey(identity(index)) }

  /// A digest's range of entries over all keys, about members of chance that nobody knows.
  static func everything(count: Int) -> [UInt8] {
    var keys = [stranger]
    while keys.count < count {
      keys.append(MemberKey(rawValue: keys[keys.count - 1].rawValue &+ 1))
    }
    return entries(keys.prefix(count).sorted().map { ($0, 1, 7) })
  }

  private static func entries(_ entries: [(MemberKey, UInt64, UInt32)], tag: Bool = true) -> [UInt8]
  {
    var bytes: [UInt8] = []
    let body: DigestRange.Body =
      tag ? .entries(count: entries.count) : .wanted(count: entries.count)
    DigestRange(lower: .lowest, upper: .highest, body: body).write(to: &bytes)
    for (key, version, hash) in entries {
      DigestEntry(
        key: key,
        progress: Progress(version: version, compacted: 0),
        standingHash: hash
      ).write(to: &bytes)
    }
    return bytes
  }

  private static func section(
    _ index: Int,
    _ standing: Standing,
    age: UInt64 = 0,
    base: UInt64 = 0,
    entryCount: Int
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    let head = Section.begin(key(index), in: &bytes)
    if base == 0 { Section.write(identity: identity(index), to: &bytes) }
    Section.write(
      Section.Claim(standing: standing, age: age, endpoint: endpoint(index)),
      to: &bytes
    )
    if entryCount > 0 {
      let end = base + UInt64(entryCount)
      let mark = Section.beginState(
        isSnapshot: false,
        compacted: 0,
        base: base,
        end: end,
        horizon: end,
        in: &bytes
      )
      for entry in 0..<entryCount {
        bytes += [1, 0, 2, UInt8(ascii: "k"), UInt8(65 + entry % 26), 100]
        bytes += [UInt8](repeating: 1, count: 100)
      }
      Section.markComplete(mark, in: &bytes)
      Section.end(mark, in: &bytes)
    }
    Section.end(head, in: &bytes)
    return bytes
  }
}

// What is sent.
extension Scene {
  func header(_ kind: PacketKind, _ sender: AmplificationTests.Sender) -> [UInt8] {
    let key =
      switch sender {
      case .unknown: Self.stranger
      case .member: Self.key(0)
      case .buried: Self.key(Self.liveCount)
      case .node: MemberKey(engine.localID)
      }
    var bytes: [UInt8] = []
    PacketHeader(kind: kind, label: 0, sender: key).write(to: &bytes)
    return bytes
  }

  /// Bodies from the shortest that asks for all to long ones, and mixtures by chance.
  func bodies(of kind: PacketKind, random: inout Xoshiro256) -> [[UInt8]] {
    switch kind {
    case .heartbeat:
      return [0, 1].map { [$0] + [UInt8](repeating: 3, count: 8) + [5] }
    case .digest:
      return digests(random: &random)
    case .delta:
      return (0...7).flatMap { flags in sections.map { [UInt8(flags)] + $0 } }
    case .push:
      var head: [UInt8] = []
      PushHead(hops: 1, arc: Arc(lower: .lowest, upper: .highest)).write(to: &head)
      return sections.map { head + $0 }
    case .ping, .ack:
      return pings
    case .pingRequest:
      return pings.filter { $0.count == 12 }
    case .request:
      return [
        [1, 2, 3, 4, Inquiry.versionTopic],
        [1, 2, 3, 4, Inquiry.lockTopic, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1],
      ]
    case .reply:
      return [
        [1, 2, 3, 4, Inquiry.versionTopic, 9],
        [1, 2, 3, 4, Inquiry.lockTopic, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1],
      ]
    }
  }

  private func digests(random: inout Xoshiro256) -> [[UInt8]] {
    let all = (0..<(Self.liveCount + Self.deadCount)).map { Self.key($0) }
    var bodies: [[UInt8]] = [[], Self.everything(count: 0), Self.everything(count: 1)]
    var whole: [UInt8] = []
    DigestRange(lower: .lowest, upper: .highest, body: .fingerprint(1, memberCount: 2))
      .write(to: &whole)
    bodies.append(whole)
    for count in [1, 2, 5, 20, 100] {
      let keys = all.suffix(count).sorted()
      bodies.append(Self.entries(keys.map { ($0, 0, 0) }, tag: false))
      bodies.append(Self.entries(keys.map { ($0, 99, 3) }))
      bodies.append(
        Self.entries(keys.map { ($0, 0, 3) }) + Self.entries([(keys[0], 0, 0)], tag: false)
      )
    }
    for _ in 0..<60 {
      let known = all.filter { _ in random.below(3) == 0 }
      let unknown = (0..<random.below(20)).map { _ in MemberKey(rawValue: random.next()) }
      let keys = (known + unknown).sorted()
      bodies.append(
        Self.entries(
          keys.map { ($0, random.below(30), UInt32(random.below(3))) },
          tag: random.below(2) == 0
        )
      )
    }
    return bodies
  }

  /// Sections that lie about members, dead and alive, and about more than is known.
  private var sections: [[UInt8]] {
    let dead = Self.liveCount..<(Self.liveCount + Self.deadCount)
    var bodies: [[UInt8]] = []
    for count in [1, 3, 10, 40] {
      bodies.append(dead.prefix(count).flatMap { Self.section($0, Standing(), entryCount: 0) })
      bodies.append(
        dead.prefix(count).flatMap { Self.section($0, Standing(), base: 5, entryCount: 1) }
      )
      bodies.append(
        (0..<count).flatMap { Self.section($0, Standing(), base: 500, entryCount: 1) }
      )
      bodies.append(
        (0..<count).flatMap {
          Self.section($0, Standing(incarnation: 1), base: 20, entryCount: 1)
        }
      )
      let gap = (0..<count).flatMap { index -> [UInt8] in
        var bytes: [UInt8] = []
        let head = Section.begin(MemberKey(rawValue: UInt64(index) << 40), in: &bytes)
        Section.end(head, in: &bytes)
        return bytes
      }
      bodies.append(gap)
    }
    return bodies
  }

  private var pings: [[UInt8]] {
    let targets = [MemberKey(engine.localID), Self.key(1), Self.key(Self.liveCount)]
    return targets.flatMap { target -> [[UInt8]] in
      var bytes: [UInt8] = []
      Ping(sequence: 7, target: target).writeHead(to: &bytes)
      var section: [UInt8] = []
      let head = Section.begin(target, in: &section)
      let empty = section
      Section.write(
        Section.Claim(
          standing: Standing(incarnation: 3, verdict: .down),
          age: 1,
          endpoint: engine.localEndpoint
        ),
        to: &section
      )
      Section.end(head, in: &section)
      return [bytes, bytes + empty, bytes + section]
    }
  }
}

// What comes back.
extension Scene {
  /// The bytes that go to the source at once, and those within five seconds if wanted.
  func answer(
    to packet: [UInt8],
    from source: Endpoint = Self.source,
    withLater isPatient: Bool = false
  ) -> Int {
    var engine = engine
    engine.receive(packet.span, from: source, now: now)
    var size = bytes(&engine, to: source).reduce(0) { $0 + $1.count }
    let actions = engine.streamActions()
    let opened = actions.count { if case .open(_, source) = $0 { true } else { false } }
    if opened > 1 { Issue.record("\(opened) streams for a packet") }
    guard isPatient else { return size }
    let end = now + .seconds(5)
    while engine.nextDeadline <= end {
      engine.advance(to: engine.nextDeadline)
      size += bytes(&engine, to: source).reduce(0) { $0 + $1.count }
    }
    return size
  }

  func packets(after packet: [UInt8]) -> [[UInt8]] {
    var engine = engine
    engine.receive(packet.span, from: Self.source, now: now)
    return bytes(&engine, to: Self.source)
  }

  private func bytes(_ engine: inout Engine, to target: Endpoint) -> [[UInt8]] {
    var found: [[UInt8]] = []
    var packet: [UInt8] = []
    while let endpoint = engine.nextDatagram(into: &packet) {
      if endpoint == target { found.append(packet) }
      packet = []
    }
    return found
  }
}
