import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

/// The check of the order of events, by events that are made up.
@Suite(.computing) struct EventOrderTests {
  /// What may be made up of node 1, which node 0 knows and shows alive.
  enum Step: String, CaseIterable {
    case joined
    case down
    case up
    case left
    case expired
    /// A later life takes its place.
    case replaced
    /// The same of the later life.
    case laterJoined
    case laterDown
    case laterUp
    case laterExpired
  }

  /// Whether the steps are found to be out of order, the last of which comes `pause` after the one
  /// before it.
  private func isViolation(
    _ steps: [Step],
    graveLimit: Int = 4_096,
    after pause: Duration = .zero
  ) throws -> Violation? {
    var configuration = GossipConfiguration()
    configuration.graveLimit = graveLimit
    configuration.graveLifetime = .seconds(10)
    let simulation = Simulation.cluster(2, seed: 81, configuration: configuration)
    try simulation.requireConvergence(within: .seconds(10))
    simulation.judgesVerdicts = false
    let first = simulation.engine(at: 1).localID
    simulation.crash(1)
    simulation.restart(1, generation: 2)
    let later = simulation.engine(at: 1).localID
    for (index, step) in steps.enumerated() {
      if index == steps.count - 1, pause > .zero {
        // Nothing happens meanwhile but that time passes.
        for node in simulation.nodeIndices { simulation.pause(node) }
        try simulation.run(for: pause)
      }
      let event: Event =
        switch step {
        case .joined: .joined(first)
        case .down: .down(first)
        case .up: .up(first)
        case .left: .left(first)
        case .expired: .expired(first)
        case .replaced: .replaced(first, by: later)
        case .laterJoined: .joined(later)
        case .laterDown: .down(later)
        case .laterUp: .up(later)
        case .laterExpired: .expired(later)
        }
      simulation.pretend(.member(event), at: 0)
    }
    return simulation.violation
  }

  @Test(
    arguments: [
      [.down], [.down, .up], [.down, .up, .down, .up], [.left], [.down, .left],
      [.down, .up, .left],
      [.left, .expired], [.down, .expired], [.down, .left, .expired],
      [.replaced], [.down, .replaced], [.left, .replaced], [.replaced, .laterDown, .laterUp],
      [.down, .expired, .laterJoined], [.left, .expired, .laterJoined, .laterDown, .laterExpired],
      [.replaced, .laterDown, .laterExpired, .laterJoined],
    ] as [[Step]]
  )
  func `what may happen to a member is no violation`(steps: [Step]) throws {
    #expect(try isViolation(steps) == nil)
  }

  @Test(
    arguments: [
      [.up], [.joined], [.expired], [.down, .down], [.down, .up, .up], [.down, .joined],
      [.left, .left], [.left, .down], [.left, .up], [.left, .joined],
      [.down, .expired, .expired], [.down, .expired, .up], [.down, .expired, .down],
      [.down, .expired, .left], [.left, .expired, .joined], [.down, .left, .expired, .joined],
      [.down, .expired, .joined], [.down, .up, .down, .expired, .joined],
      [.replaced, .down], [.replaced, .up], [.replaced, .left], [.replaced, .expired],
      [.replaced, .joined], [.replaced, .replaced], [.replaced, .laterJoined],
      [.replaced, .laterUp],
      [.laterJoined], [.laterDown], [.down, .expired, .replaced],
      [.replaced, .laterDown, .laterExpired, .joined],
    ] as [[Step]]
  )
  func `what may not happen to a member is a violation`(steps: [Step]) throws {
    let violation = try #require(try isViolation(steps))
    #expect([EventOrderCheck.name, NameCheck.name].contains(violation.check))
    // All but the last step are in order, so it is the last that is found.
    #expect(try isViolation(steps.dropLast()) == nil)
  }

  @Test func `who is buried may come back once later graves have taken its place`() throws {
    let steps: [Step] = [.replaced, .laterDown, .laterExpired, .joined]
    #expect(try isViolation(steps, graveLimit: 2)?.check == EventOrderCheck.name)
    #expect(try isViolation(steps, graveLimit: 1) == nil)
  }

  @Test func `who is buried may come back once the time of its grave is over`() throws {
    for steps in [[.left, .expired, .joined], [.down, .expired, .joined]] as [[Step]] {
      #expect(try isViolation(steps, after: .seconds(9))?.check == EventOrderCheck.name)
      #expect(try isViolation(steps, after: .seconds(11)) == nil)
    }
  }

  @Test func `who is buried may come back in a higher incarnation`() throws {
    var configuration = GossipConfiguration()
    configuration.memberExpiry = .seconds(10)
    let simulation = Simulation.cluster(4, seed: 84, configuration: configuration)
    try simulation.requireConvergence(within: .seconds(10))
    let id = simulation.engine(at: 3).localID
    simulation.isolate([3])
    try simulation.run(for: .seconds(60))
    simulation.healAll()
    try simulation.requireConvergence(within: .seconds(60))
    let events = simulation.memberEvents(of: 0)
    for event in [.down(id), .expired(id)] as [Event] { #expect(events.contains(event)) }
    #expect(events.last { $0 == .joined(id) || $0 == .expired(id) } == .joined(id))
    // The same once more is not believed.
    for event in [.down(id), .expired(id), .joined(id)] as [Event] {
      #expect(simulation.violation == nil)
      simulation.judgesVerdicts = false
      simulation.pretend(.member(event), at: 0)
    }
    #expect(simulation.violation?.check == EventOrderCheck.name)
  }

  @Test func `a process that starts anew may be told all again`() throws {
    let simulation = Simulation.cluster(3, seed: 82)
    try simulation.requireConvergence(within: .seconds(10))
    simulation.judgesVerdicts = false
    let id = simulation.engine(at: 1).localID
    simulation.pretend(.member(.down(id)), at: 0)
    simulation.crash(0, .process)
    simulation.restart(0, generation: 2)
    simulation.pretend(.member(.joined(id)), at: 0)
    simulation.pretend(.member(.down(id)), at: 0)
    simulation.pretend(.member(.up(id)), at: 0)
    #expect(simulation.violation == nil)
    simulation.pretend(.member(.up(id)), at: 0)
    #expect(simulation.violation?.check == EventOrderCheck.name)
  }

  @Test func `what a node shows must be what it told last`() throws {
    let simulation = Simulation.cluster(3, seed: 83)
    try simulation.requireConvergence(within: .seconds(10))
    simulation.judgesVerdicts = false
    simulation.pretend(.member(.down(simulation.engine(at: 1).localID)), at: 0)
    let violation = #expect(throws: Violation.self) { try simulation.verify() }
    #expect(violation?.check == EventOrderCheck.name)
  }
}
