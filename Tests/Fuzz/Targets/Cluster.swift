import GrapevineCore

/// A few engines, the packets between them, and a clock that the input turns.
struct Cluster {
  var subjects: [Subject] = []
  var now = Self.start
  /// Packets on their way.
  var packets: [Packet] = []
  /// Says that nobody has said anything yet but the engines themselves.
  var isHonest = true
  /// All identities that ever were.
  private var lives: [MemberID] = []
  private var seed: UInt64 = 1
  let setting: Setting
  /// How many deadlines an input may still let pass: they take the most time.
  var deadlinesLeft = 16

  /// Not the clock's start: something may have happened before.
  static let start = Instant(nanoseconds: 3_600_000_000_000)
  /// The most packets that are on their way; the oldest is lost then.
  static let packetLimit = 64

  struct Packet {
    var source: Endpoint
    var target: Endpoint
    var bytes: [UInt8]
  }

  init(_ count: Int, _ setting: Setting) {
    self.setting = setting
    for index in 0..<count {
      subjects.append(subject(index, Cast.id(index)))
    }
  }

  private mutating func subject(_ index: Int, _ id: MemberID) -> Subject {
    seed += 1
    noteLife(id)
    return Subject(
      Engine(
        id: id,
        endpoint: Cast.endpoints[index],
        configuration: setting.configuration,
        seed: seed,
        now: now
      )
    )
  }

  /// Ends an engine as a crash does, and starts another at its address.
  mutating func restart(_ index: Int, as id: MemberID) {
    if isHonest { checkHonesty() }
    subjects[index] = subject(index, id)
    for other in subjects.indices where other != index {
      for socket in subjects[other].sockets where socket.peer?.index == index {
        subjects[other].close(socket.id, .reset, now: now)
      }
    }
    collect()
  }

  /// Of two lives with the very same identity nobody can say which one has written what.
  private mutating func noteLife(_ id: MemberID) {
    if lives.contains(id) { isHonest = false }
    lives.append(id)
  }

  // MARK: What the engines do

  /// Gives an engine an input and takes what comes of it.
  mutating func touch(_ index: Int, _ body: (inout Subject, Instant) -> Void) {
    body(&subjects[index], now)
    collect()
  }

  /// Moves what the engines have sent to where it is on its way.
  mutating func collect() {
    for index in subjects.indices {
      for outgoing in subjects[index].outbox {
        if packets.count == Self.packetLimit { packets.removeFirst() }
        packets.append(
          Packet(
            source: Cast.endpoints[index],
            target: outgoing.target,
            bytes: outgoing.bytes
          )
        )
      }
      subjects[index].outbox.removeAll(keepingCapacity: true)
      for id in subjects[index].raised { noteLife(id) }
      subjects[index].raised.removeAll()
    }
    sever()
  }

  /// Lets those hear of it whose connections were broken off.
  private mutating func sever() {
    for index in subjects.indices where !subjects[index].severed.isEmpty {
      let severed = subjects[index].severed
      subjects[index].severed = []
      for peer in severed { subjects[peer.index].close(peer.id, .reset, now: now) }
      collect()
    }
  }

  func subject(at endpoint: Endpoint) -> Int? {
    subjects.indices.first { Cast.endpoints[$0] == endpoint }
  }

  mutating func deliver(_ packet: Packet) {
    guard let index = subject(at: packet.target) else { return }
    touch(index) { $0.receive(packet.bytes, from: packet.source, now: $1) }
  }

  // MARK: Time

  /// Lets time pass by one deadline after the other, and everything arrive that is sent; `mute` is
  /// cut off.
  mutating func run(deadlines: Int, mute: Int? = nil) {
    for _ in 0..<deadlines {
      var next = Instant.never
      for index in subjects.indices where index != mute {
        next = min(next, subjects[index].deadline)
      }
      guard next < .never else { return }
      now = max(now, next)
      for index in subjects.indices where index != mute {
        guard subjects[index].deadline <= now else { continue }
        touch(index) { $0.advance(to: $1) }
      }
      settle(mute: mute)
    }
  }

  /// Lets everything arrive that is on its way, within bounds.
  mutating func settle(mute: Int? = nil) {
    for _ in 0..<24 where !packets.isEmpty || hasStreamWork(mute: mute) {
      let arriving = packets
      packets = []
      for packet in arriving {
        if let mute, packet.source == Cast.endpoints[mute] || packet.target == Cast.endpoints[mute]
        {
          continue
        }
        deliver(packet)
      }
      for index in subjects.indices where index != mute {
        for id in socketIDs(of: index, mute: mute) { serve(index, id, byteCount: .max) }
      }
    }
  }

  /// Not the sockets: whoever holds on to them makes each write copy all that waits in them.
  private func socketIDs(of index: Int, mute: Int?) -> [StreamID] {
    var ids: [StreamID] = []
    for position in subjects[index].sockets.indices
    where mute == nil || subjects[index].sockets[position].peer?.index != mute {
      ids.append(subjects[index].sockets[position].id)
    }
    return ids
  }

  private func hasStreamWork(mute: Int?) -> Bool {
    // By index: to copy an engine is cheap, and not free.
    subjects.indices.contains { index in
      index != mute
        && subjects[index].sockets.contains {
          ($0.isConnecting || $0.isFinishing || !$0.outgoing.isEmpty)
            && (mute == nil || $0.peer?.index != mute)
        }
    }
  }

  // MARK: Streams

  /// Lets one connection go on: it comes about, carries up to `byteCount` bytes, or ends.
  mutating func serve(_ index: Int, _ id: StreamID, byteCount: Int) {
    guard let position = subjects[index].socketIndex(id) else { return }
    if subjects[index].sockets[position].isConnecting {
      connect(index, subjects[index].sockets[position])
      return
    }
    let peer = subjects[index].sockets[position].peer
    let bytes = subjects[index].write(id, upTo: byteCount, now: now)
    if let peer, !bytes.isEmpty {
      subjects[peer.index].received(peer.id, bytes, now: now)
    }
    if let rest = subjects[index].socketIndex(id), subjects[index].sockets[rest].isFinishing,
      subjects[index].sockets[rest].outgoing.isEmpty
    {
      cut(index, id, .ended, atPeer: .ended)
    }
    collect()
  }

  private mutating func connect(_ index: Int, _ socket: Subject.Socket) {
    guard let other = subject(at: socket.target) else {
      touch(index) { $0.close(socket.id, .unreachable, now: $1) }
      return
    }
    let accepted = subjects[other].accept(
      from: Cast.endpoints[index],
      peer: (index, socket.id),
      now: now
    )
    guard let position = subjects[index].socketIndex(socket.id) else { return }
    subjects[index].sockets[position].peer = (other, accepted)
    touch(index) { $0.opened(socket.id, now: $1) }
  }

  /// Ends a connection at both ends.
  mutating func cut(
    _ index: Int,
    _ id: StreamID,
    _ closure: StreamClosure,
    atPeer peerClosure: StreamClosure
  ) {
    guard let position = subjects[index].socketIndex(id) else { return }
    let peer = subjects[index].sockets[position].peer
    subjects[index].close(id, closure, now: now)
    if let peer { subjects[peer.index].close(peer.id, peerClosure, now: now) }
    collect()
  }
}
