import GrapevineCore

/// One engine among members made by hand, which beat, answer, or fall silent as a test wants, and a
/// clock that runs deadline by deadline.
struct Stage {
  struct Packet {
    var at: Instant
    /// The member that it went to; nil for another address.
    var member: Int?
    var kind: PacketKind?
    var bytes: [UInt8]
  }

  static let interval: UInt64 = 500_000_000

  var engine: Engine
  var now = Engine.start
  var members: [Stranger] = []
  /// Members that send no heartbeats.
  var silent: Set<Int> = []
  /// Members that answer no pings.
  var deaf: Set<Int> = []
  /// Members that answer streams.
  var streaming: Set<Int> = []
  /// Members by way of which a member can be reached, by that member.
  var relays: [Int: Set<Int>] = [:]
  private(set) var packets: [Packet] = []
  private(set) var opened: [(at: Instant, member: Int?)] = []
  private(set) var events: [(at: Instant, event: EngineEvent)] = []
  /// When each member was heard last.
  private(set) var heardAt: [Instant] = []
  private var beatsAt: [Instant] = []
  /// When the node's last round began.
  private var roundAt = Engine.start

  /// A configuration with which the node observes all of up to eight members.
  static var wide: GossipConfiguration {
    var configuration = GossipConfiguration()
    configuration.observerCount = 8
    return configuration
  }

  /// A node and `count` members that are in sync with it, and beat until their rhythm is known.
  init(
    _ count: Int,
    _ configuration: GossipConfiguration = Self.wide,
    warmUp: Duration = .seconds(8)
  ) {
    engine = Engine.alone("node", configuration)
    for index in 0..<count {
      let stranger = Stranger(id: MemberID(name: "member-\(index)", generation: 1))
      members.append(stranger)
      let section = Self.section(of: stranger.id, index, Standing())
      engine.receive(
        (stranger.packet(.delta, [0] + section)).span,
        from: Self.endpoint(index),
        now: now
      )
      heardAt.append(now)
      beatsAt.append(now.advanced(by: UInt64(index) * 7_000_000 + 3_000_000))
    }
    collect()
    run(for: warmUp)
    forget()
  }

  static func endpoint(_ index: Int) -> Endpoint {
    Endpoint(ipv4: 0x0C00_0001 + UInt32(index), port: 9_000)
  }

  static func section(
    of id: MemberID,
    _ index: Int,
    _ standing: Standing,
    age: UInt64 = 0
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    let head = Section.begin(MemberKey(id), in: &bytes)
    Section.write(identity: id, to: &bytes)
    Section.write(
      Section.Claim(standing: standing, age: age, endpoint: endpoint(index)),
      to: &bytes
    )
    Section.end(head, in: &bytes)
    return bytes
  }

  func key(_ index: Int) -> MemberKey { MemberKey(members[index].id) }

  /// Forgets what has been recorded so far.
  mutating func forget() {
    packets = []
    opened = []
    events = []
  }

  // MARK: Time

  mutating func run(for duration: Duration) { run(until: now + duration) }

  mutating func run(until end: Instant) {
    while true {
      let beat = beatsAt.indices.filter { !silent.contains($0) }.map { beatsAt[$0] }.min() ?? .never
      let next = min(engine.nextDeadline, beat)
      guard next <= end else { break }
      now = max(now, next)
      for index in members.indices where beatsAt[index] <= now {
        beatsAt[index] = beatsAt[index].advanced(by: Self.interval)
        if !silent.contains(index) { self.beat(index) }
      }
      engine.advance(to: now)
      precondition(engine.nextDeadline > now, "a deadline in the past")
      collect()
    }
    now = end
    for index in members.indices {
      while beatsAt[index] <= now { beatsAt[index] = beatsAt[index].advanced(by: Self.interval) }
    }
  }

  /// Lets time pass without running the engine.
  mutating func pause(for duration: Duration) {
    now = now + duration
    for index in members.indices {
      while beatsAt[index] <= now { beatsAt[index] = beatsAt[index].advanced(by: Self.interval) }
    }
    engine.advance(to: now)
    collect()
  }

  /// Lets the node be late with its next round, by more than a quarter of an interval and less
  /// than what counts as a pause.
  mutating func runLate() {
    while now > roundAt.advanced(by: Self.interval * 9 / 10 - 1_000_000) {
      run(for: .milliseconds(1))
    }
    run(until: roundAt.advanced(by: Self.interval * 9 / 10 - 1_000_000))
    pause(for: .milliseconds(230))
  }

  // MARK: What members say

  /// Lets the node hear a packet of someone who is no member.
  mutating func hear(_ packet: [UInt8]) {
    engine.receive(packet.span, from: Stranger.endpoint, now: now)
    collect()
  }

  private mutating func beat(_ index: Int) {
    var body: [UInt8] = []
    Heartbeat(
      fingerprint: engine.fingerprint,
      memberCount: engine.memberCount,
      isScheduled: true
    ).write(to: &body)
    say(index, .heartbeat, body)
  }

  mutating func say(_ index: Int, _ kind: PacketKind, _ body: [UInt8]) {
    let packet = members[index].packet(kind, body)
    heardAt[index] = now
    engine.receive(packet.span, from: Self.endpoint(index), now: now)
    collect()
  }

  /// Lets a member fall silent altogether.
  mutating func mute(_ index: Int) {
    silent.insert(index)
    deaf.insert(index)
  }

  mutating func unmute(_ index: Int) {
    silent.remove(index)
    deaf.remove(index)
  }

  /// Lets time pass until the node accuses a member; returns for how long that had been silent.
  mutating func silenceUntilAccused(_ index: Int, atMost duration: Duration = .seconds(15))
    -> UInt64?
  {
    forget()
    let end = now + duration
    while claims(to: index).isEmpty, now < end { run(for: .milliseconds(1)) }
    return claims(to: index).first.map { $0.at.since(heardAt[index]) }
  }

  /// Lets one member push what is held of another.
  mutating func push(_ sender: Int, about index: Int, _ standing: Standing) {
    var body: [UInt8] = []
    PushHead(hops: 1, arc: Arc(lower: key(sender), upper: key(sender))).write(to: &body)
    say(sender, .push, body + Self.section(of: members[index].id, index, standing))
  }

  /// Lets one member tell in a delta what is held of another.
  mutating func tell(_ sender: Int, about index: Int, _ standing: Standing) {
    say(sender, .delta, [0] + Self.section(of: members[index].id, index, standing))
  }

  // MARK: What the engine says

  private mutating func collect() {
    var isBusy = true
    while isBusy {
      isBusy = false
      var bytes: [UInt8] = []
      while let target = engine.nextDatagram(into: &bytes) {
        isBusy = true
        take(bytes, to: target)
        bytes = []
      }
      while let action = engine.nextStreamAction() {
        isBusy = true
        if case .open(let stream, let target) = action { take(stream, to: target) }
      }
      while let event = engine.nextEvent() { events.append((now, event)) }
    }
    engine.checkInvariants()
  }

  private mutating func take(_ bytes: [UInt8], to target: Endpoint) {
    let member = members.indices.first { Self.endpoint($0) == target }
    let kind = PacketKind(rawValue: bytes[3])
    packets.append(Packet(at: now, member: member, kind: kind, bytes: bytes))
    if kind == .heartbeat, bytes[PacketHeader.size] == Heartbeat.scheduledFlag { roundAt = now }
    guard let member, kind == .ping || kind == .pingRequest else { return }
    var reader = WireReader(PacketHeader.size..<bytes.count)
    guard let ping = try? Ping.read(bytes.span, &reader) else { return }
    var isAnswered = !deaf.contains(member)
    if kind == .pingRequest {
      let meant = members.indices.first { key($0) == ping.target }
      isAnswered = meant.map { relays[$0]?.contains(member) ?? false } ?? false
    }
    guard isAnswered else { return }
    var body: [UInt8] = []
    Ping(sequence: ping.sequence, target: ping.target).writeHead(to: &body)
    let packet = members[member].packet(.ack, body)
    engine.receive(packet.span, from: target, now: now)
  }

  private mutating func take(_ stream: StreamID, to target: Endpoint) {
    let member = members.indices.first { Self.endpoint($0) == target }
    opened.append((now, member))
    guard let member, streaming.contains(member) else { return }
    engine.streamOpened(stream, now: now)
    let answer = members[member].hello(.ping)
    engine.streamReceived(stream, answer.span, now: now)
  }

  // MARK: What was seen

  func packets(_ kind: PacketKind, to member: Int? = nil) -> [Packet] {
    packets.filter { $0.kind == kind && (member == nil || $0.member == member) }
  }

  /// Pings that say what is held against their target.
  func claims(to member: Int) -> [Packet] {
    packets(.ping, to: member).filter { $0.bytes.count > PacketHeader.size + 12 }
  }

  func time(of event: Event) -> Instant? {
    events.first { $0.event == .member(event) }?.at
  }

  func count(of event: EngineEvent) -> Int { events.count { $0.event == event } }

  var pauseCount: Int {
    events.count { if case .wasPaused = $0.event { true } else { false } }
  }

  func isDown(_ index: Int) -> Bool? {
    engine.member(named: members[index].id.name, now: now)?.isDown
  }
}
