internal import GrapevineCore

// What an engine does with one packet, one change, or one look.
extension Benchmark {
  static let ofEngine = [
    heartbeat,
    delta("engine.delta.apply-100"),
    // No node does without the changes of single keys; what they cost is the difference.
    delta("engine.delta.apply-100-untold") { $0.reportsEntries = false },
    fill, compare, push(memberCount: 64), push(memberCount: 1_000), set, members,
  ]

  /// Heartbeats of the members that a member of 64 observes, four times as often as they come.
  ///
  /// The rounds between are left out: what they cost is in `engine.idle-64`.
  private static let heartbeat = Benchmark(
    "engine.heartbeat.receive",
    operationCount: 8_192,
    output: Output(1, "heartbeats")
  ) {
    var group = try EngineGroup(memberCount: 64)
    var scheduled = [Int](repeating: 0, count: 64)
    var packets = [[UInt8]](repeating: [], count: 64)
    group.run(for: group.interval * 4) { source, target, packet in
      let isHeartbeat = packet[3] == PacketKind.heartbeat.rawValue
      guard target == 0, isHeartbeat, packet[16] & Heartbeat.scheduledFlag != 0 else { return }
      scheduled[source] += 1
      packets[source] = packet
    }
    // A scheduled one of someone else comes by chance, and not in each round.
    let observed = packets.indices.filter { scheduled[$0] >= 3 }
    guard !observed.isEmpty else { throw EvaluationError("a member observes nobody") }
    var (engine, now) = (group[0], group.now)
    return { count in
      for index in 0..<count {
        let member = observed[index % observed.count]
        if member == observed[0] { now = now + group.interval / 4 }
        let packet = packets[member]
        engine.receive(packet.span, from: Sample.endpoint(member), now: now)
      }
      var bytes: [UInt8] = []
      keep(engine.metrics.heartbeatsIn + Sample.drain(&engine, into: &bytes))
    }
  }

  /// A packet with entries that all are new to the engine; what they bring about is told.
  private static func delta(
    _ name: String,
    _ adjust: @escaping @Sendable (inout Engine) -> Void = { _ in }
  ) -> Benchmark {
    Benchmark(name, operationCount: 256, output: Output(100, "entries")) {
      var (engine, delta) = try EnginePair.delta(entryCount: 100)
      adjust(&engine)
      return { [engine] count in
        var sum = 0
        for _ in 0..<count {
          // The copy costs next to nothing, but each entry is new to it.
          var engine = engine
          engine.receive(delta.span, from: Sample.endpoint(0), now: Sample.begin)
          while engine.nextEvent() != nil { sum &+= 1 }
          sum &+= engine.stateSize
        }
        keep(sum)
      }
    }
  }

  /// The answer to one who knows nobody.
  private static let fill = Benchmark(
    "engine.delta.fill-10000",
    operationCount: 8,
    output: Output(1, "answers")
  ) {
    var engine = try Sample.engine(0, of: 10_000, version: 1)
    var digest: [UInt8] = []
    Sample.header(.digest, from: 1).write(to: &digest)
    DigestRange(lower: .lowest, upper: .highest, body: .entries(count: 0)).write(to: &digest)
    return answers(&engine, to: digest)
  }

  /// Of the sums that tell of 100,000 members one differs; the answer looks into its part.
  private static let compare = Benchmark(
    "engine.digest.compare-100000",
    operationCount: 16,
    output: Output(1, "digests")
  ) {
    var engine = try Sample.engine(0, of: 100_000)
    // One who holds something else is told the sums.
    var heartbeat: [UInt8] = []
    Sample.header(.heartbeat, from: 1).write(to: &heartbeat)
    Heartbeat(fingerprint: 1, memberCount: 2, isScheduled: true).write(to: &heartbeat)
    engine.receive(heartbeat.span, from: Sample.endpoint(1), now: Sample.begin)
    var digest: [UInt8] = []
    guard engine.nextDatagram(into: &digest) != nil,
      digest[3] == PacketKind.digest.rawValue
    else { throw EvaluationError("no digest came") }
    digest.replaceSubrange(8..<16, with: heartbeat[8..<16])
    // In the first sum, behind the range's kind and bounds.
    digest[PacketHeader.size + 17] ^= 1
    return answers(&engine, to: digest)
  }

  /// Lets an engine answer a digest of member 1, again and again.
  private static func answers(_ engine: inout Engine, to digest: [UInt8]) -> Work {
    var engine = engine
    var bytes: [UInt8] = []
    return { count in
      var sum = 0
      for _ in 0..<count {
        engine.receive(digest.span, from: Sample.endpoint(1), now: Sample.begin)
        let packetCount = Sample.drain(&engine, into: &bytes)
        guard packetCount > 0 else { throw EvaluationError("a digest was not answered") }
        sum += packetCount
      }
      keep(sum)
    }
  }

  /// One changed key comes by push, goes on to the members that the receiver answers for, and is
  /// applied.
  private static func push(memberCount: Int) -> Benchmark {
    Benchmark(
      "engine.push.forward-\(memberCount)",
      operationCount: memberCount > 100 ? 128 : 1_024,
      output: Output(1, "pushes")
    ) {
      // Versions that take as many bytes as one another.
      var version: Version = 1 << 21
      var engine = try Sample.engine(0, of: memberCount, version: version)
      let origin = Sample.key(1)
      var packet: [UInt8] = []
      Sample.header(.push, from: 1).write(to: &packet)
      PushHead(hops: 1, arc: Arc(around: origin)).write(to: &packet)
      let headSize = packet.count
      var entry: [UInt8] = []
      Sample.entry(1).write(after: 0, to: &entry)
      var bytes: [UInt8] = []
      return { count in
        var sum = 0
        for _ in 0..<count {
          packet.removeLast(packet.count - headSize)
          let head = Section.begin(origin, in: &packet)
          Sample.write(entry, after: version, to: &packet)
          Section.end(head, in: &packet)
          version += 1
          engine.receive(packet.span, from: Sample.endpoint(1), now: Sample.begin)
          sum += Sample.drain(&engine, into: &bytes)
        }
        guard sum >= count else { throw EvaluationError("a push was not passed on") }
        keep(sum)
      }
    }
  }

  /// A node that is alone changes one of 64 keys.
  private static let set = Benchmark(
    "engine.set",
    operationCount: 4_096,
    output: Output(1, "changes")
  ) {
    var engine = try Sample.engine(0, of: 1)
    // Each time another value than before.
    let changes = (0..<128).map { [Change.set("key-\($0 % 64)", to: "value-\($0)")] }
    return { count in
      for index in 0..<count { _ = try engine.update(changes[index % 128], now: Sample.begin) }
      keep(engine.stateSize)
    }
  }

  /// All members with an entry each, for a reader.
  private static let members = Benchmark(
    "engine.members-1000",
    operationCount: 16,
    output: Output(1_000, "members")
  ) {
    let engine = try Sample.engine(0, of: 1_000, version: 1)
    return { count in
      var sum = 0
      for _ in 0..<count { sum += engine.members(now: Sample.begin).count }
      keep(sum)
    }
  }
}
