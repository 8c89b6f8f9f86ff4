import Glibc
import GrapevineCore
import GrapevineSimulation
import Pacing
import Synchronization
import Testing

/// The seeds to try: 50 to 55, or `CASES` of them from `SEED` on.
///
/// A debug build takes its time; `eval simulate` runs many, those before among them.
private let seeds: Range<UInt64> = {
  func number(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }
  let first = number("SEED") ?? 50
  return first..<(first + (number("CASES") ?? 6))
}()

/// Seeds that draw everything, in groups so that a failure names its seed soon.
@Suite(.computing) struct SwarmTests {
  @Test(arguments: seeds)
  func `whatever a seed draws, peace brings accord`(seed: UInt64) throws {
    _ = try Swarm(seed: seed).run()
  }

  /// Each of them found a fault once; docs/testing.md says which.
  @Test(arguments: [0xB05, 0x1E76, 0x1ED5, 0x2015, 0x2423, 0x242E, 0x3A9D] as [UInt64])
  func `what failed once passes`(seed: UInt64) throws {
    _ = try Swarm(seed: seed).run()
  }

  @Test func `a seed draws the same run again`() throws {
    for seed in [100, 101, 102] as [UInt64] {
      let first = try brief(seed).run()
      #expect(try brief(seed).run() == first)
    }
  }

  @Test func `a trace changes nothing`() throws {
    let lines = LineCount()
    for seed in [100, 103] as [UInt64] {
      var swarm = brief(seed)
      let plain = try swarm.run()
      swarm.trace = Trace { _ in lines.add() }
      #expect(try swarm.run() == plain)
    }
    #expect(lines.count > 1_000)
  }

  @Test func `a rare path has a name of its own`() {
    #expect(Set(Sometimes.all.map(\.name)).count == Sometimes.all.count)
    #expect(Sometimes.all.count > 40)
  }

  /// All but those of which the swarm sees nothing: locks have drawn runs of their own.
  @Test func `every limit of a node is drawn by some seed`() {
    func values(_ configuration: GossipConfiguration) -> [(name: String, text: String)] {
      Mirror(reflecting: configuration).children.map { ($0.label ?? "", "\($0.value)") }
    }
    let usual = values(GossipConfiguration())
    var undrawn = Set(usual.map(\.name))
    for seed in 0..<400 as Range<UInt64> {
      let drawn = values(Swarm.drawOptions(seed).configuration)
      for (value, other) in zip(drawn, usual) where value.text != other.text {
        undrawn.remove(value.name)
      }
    }
    #expect(undrawn == ["lockGrace", "lockMemoryLimit"])
  }

  /// A run with little time for faults.
  private func brief(_ seed: UInt64) -> Swarm {
    var options = Swarm(seed: seed).options
    options.safetyDuration = .seconds(8)
    return Swarm(seed: seed, options: options)
  }
}

/// Lines that were written, by whichever thread.
private final class LineCount: Sendable {
  private let lines = Atomic<Int>(0)

  var count: Int { lines.load(ordering: .relaxed) }

  func add() { lines.add(1, ordering: .relaxed) }
}
