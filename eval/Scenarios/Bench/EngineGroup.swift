internal import GrapevineCore

/// Engines that know one another and hear each other at once, and a clock turned by hand.
struct EngineGroup {
  let interval: Duration
  private(set) var now = Sample.begin
  private var engines: [Engine]
  private var deadlines: [Instant] = []
  /// Those that may have something to send.
  private var busy: [Int] = []
  /// Kept for its room.
  private var packet: [UInt8] = []

  /// Makes engines that have known one another for a while.
  init(memberCount: Int) throws {
    interval = GossipConfiguration().interval
    engines = try (0..<memberCount).map { try Sample.engine($0, of: memberCount) }
    for index in engines.indices { deadlines.append(EngineGroup.deadline(of: &engines[index])) }
    run(for: interval * 100)
    guard engines.allSatisfy({ $0.fingerprint == engines[0].fingerprint }),
      engines.allSatisfy({ $0.liveMemberCount == memberCount })
    else { throw EvaluationError("\(memberCount) engines did not come to agree") }
  }

  /// The engine of a member as it is now.
  subscript(index: Int) -> Engine { engines[index] }

  /// Lets the clock run, deadline by deadline.
  mutating func run(
    for duration: Duration,
    _ look: (_ source: Int, _ target: Int, [UInt8]) -> Void = { _, _, _ in }
  ) {
    let end = now + duration
    while true {
      var next = 0
      for index in deadlines.indices where deadlines[index] < deadlines[next] { next = index }
      guard deadlines[next] <= end else { break }
      now = max(now, deadlines[next])
      engines[next].advance(to: now)
      busy.append(next)
      while let index = busy.popLast() { carry(from: index, look) }
    }
    now = end
  }

  /// Carries what one engine sends to the others.
  private mutating func carry(from index: Int, _ look: (Int, Int, [UInt8]) -> Void) {
    var packet: [UInt8] = []
    swap(&packet, &self.packet)
    while let endpoint = engines[index].nextDatagram(into: &packet) {
      let target = Sample.index(of: endpoint)
      look(index, target, packet)
      engines[target].receive(packet.span, from: Sample.endpoint(index), now: now)
      busy.append(target)
      packet.removeAll(keepingCapacity: true)
    }
    swap(&packet, &self.packet)
    while engines[index].nextEvent() != nil {}
    deadlines[index] = EngineGroup.deadline(of: &engines[index])
  }

  /// Asks the engine where it lies: as an element's property it would be copied before.
  private static func deadline(of engine: inout Engine) -> Instant { engine.nextDeadline }
}
