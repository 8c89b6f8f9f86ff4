import GrapevineCore
import GrapevineSimulation

extension Lie {
  static let keys = [
    Lie(OwnerCheck.self, "a node forgets what it wrote") { simulation in
      let former = simulation.engine(at: 1)
      try simulation.set(1, "key", "third")
      simulation.mutate(1) { engine, _ in engine = former }
    },
    Lie(OwnerCheck.self, "a node writes unasked") { simulation in
      _ = try simulation.mutate(1) { engine, now in
        try engine.update([.set("unasked", to: "value")], now: now)
      }
    },
    Lie(OwnerCheck.self, "a node deletes a key unasked that has no time to live") { simulation in
      _ = try simulation.mutate(1) { engine, now in
        try engine.update([.delete(key: "key")], now: now)
      }
    },
    Lie(OwnerCheck.self, "a key is deleted before its time is up") { simulation in
      try simulation.update(1, [.third(for: .seconds(20))])
      _ = try simulation.mutate(1) { engine, now in
        try engine.update([.third(for: .seconds(5))], now: now)
      }
      try simulation.run(for: .seconds(15))
    },
    Lie(OwnerCheck.self, "a key outlives its time") { simulation in
      try simulation.update(1, [.third(for: .seconds(5))])
      _ = try simulation.mutate(1) { engine, now in
        try engine.update([.set("key", to: "third")], now: now)
      }
      try simulation.run(for: .seconds(6))
    },
    Lie(OwnerCheck.self, "a node does what it has refused") { simulation in
      try simulation.pretend(refusing: [.set("key", to: "refused")], at: 1)
    },
    Lie(VersionCheck.self, "a replica falls back") { simulation in
      let former = simulation.engine(at: 2)
      try simulation.set(1, "new", "value")
      try simulation.requireConvergence(within: .seconds(10))
      // Each time one member is read by chance.
      for _ in 0..<20 {
        try simulation.run(for: .milliseconds(500))
        simulation.mutate(2) { engine, _ in engine = former }
      }
    },
    Lie(VersionCheck.self, "a replica forgets what was compacted") { _ in
      var configuration = GossipConfiguration()
      configuration.compactThreshold = 1
      configuration.tombstoneAge = .seconds(30)
      let simulation = Simulation.cluster(3, seed: 64, configuration: configuration)
      try simulation.set(1, "key", "value")
      try simulation.delete(1, "key")
      try simulation.requireConvergence(within: .seconds(20))
      let former = simulation.engine(at: 2)
      try simulation.run(for: .seconds(60))
      try simulation.verify()
      // Each time one member is read by chance.
      for _ in 0..<20 { simulation.mutate(2) { engine, _ in engine = former } }
      if let violation = simulation.violation { throw violation }
    },
    Lie(ValueCheck.self, "a replica tells of a value that nobody wrote") { simulation in
      let id = simulation.engine(at: 1).localID
      let entry = Entry(key: "key", value: Array("forged".utf8), version: 1)
      simulation.pretend(.member(.keySet(id, entry)), at: 2)
    },
    Lie(ValueCheck.self, "a replica shows another value of the same version") { simulation in
      let other = Simulation.cluster(5, seed: 61)
      try other.set(1, "key", "another")
      try other.set(1, "other", "second")
      try other.requireConvergence(within: .seconds(20))
      let forged = other.engine(at: 2)
      for _ in 0..<40 where simulation.violation == nil {
        simulation.mutate(2) { engine, _ in engine = forged }
      }
    },
    Lie(DeletionCheck.self, "an old value comes back") { simulation in
      try simulation.set(1, "key", "third")
      try simulation.requireConvergence(within: .seconds(10))
      let id = simulation.engine(at: 1).localID
      let entry = Entry(key: "key", value: Array("first".utf8), version: 1)
      simulation.pretend(.member(.keySet(id, entry)), at: 2)
    },
    Lie(ReadCheck.self, "a live key vanishes") { simulation in
      let id = simulation.engine(at: 1).localID
      simulation.pretend(.member(.keyDeleted(id, key: "key", version: 2)), at: 2)
    },
    Lie(ReadCheck.self, "a change is not told of") { simulation in
      simulation.mutate(2) { engine, _ in engine.reportsEntries = false }
      try simulation.set(1, "untold", "value")
      try simulation.run(for: .seconds(10))
      try simulation.verify()
    },
    Lie(OverwriteCheck.self, "a replica moves on without what was written") { simulation in
      simulation.isolate([1])
      let version = try simulation.set(1, "key", "third")
      try moveOn(to: version, in: simulation)
    },
    Lie(OverwriteCheck.self, "a whole replica lacks what was overwritten later") { simulation in
      simulation.isolate([1])
      let version = try simulation.set(1, "key", "third")
      try simulation.set(1, "key", "fourth")
      try moveOn(to: version, in: simulation)
    },
  ]

  /// Node 3 tells node 2 that node 1 has written nothing up to a version.
  private static func moveOn(to version: Version, in simulation: Simulation) throws {
    let key = MemberKey(simulation.engine(at: 1).localID)
    var body: [UInt8] = [0]
    let head = Section.begin(key, in: &body)
    let mark = Section.beginState(
      isSnapshot: false,
      compacted: 0,
      base: version - 1,
      end: version,
      horizon: version,
      in: &body
    )
    Section.markComplete(mark, in: &body)
    Section.end(mark, in: &body)
    Section.end(head, in: &body)
    simulation.inject(
      simulation.packet(.delta, from: 3, body: body),
      from: simulation.endpoint(of: 3),
      to: 2
    )
    try simulation.run(for: .zero)
    try simulation.verify()
  }

  static let members = [
    Lie(NameCheck.self, "two of one name are shown") { simulation in
      simulation.add(name: "node-1", generation: 2)
      let twin = simulation.engine(at: 5).localID
      simulation.pretend(.member(.joined(twin)), at: 0)
    },
    Lie(NameCheck.self, "two of one name go on in peace") { _ in
      let simulation = Simulation(seed: 62)
      simulation.add(name: "twin")
      simulation.add(name: "twin")
      try simulation.requireConvergence(within: .zero)
    },
    Lie(EventOrderCheck.self, "one that was not down is up") { simulation in
      simulation.pretend(.member(.up(simulation.engine(at: 1).localID)), at: 0)
    },
    Lie(EventOrderCheck.self, "one that is buried joins as if it were not") { simulation in
      simulation.judgesVerdicts = false
      let id = simulation.engine(at: 1).localID
      for event in [.down(id), .expired(id), .joined(id)] as [Event] {
        simulation.pretend(.member(event), at: 0)
      }
    },
    Lie(EventOrderCheck.self, "one that never was joins") { simulation in
      simulation.pretend(.member(.joined(MemberID(name: "nobody", generation: 1))), at: 0)
    },
  ]

  static let verdicts = [
    Lie(VerdictCheck.self, "one that runs is called down") { simulation in
      simulation.pretend(.member(.down(simulation.engine(at: 1).localID)), at: 0)
    },
    Lie(AccusationCheck.self, "a node accuses before an interval is over") { simulation in
      var configuration = simulation.configuration(of: 1)
      configuration.interval = .seconds(60)
      for node in simulation.nodeIndices { simulation.pretend(configuration, at: node) }
      simulation.judgesVerdicts = false
      simulation.crash(4)
      try simulation.run(for: .seconds(20))
    },
    Lie(AccusationCheck.self, "a node accuses without having asked") { simulation in
      let other = try settledCluster()
      other.crash(4)
      while simulation.violation == nil {
        try other.run(for: .milliseconds(100))
        try simulation.run(for: .milliseconds(100))
        for node in 0..<4 where other.engine(at: node).metrics.accusationsOut > 0 {
          let accuser = other.engine(at: node)
          simulation.mutate(node) { engine, _ in engine = accuser }
        }
        try other.requireNoGhosts(detection: .seconds(20))
      }
    },
    Lie(CorroborationCheck.self, "verdicts come before their grace is over") { simulation in
      var configuration = simulation.configuration(of: 1)
      configuration.suspicionGrace = 100
      configuration.loneAccuserGrace = 1_000
      for node in simulation.nodeIndices { simulation.pretend(configuration, at: node) }
      simulation.crash(4)
      try simulation.run(for: .seconds(20))
    },
    Lie(StandingCheck.self, "an incarnation is told that the member never took") { simulation in
      try simulation.slander(3, Standing(incarnation: 5), at: 2)
    },
    Lie(StandingCheck.self, "a verdict is told that nobody reached") { simulation in
      // Of one that is known it would be asked itself.
      let late = simulation.add(name: "late")
      try simulation.slander(late, Standing(verdict: .down), at: 2)
    },
    Lie(StandingCheck.self, "a leave is told that never was") { simulation in
      try simulation.slander(3, Standing(verdict: .left), at: 2)
    },
    Lie(StandingCheck.self, "an accuser is named that never accused") { simulation in
      let accuser = MemberKey(simulation.engine(at: 4).localID)
      try simulation.slander(3, Standing(accusers: [accuser]), at: 2)
    },
  ]
}

extension Change {
  /// Sets `key` to a value that lives for a while.
  fileprivate static func third(for timeToLive: Duration) -> Change {
    .set(key: "key", value: Array("third".utf8), timeToLive: timeToLive)
  }
}
