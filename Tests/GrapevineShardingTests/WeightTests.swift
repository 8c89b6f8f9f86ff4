import GrapevineSharding
import Testing

@testable import struct GrapevineSharding.RingTable
@testable import func GrapevineSharding.negativeLog

/// Peers that are to have other shares than the usual.
struct WeightTests {
  private static let weighted: [Algorithm] = [.ring256, .ring512, .rendezvous]

  /// How many of the keys each peer owns.
  private func counts(
    _ sharder: any Sharder<TestPeer>,
    _ keys: [ShardKey]
  ) throws -> [String: Int] {
    var counts: [String: Int] = [:]
    for key in keys { counts[try sharder.name(key), default: 0] += 1 }
    return counts
  }

  @Test func `shares by rendezvous are in proportion to the weights`() throws {
    let weights = [25, 50, 100, 100, 200, 325]
    let peers = weights.enumerated().map { TestPeer("node-\($0)", weight: $1) }
    let counts = try counts(Algorithm.rendezvous.sharder(peers), numberedKeys(80_000))
    for peer in peers {
      let expected = 80_000 * Double(peer.weight) / 800
      let ratio = Double(counts[peer.name] ?? 0) / expected
      #expect((0.95...1.05).contains(ratio), "\(peer.weight): \(ratio) of its share")
    }
  }

  @Test func `tokens on a ring are in proportion to the weights`() throws {
    #expect(
      RingTable.tokenCounts([100, 50, 200, 1, 10_000], 256, limit: .max) == [
        256, 128, 512, 2, 25_600,
      ]
    )
    #expect(RingTable.tokenCounts([1, 99, 100, 199], 1, limit: .max) == [1, 1, 1, 1])
    let peers = (0..<20).map { TestPeer("node-\($0)", weight: $0 < 10 ? 100 : 300) }
    let counts = try counts(Algorithm.ring512.sharder(peers), numberedKeys(40_000))
    let heavy = peers.filter { $0.weight == 300 }.reduce(0) { $0 + (counts[$1.name] ?? 0) }
    #expect((0.72...0.78).contains(Double(heavy) / 40_000), "\(heavy)")
  }

  @Test func `a ring's tokens have a limit, below which their proportions stay`() {
    #expect(RingTable.tokenCounts([100, 100, 200], 256, limit: 1_024) == [256, 256, 512])
    #expect(RingTable.tokenCounts([100, 100, 200], 256, limit: 1_023) == [128, 128, 256])
    #expect(RingTable.tokenCounts([1, 10_000], 256, limit: 100) == [1, 50])
    #expect(RingTable.tokenCounts([100, 100, 100], 256, limit: 1) == [1, 1, 1])
    let most = RingTable.tokenCounts(Array(repeating: 10_000, count: 1_000), 65_536, limit: 1 << 26)
    #expect(most.reduce(0, +) <= 1 << 26)
    #expect(most.reduce(0, +) > 1 << 25)
  }

  @Test(arguments: weighted, [(100, 250), (100, 99), (100, 1), (300, 100), (1, 10_000)])
  func `another weight of one peer moves keys from it or to it alone`(
    algorithm: Algorithm,
    weights: (before: Int, after: Int)
  ) throws {
    let others = TestPeer.numbered(12)
    let before = try algorithm.sharder(others + [TestPeer("it", weight: weights.before)])
    let after = try algorithm.sharder(others + [TestPeer("it", weight: weights.after)])
    let isMore = weights.after > weights.before
    var moved = 0
    for key in numberedKeys(20_000) {
      let (from, to) = (try before.name(key), try after.name(key))
      guard from != to else { continue }
      moved += 1
      #expect((isMore ? to : from) == "it", "\(key) moves from \(from) to \(to)")
    }
    #expect(weights.after == 99 || moved > 100)
  }

  @Test(arguments: [Algorithm.rendezvous, .multiprobe], [1, 50, 300])
  func `weights that are all the same place as the usual ones`(
    algorithm: Algorithm,
    weight: Int
  ) throws {
    let usual = try algorithm.sharder(TestPeer.numbered(20))
    let same = try algorithm.sharder(
      TestPeer.numbered(20).map { TestPeer($0.name, weight: weight) }
    )
    for key in numberedKeys(500) { #expect(try usual.names(key, 5) == same.names(key, 5)) }
    #expect(usual.fingerprint == same.fingerprint)
  }

  /// Half of 512 tokens are the first 256.
  @Test func `a ring with weights that are all the same is one with other tokens`() throws {
    let usual = try Algorithm.ring256.sharder(TestPeer.numbered(20))
    let half = try Algorithm.ring512.sharder(
      TestPeer.numbered(20).map { TestPeer($0.name, weight: 50) }
    )
    for key in numberedKeys(500) { #expect(try usual.names(key, 5) == half.names(key, 5)) }
  }

  @Test func `a weight beyond the limits counts as the limit`() throws {
    for algorithm in Self.weighted {
      for (beyond, limit) in [(0, 1), (.min, 1), (10_001, 10_000), (.max, 10_000)] {
        let others = TestPeer.numbered(3)
        let first = try algorithm.sharder(others + [TestPeer("it", weight: beyond)])
        let second = try algorithm.sharder(others + [TestPeer("it", weight: limit)])
        #expect(first.fingerprint == second.fingerprint)
        for key in numberedKeys(100) { #expect(try first.name(key) == second.name(key)) }
      }
    }
  }

  @Test func `probes take no notice of weights`() throws {
    let usual = try Algorithm.multiprobe.sharder(TestPeer.numbered(9))
    let other = try Algorithm.multiprobe.sharder(
      TestPeer.numbered(9).enumerated().map { TestPeer($1.name, weight: 10 + $0) }
    )
    for key in numberedKeys(500) { #expect(try usual.names(key, 9) == other.names(key, 9)) }
    #expect(usual.fingerprint == other.fingerprint)
  }

  @Test(arguments: logarithms)
  func `the logarithm is right in all but its last bits`(number: UInt64, expected: Double) {
    #expect((negativeLog(ofComplement: number) - expected).magnitude <= 4 * expected.ulp)
  }

  @Test func `the logarithm grows with the number`() {
    var random = TestRandom(seed: 7)
    let numbers = (0..<20_000).map { _ in random.next() >> UInt64(random.below(60)) }.sorted()
    for (number, next) in zip(numbers, numbers.dropFirst()) where next - number > next >> 48 {
      #expect(negativeLog(ofComplement: number) < negativeLog(ofComplement: next))
    }
  }
}

/// −ln(1 − number / 2⁶⁴), from a calculation with 60 digits.
private let logarithms: [(UInt64, Double)] = [
  (0x0000_0000_0000_0000, 0.0),
  (0x0000_0000_0000_0001, 5.421010862427522e-20),
  (0x0000_0000_0000_0002, 1.0842021724855044e-19),
  (0x0000_0000_0000_0003, 1.6263032587282567e-19),
  (0x0000_0000_0000_03E8, 5.421010862427522e-17),
  (0x0000_0000_0010_0001, 5.684347307091825e-14),
  (0x0000_0000_FFFF_FFFF, 2.3283064362676457e-10),
  (0x0000_0100_0000_3039, 5.960464722097136e-08),
  (0x0010_0000_0000_0001, 0.00024417043217391454),
  (0x1FFF_FFFF_FFFF_FFFF, 0.13353139262452263),
  (0x3FFF_FFFF_FFFF_FFFF, 0.2876820724517809),
  (0x4000_0000_0000_0000, 0.2876820724517809),
  (0x4000_0000_0000_0001, 0.2876820724517809),
  (0x7FFF_FFFF_FFFF_FFFF, 0.6931471805599453),
  (0x8000_0000_0000_0000, 0.6931471805599453),
  (0x8000_0000_0000_0001, 0.6931471805599453),
  (0xBFFF_FFFF_FFFF_FFFF, 1.3862943611198906),
  (0xC000_0000_0000_0000, 1.3862943611198906),
  (0xFFFF_FF00_0000_0000, 16.635532333438686),
  (0xFFFF_FFFF_FFF0_0000, 30.498475944637594),
  (0xFFFF_FFFF_FFFF_F800, 36.7368005696771),
  (0xFFFF_FFFF_FFFF_FFFE, 43.66827237527655),
  (0xFFFF_FFFF_FFFF_FFFF, 44.3614195558365),
  (0x91B7_584A_2265_B1F5, 0.8421203190418721),
  (0xCD61_3E30_D8F1_6ADF, 1.6208278289647753),
  (0x1027_C4D1_C386_BBC4, 0.06518600977790383),
  (0x1E2F_EB89_414C_343C, 0.1254710527726344),
  (0xC2CE_6F44_7ED4_D57B, 1.4311345955063977),
  (0x78E5_1061_7311_D8A3, 0.6391235710890102),
  (0x612E_7696_A6CE_CC1B, 0.47741538492673663),
  (0x35BF_992D_C9E9_C616, 0.23566513121108493),
  (0x7CE4_2C82_1807_2E8C, 0.6691507259395217),
  (0xE4B0_6CE6_0741_C7A8, 2.237893812283724),
  (0x63CA_828D_D5F4_B3B2, 0.4939829398062783),
  (0x9B81_0E76_6EC9_D286, 0.9350607818254707),
  (0xC464_7159_C324_C985, 1.4573936000012468),
]
