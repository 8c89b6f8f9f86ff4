internal import GrapevineCore

/// Two engines that hear each other at once, and a clock turned by hand.
///
/// They are no elements of an array: to ask one of these for its deadline would copy it.
struct EnginePair {
  let interval: Duration
  private(set) var packetCount = 0
  private(set) var first: Engine
  private(set) var second: Engine
  private(set) var now = Sample.begin
  /// Kept for its room.
  private var packet: [UInt8] = []

  /// Makes the first one know the second's address, and nothing more.
  init() {
    var configuration = GossipConfiguration()
    // Nothing but heartbeats, and what they lead to; all entries in one packet.
    configuration.push = .off
    configuration.maximumPacketSize = 9_000
    interval = configuration.interval
    first = EnginePair.engine(0, configuration)
    second = EnginePair.engine(1, configuration)
    first.addSeeds([Sample.endpoint(1)], now: now)
  }

  private static func engine(_ index: Int, _ configuration: GossipConfiguration) -> Engine {
    Engine(
      id: MemberID(name: "node-\(index)", generation: 1),
      endpoint: Sample.endpoint(index),
      configuration: configuration,
      seed: UInt64(index + 1),
      now: Sample.begin
    )
  }

  /// Two engines that know all of each other, and have done so for a while.
  static func steady() throws -> EnginePair {
    var pair = EnginePair()
    pair.run(for: pair.interval * 200)
    guard pair.first.liveMemberCount == 2, pair.second.liveMemberCount == 2,
      pair.first.fingerprint == pair.second.fingerprint
    else { throw EvaluationError("two engines did not come to agree") }
    return pair
  }

  /// An engine, and a packet of the first one with entries that it lacks.
  static func delta(entryCount: Int) throws -> (engine: Engine, packet: [UInt8]) {
    var pair = try steady()
    let changes = (0..<entryCount).map {
      Change.set("key-\(1_000 + $0)", to: "value-\(10_000 + $0)")
    }
    try pair.change(changes)
    let receiver = pair.second
    var largest: [UInt8] = []
    pair.run(for: pair.interval * 4) { packet in
      if packet.count > largest.count { largest = packet }
    }
    var engine = receiver
    engine.receive(largest.span, from: Sample.endpoint(0), now: Sample.begin)
    guard engine.fingerprint == pair.first.fingerprint else {
      throw EvaluationError("\(entryCount) entries did not come in one packet")
    }
    return (receiver, largest)
  }

  /// Lets the first one change its own state.
  mutating func change(_ changes: [Change]) throws {
    _ = try first.update(changes, now: now)
  }

  /// Lets the clock run, deadline by deadline.
  mutating func run(for duration: Duration, _ look: ([UInt8]) -> Void = { _ in }) {
    let end = now + duration
    while nextDeadline <= end { step(look) }
    now = end
  }

  /// Lets the clock run until the two hold the same.
  mutating func settle() throws {
    var steps = 0
    while first.fingerprint != second.fingerprint {
      guard steps < 1_000 else { throw EvaluationError("two engines do not come to agree") }
      step { _ in }
      steps += 1
    }
  }

  private var nextDeadline: Instant { min(first.nextDeadline, second.nextDeadline) }

  private mutating func step(_ look: ([UInt8]) -> Void) {
    now = max(now, nextDeadline)
    if first.nextDeadline <= now { first.advance(to: now) }
    if second.nextDeadline <= now { second.advance(to: now) }
    var isBusy = true
    while isBusy {
      let count = packetCount
      packetCount += EnginePair.deliver(from: &first, 0, to: &second, now, &packet, look)
      packetCount += EnginePair.deliver(from: &second, 1, to: &first, now, &packet, look)
      isBusy = packetCount > count
    }
  }

  /// Carries what one engine sends to the other; the number of packets.
  private static func deliver(
    from sender: inout Engine,
    _ index: Int,
    to receiver: inout Engine,
    _ now: Instant,
    _ packet: inout [UInt8],
    _ look: ([UInt8]) -> Void
  ) -> Int {
    var count = 0
    packet.removeAll(keepingCapacity: true)
    while sender.nextDatagram(into: &packet) != nil {
      count += 1
      look(packet)
      receiver.receive(packet.span, from: Sample.endpoint(index), now: now)
      packet.removeAll(keepingCapacity: true)
    }
    while sender.nextEvent() != nil {}
    while receiver.nextEvent() != nil {}
    return count
  }
}
