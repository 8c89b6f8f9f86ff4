import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

/// The check of ghosts, with no time to lose.
@Suite(.computing) struct GhostTests {
  private func settled() throws -> Simulation {
    let simulation = Simulation.cluster(5, seed: 73)
    try simulation.requireConvergence(within: .seconds(20))
    return simulation
  }

  private func ghosts(
    _ simulation: Simulation,
    detection: Duration = GhostCheck.detection,
    oblivion: Duration = GhostCheck.oblivion
  ) -> Violation? {
    do throws(Violation) {
      try simulation.requireNoGhosts(detection: detection, oblivion: oblivion)
      return nil
    } catch {
      return error
    }
  }

  @Test func `a member that is dead may be held alive only so long`() throws {
    let simulation = try settled()
    #expect(ghosts(simulation, detection: .zero, oblivion: .zero) == nil)
    simulation.crash(4)
    #expect(ghosts(simulation) == nil)
    let violation = try #require(ghosts(simulation, detection: .zero))
    #expect(violation.check == GhostCheck.name)
    #expect(violation.detail.contains("node-4#1"))
  }

  @Test func `time counts from the end of what was in the way`() throws {
    let simulation = try settled()
    simulation.crash(4)
    simulation.isolate([0, 1, 2, 3])
    try simulation.run(for: .seconds(1))
    #expect(ghosts(simulation, detection: .milliseconds(500)) != nil)
    simulation.healAll()
    simulation.isolate([0, 1])
    try simulation.run(for: .seconds(1))
    #expect(ghosts(simulation, detection: .milliseconds(500)) == nil)
    simulation.healAll()
    try simulation.run(for: .seconds(1))
    #expect(ghosts(simulation, detection: .milliseconds(500)) != nil)
  }

  @Test func `a member that left may be listed only so long, and in time is not`() throws {
    let simulation = try settled()
    simulation.leave(4)
    try simulation.run(for: .seconds(61))
    #expect(ghosts(simulation) == nil)
    simulation.crash(4, .process)
    let late = simulation.add(name: "late")
    simulation.join(late, to: 0)
    try simulation.run(for: .seconds(65))
    #expect(ghosts(simulation) == nil)
    for node in [0, 1, 2, 3, late] {
      #expect(simulation.member(named: "node-4", at: node) == nil)
    }
  }

  @Test func `a member that has just left is listed, and not as live`() throws {
    let simulation = try settled()
    simulation.leave(4)
    try simulation.run(for: .seconds(62))
    let other = try settled()
    other.leave(4)
    try other.run(for: .seconds(2))
    #expect(ghosts(other, detection: .zero) == nil)
    #expect(ghosts(other, oblivion: .seconds(-59))?.detail.contains("forgotten") == true)
  }

  @Test func `an earlier life is a ghost, the later one is not`() throws {
    let simulation = try settled()
    simulation.crash(4, .process)
    simulation.restart(4, generation: 2)
    #expect(ghosts(simulation, detection: .zero)?.detail.contains("node-4#1") == true)
    simulation.join(4, to: 0)
    try simulation.requireConvergence(within: .seconds(10))
    #expect(ghosts(simulation, detection: .zero, oblivion: .zero) == nil)
  }

  @Test func `of twins the one that goes on is no ghost`() throws {
    for generation in [1, 2] as [UInt64] {
      let simulation = try settled()
      let rival = simulation.add(name: "node-4", generation: generation)
      simulation.join(rival, to: 0)
      try simulation.run(for: .seconds(30))
      #expect(ghosts(simulation, detection: .zero, oblivion: .zero) == nil)
    }
  }
}
