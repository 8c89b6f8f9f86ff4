import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

/// Members that die, one or many, and that they stay dead.
@Suite(.computing) struct DeathTests {
  @Test func `a crash is told once, and forgotten once, and nobody brings the member back`()
    throws
  {
    let count = Scale.nodeCount
    let (simulation, watch) = try Simulation.settled(count, seed: 1_01, loss: .percent(5))
    let victim = count - 1
    let id = simulation.engine(at: victim).localID
    simulation.crash(victim)
    try simulation.run(for: .seconds(45))
    // Two that see the member expire behind a partition, and their own verdicts on the others.
    let partition = simulation.partition([1, 2], from: Array(3..<count) + [0])
    try simulation.run(for: .seconds(45))
    simulation.heal(partition)
    try simulation.run(for: Scale.pick(.seconds(300), full: .seconds(1_800)))
    for node in 0..<victim {
      #expect(watch.count(.down(id), at: node) == 1)
      #expect(watch.count(.expired(id), at: node) == 1)
      #expect(watch.count(.joined(id), at: node) == 0)
      #expect(watch.count(.up(id), at: node) == 0)
    }
    #expect(simulation.agree(Array(0..<victim)))
    try simulation.requireNoGhosts()
  }

  @Test func `newcomers do not keep a dead member listed`() throws {
    let (simulation, watch) = try Simulation.settled(Scale.pick(12, full: 64), seed: 1_02)
    let id = simulation.engine(at: 5).localID
    simulation.crash(5)
    try simulation.run(for: .seconds(10))
    let verdict = try #require(watch.downs.map(\.time).min())
    let newcomerCount = Scale.pick(9, full: 30)
    var isGone = false
    for _ in 0..<newcomerCount {
      let newcomer = simulation.add(name: "late-\(simulation.nodeIndices.count)")
      simulation.addSeeds(newcomer, [0])
      simulation.join(newcomer, to: 0)
      for _ in 0..<20 {
        try simulation.run(for: .seconds(1))
        guard simulation.now >= verdict + .seconds(65) else { continue }
        isGone = true
        for node in simulation.liveNodes {
          #expect(simulation.member(named: id.name, at: node) == nil, "node \(node)")
        }
      }
    }
    #expect(isGone)
  }

  @Test func `a newcomer is told that the dead are down, and never takes one for live`() throws {
    let (simulation, watch) = try Simulation.settled(8, seed: 1_03, loss: .percent(5))
    let id = simulation.engine(at: 5).localID
    simulation.crash(5)
    try simulation.run(for: .seconds(10))
    for seed in [0, 3] {
      let newcomer = simulation.add(name: "late-\(seed)")
      simulation.join(newcomer, to: seed)
      for _ in 0..<300 {
        try simulation.run(for: .milliseconds(100))
        #expect(simulation.member(named: id.name, at: newcomer)?.isLive != true)
      }
      let told = watch.all.filter { $0.node == newcomer && $0.event.member == id }.map(\.event)
      #expect(told.prefix(2) == [.joined(id), .down(id)])
      #expect(told.dropFirst(2).allSatisfy { $0 == .expired(id) })
    }
  }

  @Test func `who gets a dead member's address under another name keeps nobody alive`() throws {
    let (simulation, watch) = try Simulation.settled(8, seed: 1_04)
    let id = simulation.engine(at: 5).localID
    simulation.crash(5, .process)
    let heir = simulation.add(name: "heir", at: simulation.endpoint(of: 5))
    simulation.join(heir, to: 0)
    try simulation.run(for: .seconds(10))
    for node in simulation.liveNodes {
      #expect(simulation.member(named: id.name, at: node)?.isDown == true, "node \(node)")
      #expect(simulation.member(named: "heir", at: node)?.isLive == true, "node \(node)")
    }
    try simulation.run(for: .seconds(65))
    let heirID = simulation.engine(at: heir).localID
    for node in simulation.liveNodes {
      #expect(simulation.member(named: id.name, at: node) == nil, "node \(node)")
      #expect(watch.count(.down(heirID), at: node) == 0)
    }
    #expect(simulation.agree(simulation.liveNodes))
  }

  struct Loss: CustomTestStringConvertible {
    let count: Int
    let killed: Int
    let limit: Duration
    var testDescription: String { "\(killed) of \(count)" }
  }

  private static let losses =
    Scale.isFull
    ? [
      Loss(count: 64, killed: 32, limit: .seconds(10)),
      Loss(count: 64, killed: 60, limit: .seconds(15)),
      Loss(count: 3, killed: 2, limit: .seconds(10)),
      Loss(count: 2, killed: 1, limit: .seconds(10)),
    ]
    : [
      Loss(count: 16, killed: 8, limit: .seconds(10)),
      Loss(count: 16, killed: 14, limit: .seconds(15)),
      Loss(count: 3, killed: 2, limit: .seconds(10)),
      Loss(count: 2, killed: 1, limit: .seconds(10)),
    ]

  @Test(arguments: losses)
  func `the loss of many is found out in time, and not by a storm`(loss: Loss) throws {
    for seed in 0..<Scale.pick(3 as UInt64, full: 10) {
      let (simulation, watch) = try Simulation.settled(loss.count, seed: 1_100 + seed)
      var random = Xoshiro256(seed: seed)
      var nodes = Array(0..<loss.count)
      random.shuffle(&nodes)
      let survivors = Array(nodes.dropFirst(loss.killed)).sorted()
      for node in nodes.prefix(loss.killed) {
        simulation.crash(node, random.chance(1, outOf: 2) ? .host : .process)
      }
      let time = try simulation.time(within: .seconds(60)) { $0.agree(survivors) }
      report("\(loss.testDescription), seed \(seed): agreed \(text(time)), peak", simulation)
      #expect(try #require(time) <= loss.limit, "seed \(seed)")
      #expect(simulation.packetPeak <= Scale.packetLimit, "seed \(seed)")
      let live = Set(survivors.map { simulation.engine(at: $0).localID })
      #expect(watch.downs.allSatisfy { !live.contains($0.event.member) }, "seed \(seed)")
    }
  }
}

/// Prints a figure and the peak of packets when figures are asked for.
func report(_ text: String, _ simulation: Simulation) {
  if Scale.isFull { print("figure:", text, simulation.packetPeak, "packets/s") }
}

func text(_ time: Duration?) -> String {
  guard let (seconds, attoseconds) = time?.components else { return "never" }
  return "after \(seconds * 1_000 + attoseconds / 1_000_000_000_000_000) ms"
}
