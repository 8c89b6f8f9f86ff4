import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

/// Clusters that fall apart, and come together again.
@Suite(.computing) struct SplitTests {
  private static let lengths: [Duration] =
    [.seconds(30), .seconds(120), .seconds(1_000)] + (Scale.isFull ? [.seconds(86_400)] : [])

  @Test(arguments: lengths)
  func `two halves that both write agree after the split`(length: Duration) throws {
    let count = Scale.nodeCount
    let half = count / 2
    let (simulation, watch) = try Simulation.settled(count, seed: 1_21)
    if length > .seconds(600) { simulation.judgesVerdicts = false }
    let partition = simulation.partition(Array(0..<half), from: Array(half..<count))
    let end = simulation.now + length
    var turn = 0
    while simulation.now < end {
      turn += 1
      if turn <= 100 || turn % 100 == 0 {
        for node in [turn % half, half + turn % half] {
          try simulation.set(node, "key-\(turn % 7)", "\(turn)")
        }
      }
      try simulation.run(for: .seconds(5))
    }
    let apart = simulation.packetPeak
    // Neither side has called one of its own down, and each has called all others so.
    for told in watch.downs {
      let member = try #require(
        simulation.nodeIndices.first {
          simulation.engine(at: $0).localID == told.event.member
        }
      )
      #expect((told.node < half) != (member < half), "\(told.event) at \(told.node)")
    }
    #expect(watch.downs.count >= count * half)

    watch.forget()
    simulation.resetPeaks()
    simulation.heal(partition)
    let time = try simulation.time(within: .seconds(120)) { $0.agree(Array(0..<count)) }
    report("split of \(length): agreed \(text(time)), peak apart \(apart), then", simulation)
    // A minute is promised. The buried are not to wait until it is their turn to be contacted.
    #expect(try #require(time) <= .seconds(10))
    try simulation.run(for: .seconds(20))
    for told in watch.downs {
      let member = try #require(
        simulation.nodeIndices.first {
          simulation.engine(at: $0).localID == told.event.member
        }
      )
      #expect((told.node < half) != (member < half), "\(told.event) at \(told.node)")
    }
    #expect(simulation.agree(Array(0..<count)))
    #expect(max(apart, simulation.packetPeak) <= Scale.packetLimit)
    try simulation.verify()
  }

  @Test func `two clusters merge where one node of the one knows an address of the other`() throws {
    let simulation = Simulation(seed: 1_22)
    for index in 0..<12 { simulation.add(name: "node-\(index)") }
    for node in 1..<6 { simulation.join(node, to: 0) }
    for node in 7..<12 { simulation.join(node, to: 6) }
    try simulation.run(for: .seconds(10))
    #expect(simulation.engine(at: 0).memberCount == 6)
    #expect(simulation.engine(at: 6).memberCount == 6)
    simulation.addSeeds(3, [9])
    let time = try simulation.time(within: .seconds(60)) { $0.agree(Array(0..<12)) }
    #expect(time != nil)
  }

  @Test func `a member that all have forgotten, graves and all, comes back by its seeds`() throws {
    var configuration = GossipConfiguration()
    configuration.memberExpiry = .seconds(10)
    // A day of the default is cut short, as it takes that long to pass.
    configuration.graveLifetime = Scale.pick(.seconds(60), full: .seconds(86_400))
    let (simulation, watch) = try Simulation.settled(8, seed: 1_23, configuration: configuration)
    simulation.isolate([7])
    try simulation.run(for: configuration.graveLifetime + .seconds(60))
    let id = simulation.engine(at: 7).localID
    for node in 0..<7 { #expect(simulation.member(named: id.name, at: node) == nil) }
    #expect(simulation.engine(at: 7).memberCount == 1)
    watch.forget()
    simulation.healAll()
    let time = try simulation.time(within: .seconds(60)) { $0.agree(Array(0..<8)) }
    #expect(time != nil)
    for node in 0..<7 { #expect(watch.count(.joined(id), at: node) == 1) }
  }

  @Test func `a member that all have buried comes back though it knows no seed`() throws {
    var configuration = GossipConfiguration()
    configuration.memberExpiry = .seconds(10)
    let simulation = Simulation(seed: 1_24)
    for index in 0..<8 { simulation.add(name: "node-\(index)", configuration: configuration) }
    // All know of node 7 since it was joined, and none of them keeps it as a seed.
    for node in 1..<7 { simulation.join(node, to: 0) }
    simulation.join(7, to: 0)
    try simulation.requireConvergence(within: .seconds(20))
    simulation.isolate([7])
    try simulation.run(for: .seconds(60))
    #expect(simulation.engine(at: 0).memberCount == 7)
    simulation.healAll()
    let time = try simulation.time(within: .seconds(120)) { $0.agree(Array(0..<8)) }
    #expect(time != nil)
  }
}
