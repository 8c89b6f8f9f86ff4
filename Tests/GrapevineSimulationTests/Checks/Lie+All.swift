import GrapevineCore
import GrapevineSimulation
import Testing

extension Lie {
  static let all = sizes + times + memories + traffic + keys + members + verdicts + peace

  private static let sizes = [
    Lie(LimitCheck.self, "a packet is a byte too large") { simulation in
      let packet = simulation.packet(.push, body: [UInt8](repeating: 0, count: 1_385))
      simulation.pretend(sending: [packet], to: simulation.endpoint(of: 2), from: 1)
    },
    Lie(LimitCheck.self, "a heartbeat has 33 bytes") { simulation in
      let packet = simulation.packet(.heartbeat, body: [UInt8](repeating: 0, count: 17))
      simulation.pretend(sending: [packet], to: simulation.endpoint(of: 2), from: 1)
    },
    Lie(LimitCheck.self, "a byte too many waits in a stream") { simulation in
      simulation.pretend(queueing: 262_144, at: 1)
      simulation.pretend(queueing: 262_145, at: 1)
    },
    Lie(LimitCheck.self, "more packets leave at once than the queue holds") { simulation in
      var configuration = simulation.configuration(of: 1)
      configuration.packetQueueLimit = 64
      simulation.pretend(configuration, at: 1)
      let packet = simulation.packet(.ack, body: [UInt8](repeating: 0, count: 12))
      let target = simulation.freshEndpoint()
      simulation.pretend(
        sending: [[UInt8]](repeating: packet, count: 65),
        to: target,
        from: 1,
        answering: .ping,
        size: 28
      )
    },
  ]

  private static let times = [
    Lie(DeadlineCheck.self, "the next deadline is now") { simulation in
      simulation.pretend(nextDeadline: simulation.clockReading(of: 1), at: 1)
    },
    Lie(DeadlineCheck.self, "an engine wakes up again and again") { simulation in
      for _ in 0..<DeadlineCheck.wakeLimit {
        simulation.pretend(nextDeadline: simulation.clockReading(of: 1) + .nanoseconds(1), at: 1)
      }
    },
    Lie(DeadlineCheck.self, "an engine wakes up more often than it has work") { simulation in
      for _ in 0..<400 {
        simulation.pretend(nextDeadline: simulation.clockReading(of: 1) + .nanoseconds(1), at: 1)
      }
    },
    Lie(DeadlineCheck.self, "an engine wants to sleep for longer than a round") { simulation in
      var configuration = simulation.configuration(of: 1)
      configuration.interval = .seconds(3_600)
      let (slow, endpoint) = (configuration, simulation.endpoint(of: 1))
      simulation.mutate(1) { engine, now in
        engine = Engine(
          id: engine.localID,
          endpoint: endpoint,
          configuration: slow,
          seed: 1,
          now: now
        )
      }
    },
  ]

  private static let memories = [
    Lie(MemoryCheck.self, "a node holds more members than it may") { simulation in
      var configuration = simulation.configuration(of: 1)
      configuration.memberLimit = 4
      simulation.pretend(configuration, at: 1)
      try simulation.run(for: .seconds(1))
    },
    Lie(MemoryCheck.self, "snapshots in part take more memory than they may") { _ in
      var configuration = GossipConfiguration()
      configuration.compactThreshold = 1
      configuration.tombstoneAge = .seconds(1)
      let simulation = Simulation.cluster(3, seed: 65, configuration: configuration)
      try simulation.set(1, "key", "value")
      try simulation.requireConvergence(within: .seconds(20))
      simulation.isolate([2])
      let value = String(repeating: "v", count: 10_000)
      for index in 0..<50 { try simulation.set(1, "key-\(index)", value) }
      try simulation.delete(1, "key")
      try simulation.run(for: .seconds(5))
      simulation.setBandwidth(2, bytesPerSecond: 100_000)
      simulation.healAll()
      while simulation.engine(at: 2).holdings.stagedBytes == 0 {
        try simulation.run(for: .milliseconds(10))
      }
      configuration.remoteStateLimit = 0
      simulation.pretend(configuration, at: 2)
      try simulation.run(for: .seconds(1))
    },
    Lie(InvariantCheck.self, "a member has more entries than it may") { simulation in
      for index in 0..<12 { try simulation.set(1, "key-\(index)", "value") }
      try simulation.requireConvergence(within: .seconds(10))
      var configuration = simulation.configuration(of: 2)
      configuration.entryLimit = 2
      simulation.pretend(configuration, at: 2)
      try simulation.verify()
    },
    Lie(InvariantCheck.self, "a window is longer than it may be") { simulation in
      var configuration = simulation.configuration(of: 1)
      configuration.arrivalWindow = 4
      simulation.pretend(configuration, at: 1)
      try simulation.verify()
    },
  ]

  private static let traffic = [
    Lie(ExchangeCheck.self, "a call makes a node send a digest") { simulation in
      simulation.pretend(
        sending: [simulation.packet(.digest)],
        to: simulation.endpoint(of: 2),
        from: 1
      )
    },
    Lie(ExchangeCheck.self, "a digest has more packets follow than the burst") { simulation in
      let packets = [[UInt8]](repeating: simulation.packet(.delta, body: [0]), count: 9)
      let target = simulation.endpoint(of: 2)
      simulation.pretend(
        sending: Array(packets.dropLast()),
        to: target,
        from: 1,
        answering: .digest
      )
      guard simulation.violation == nil else { return }
      simulation.pretend(sending: packets, to: target, from: 1, answering: .digest)
    },
    Lie(ExchangeCheck.self, "a stranger gets more than eight times what it sent") { simulation in
      // Whatever packets are taken apart, these can be.
      var body: [UInt8] = [0]
      for size in [229, 229, 229, 228] {
        let name = String(repeating: "n", count: size)
        let id = MemberID(name: name, generation: 1)
        let head = Section.begin(MemberKey(id), in: &body)
        Section.write(identity: id, to: &body)
        Section.end(head, in: &body)
      }
      #expect(body.count == 984)
      let packets = [simulation.packet(.delta, body: body), simulation.packet(.delta, body: body)]
      let stranger = simulation.freshEndpoint()
      for (target, size) in [(simulation.endpoint(of: 2), 32), (stranger, 250), (stranger, 249)] {
        guard simulation.violation == nil else { return }
        simulation.pretend(
          sending: packets,
          to: target,
          from: 1,
          answering: .digest,
          size: size
        )
      }
    },
    Lie(CodecCheck.self, "what is sent can't be read") { simulation in
      let packets = [[UInt8]](repeating: simulation.packet(.heartbeat, body: [0]), count: 64)
      simulation.pretend(sending: packets, to: simulation.endpoint(of: 2), from: 1)
    },
    Lie(CodecCheck.self, "what is sent is not what is read") { simulation in
      // A section of key 1 with a field of an unknown tag, which is passed over.
      let section: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 99, 0, 0, 0]
      let packets = [[UInt8]](repeating: simulation.packet(.delta, body: [0] + section), count: 64)
      simulation.pretend(sending: packets, to: simulation.endpoint(of: 2), from: 1)
    },
    Lie(CodecCheck.self, "an engine drops what it takes for malformed") { simulation in
      simulation.inject(simulation.packet(.push), from: simulation.endpoint(of: 1), to: 2)
      try simulation.run(for: .seconds(1))
      try simulation.verify()
    },
    Lie(CodecCheck.self, "more packets came out of a node than its engine counted") { simulation in
      simulation.pretend(
        sending: [simulation.packet(.ack, body: [UInt8](repeating: 0, count: 12))],
        to: simulation.freshEndpoint(),
        from: 1,
        answering: .ping,
        size: 28
      )
      try simulation.verify()
    },
  ]

  private static let peace = [
    Lie(ConvergenceCheck.self, "a node that is cut off has changed") { simulation in
      simulation.isolate([4])
      try simulation.set(4, "key", "unheard")
      try simulation.requireConvergence(within: .seconds(1))
    },
    Lie(SpreadCheck.self, "a spread ends although one that lives was cut off") { simulation in
      simulation.isolate([4])
      let version = try simulation.set(0, "key", "value")
      let ticket = simulation.mutate(0) { engine, now in
        engine.spread(upTo: version, deadline: now + .seconds(60), now: now)
      }
      simulation.pretend(.spreadFinished(ticket, missing: []), at: 0)
    },
    Lie(GhostCheck.self, "a dead member is held for live") { simulation in
      simulation.crash(4)
      try simulation.requireNoGhosts(detection: .zero)
    },
    Lie(LockCheck.self, "a second node takes a lock that is held") { simulation in
      let id = LockID(prefix: "ring", key: "key")
      simulation.mutate(0) { engine, now in engine.claimLock(id, now: now) }
      try simulation.run(for: .seconds(5))
      precondition(simulation.holders(of: id) == [0], "nobody holds it")
      simulation.pretend(.lockGranted(id, epoch: .max), at: 1)
    },
    Lie(LockCheck.self, "a later holder has no higher epoch") { simulation in
      let id = LockID(prefix: "ring", key: "key")
      simulation.pretend(.lockGranted(id, epoch: 7), at: 0)
      simulation.pretend(.lockGranted(id, epoch: 7), at: 1)
    },
    Lie(AccordCheck.self, "a dead member is listed") { simulation in
      try simulation.requireAccord(among: [0, 1, 2, 3, 4])
      simulation.crash(4)
      try simulation.requireAccord(among: [0, 1, 2, 3])
    },
    Lie(AccordCheck.self, "a live member is called down") { simulation in
      simulation.crash(4)
      try simulation.run(for: .seconds(20))
      try simulation.requireAccord(among: [0, 1, 2, 3, 4])
    },
  ]
}
