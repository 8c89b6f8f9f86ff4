import Glibc
import GrapevineCore
import GrapevineSimulation
import Testing

/// The seeds to try: 0 to 49, or `CASES` of them from `SEED` on.
private let seeds: Range<UInt64> = {
  func number(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }
  let first = number("SEED") ?? 0
  return first..<(first + (number("CASES") ?? 50))
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

  @Test func `the smoke set meets every kind of fault somewhere`() throws {
    var crashes = 0
    var pauses = 0
    var partitions = 0
    var leaves = 0
    var network = NetworkCounters()
    for seed in 0..<20 as Range<UInt64> {
      let report = try Swarm(seed: seed).run()
      crashes += report.crashCount
      pauses += report.pauseCount
      partitions += report.partitionCount
      leaves += report.leaveCount
      network.lost += report.network.lost
      network.duplicated += report.network.duplicated
      network.reordered += report.network.reordered
      network.cut += report.network.cut
      network.tooLarge += report.network.tooLarge
      network.queueFull += report.network.queueFull
      network.nobodyThere += report.network.nobodyThere
    }
    let counts = [
      crashes, pauses, partitions, leaves, network.lost, network.duplicated, network.reordered,
      network.cut, network.tooLarge, network.nobodyThere,
    ]
    #expect(counts.allSatisfy { $0 > 0 }, "\(counts)")
  }
}
