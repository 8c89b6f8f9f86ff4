internal import GrapevineCore

/// Finds the most packets that a node sent in any second, from counts taken now and then.
///
/// The windows begin at those counts and end at later ones not more than a second away, so a peak
/// can be short of what one twentieth of a second adds.
struct PeakMeter {
  private var samples: [(time: Instant, counts: [Int: Int])] = []
  private var peaks: [Int: Int] = [:]

  private static var spacing: Duration { .milliseconds(50) }
  private static var window: UInt64 { 1_000_000_000 }

  /// Says whether it is time for the next counts.
  func isDue(_ now: Instant) -> Bool {
    samples.last.map { $0.time + PeakMeter.spacing <= now } ?? true
  }

  /// Adds what each node has sent since it was started.
  mutating func add(_ counts: [Int: Int], at now: Instant) {
    samples.append((now, counts))
    samples.removeAll { now.since($0.time) > PeakMeter.window }
    guard let oldest = samples.first else { return }
    for (node, count) in counts {
      // A process that was started meanwhile counts from zero.
      let before = oldest.counts[node].map { $0 <= count ? $0 : 0 } ?? 0
      peaks[node] = max(peaks[node] ?? 0, count - before)
    }
  }

  /// The most packets that one of the nodes sent within a second.
  func peak(of nodes: [Int]) -> Int? { nodes.compactMap { peaks[$0] }.max() }
}
