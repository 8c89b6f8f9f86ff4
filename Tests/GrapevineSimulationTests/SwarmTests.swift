import Glibc
import GrapevineCore
import GrapevineSimulation
import Synchronization
import Testing

/// The seeds to try: 50 to 59, or `CASES` of them from `SEED` on; those before are the smoke set.
private let seeds: Range<UInt64> = {
  func number(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }
  let first = number("SEED") ?? 50
  return first..<(first + (number("CASES") ?? 10))
}()

/// Seeds that draw everything, in groups so that a failure names its seed soon.
@Suite struct SwarmTests {
  @Test(arguments: seeds)
  func `whatever a seed draws, peace brings accord`(seed: UInt64) throws {
    _ = try Swarm(seed: seed).run()
  }

  @Test func `a seed draws the same run again`() throws {
    for seed in [100, 101, 102] as [UInt64] {
      let first = try Swarm(seed: seed).run()
      #expect(try Swarm(seed: seed).run() == first)
    }
  }

  @Test func `a trace changes nothing`() throws {
    let lines = LineCount()
    for seed in [100, 103] as [UInt64] {
      let plain = try Swarm(seed: seed).run()
      var swarm = Swarm(seed: seed)
      swarm.trace = Trace { _ in lines.add() }
      #expect(try swarm.run() == plain)
    }
    #expect(lines.count > 1_000)
  }

  @Test func `the smoke set takes every rare path somewhere`() throws {
    var counts = [Int](repeating: 0, count: Sometimes.all.count)
    for seed in 0..<50 as Range<UInt64> {
      let report = try Swarm(seed: seed).run()
      for (index, count) in report.counts.enumerated() { counts[index] += count }
    }
    for (path, count) in zip(Sometimes.all, counts) {
      #expect(count > 0, "no run met: \(path.name)")
    }
    #expect(Set(Sometimes.all.map(\.name)).count == Sometimes.all.count)
  }
}

/// Lines that were written, by whichever thread.
private final class LineCount: Sendable {
  private let lines = Atomic<Int>(0)

  var count: Int { lines.load(ordering: .relaxed) }

  func add() { lines.add(1, ordering: .relaxed) }
}
