import Glibc
import GrapevineCore
import Testing

/// The window of gaps against one that keeps everything and reckons in floating point.
struct ArrivalWindowTests {
  private static let interval: UInt64 = 512_000_000

  private struct NaiveWindow {
    let limit: Int
    let gapLimit: Int
    /// In intervals.
    var gaps: [Double] = []

    mutating func add(_ nanoseconds: UInt64) {
      gaps.append(min(Double(nanoseconds) / Double(interval), Double(gapLimit)))
      if gaps.count > limit { gaps.removeFirst() }
    }

    func gap(phi: Int) -> Double {
      let count = Double(gaps.count)
      let mean = gaps.isEmpty ? 0 : gaps.reduce(0, +) / count
      let variance =
        gaps.isEmpty ? 0 : gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      let floor = gaps.count < ArrivalWindow.cautiousCount ? 0.5 : 0.25
      let deviation = max(floor, variance.squareRoot())
      let gap = max(1, mean) + deviation * PhiAccrualTests.deviations(phi: phi)
      return min(gap, Double(gapLimit)) * Double(interval)
    }

    var missedCount: Int {
      gaps.reduce(0) { $0 + max(0, Int(($1 + 0.5).rounded(.down)) - 1) }
    }
  }

  @Test func `the gap of a phi is the normal distribution's over the latest gaps`() {
    for seed in 0..<200 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      let limit = 4 + random.index(70)
      let gapLimit = 3 + random.index(30)
      var window = ArrivalWindow(limit: limit, gapLimit: gapLimit)
      var naive = NaiveWindow(limit: limit, gapLimit: gapLimit)
      let spread = 1 + random.below(6 * Self.interval)
      for count in 0..<(2 * limit) {
        let phi = 1 + random.index(64)
        let held = Double(window.gap(phi: phi, interval: Self.interval))
        let expected = naive.gap(phi: phi)
        let unit = Double(Self.interval) / Double(ArrivalWindow.unit)
        // Each of mean, deviation and gap is kept in whole units.
        let tolerance = unit * (4 + 4 * PhiAccrualTests.deviations(phi: phi))
        #expect(
          abs(held - expected) <= tolerance,
          "seed \(seed), \(count) gaps, phi \(phi): \(held) for \(expected)"
        )
        let gap = Self.interval / 2 + random.below(spread)
        window.add(gap, interval: Self.interval)
        naive.add(gap)
        #expect(window.count == naive.gaps.count)
      }
    }
  }

  @Test func `missed heartbeats are those that the gaps have room for`() {
    for seed in 0..<50 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      var window = ArrivalWindow(limit: 16, gapLimit: 20)
      var naive = NaiveWindow(limit: 16, gapLimit: 20)
      let unit = Self.interval / ArrivalWindow.unit
      for _ in 0..<60 {
        let gap = random.below(25 * ArrivalWindow.unit) * unit
        window.add(gap, interval: Self.interval)
        naive.add(gap)
        #expect(window.missedCount == naive.missedCount, "seed \(seed)")
      }
    }
  }

  @Test func `a rhythm that is not known well counts as an unsteady one`() {
    var window = ArrivalWindow(limit: 64, gapLimit: 20)
    let sure = Self.gap(0.25)
    let cautious = Self.gap(0.5)
    #expect(Self.isClose(window.gap(phi: 8, interval: Self.interval), cautious))
    for _ in 0..<(ArrivalWindow.cautiousCount - 1) {
      window.add(Self.interval, interval: Self.interval)
      #expect(Self.isClose(window.gap(phi: 8, interval: Self.interval), cautious))
    }
    window.add(Self.interval, interval: Self.interval)
    #expect(Self.isClose(window.gap(phi: 8, interval: Self.interval), sure))
  }

  /// An interval and as many deviations of `part` intervals as a phi of 8 stands for.
  private static func gap(_ part: Double) -> Double {
    Double(interval) * (1 + part * PhiAccrualTests.deviations(phi: 8))
  }

  private static func isClose(_ held: UInt64, _ expected: Double) -> Bool {
    abs(Double(held) - expected) < Double(interval) / 100
  }

  /// “with a normal model whose mean is at least the interval and whose deviation has a floor”.
  @Test func `heartbeats that come faster do not make the detector hastier`() {
    var fast = ArrivalWindow(limit: 64, gapLimit: 20)
    var usual = fast
    for _ in 0..<64 {
      fast.add(Self.interval / 3, interval: Self.interval)
      usual.add(Self.interval, interval: Self.interval)
    }
    let gap = usual.gap(phi: 8, interval: Self.interval)
    #expect(fast.gap(phi: 8, interval: Self.interval) == gap)
  }

  @Test func `what has left the window counts no more`() {
    var window = ArrivalWindow(limit: 10, gapLimit: 20)
    var fresh = window
    for _ in 0..<10 { window.add(9 * Self.interval, interval: Self.interval) }
    #expect(window.missedCount == 80)
    for _ in 0..<10 {
      window.add(Self.interval, interval: Self.interval)
      fresh.add(Self.interval, interval: Self.interval)
    }
    #expect(window.missedCount == 0 && window.count == 10)
    for phi in [1, 8, 64] {
      let gap = fresh.gap(phi: phi, interval: Self.interval)
      #expect(window.gap(phi: phi, interval: Self.interval) == gap)
    }
  }

  /// “The gap that counts is never more than 20 intervals”.
  @Test func `no gap counts as more than the limit, whatever comes`() {
    for gapLimit in [3, 20, 1_000] {
      for interval in [10_000_000, 500_000_000, 3_600_000_000_000] as [UInt64] {
        var window = ArrivalWindow(limit: 1_024, gapLimit: gapLimit)
        for gap in [UInt64.max, .max, 5_000 * interval, 0] {
          for _ in 0..<1_024 { window.add(gap, interval: interval) }
          for phi in [1, 8, 64, .max] {
            #expect(window.gap(phi: phi, interval: interval) <= UInt64(gapLimit) * interval)
          }
          #expect(gap == 0 || window.missedCount == 1_024 * (gapLimit - 1))
        }
        #expect(window.missedCount == 0)
      }
    }
  }

  @Test func `an interval of nothing does not trap`() {
    var window = ArrivalWindow(limit: 4, gapLimit: 3)
    window.add(1, interval: 0)
    #expect(window.gap(phi: 8, interval: 0) == 0)
    #expect(window.gap(phi: 8, interval: .max) == .max)
  }
}
