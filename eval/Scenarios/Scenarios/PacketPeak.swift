/// The most packets that one node sent in a second, beside what one sends at rest.
struct PacketPeak {
  private let idle: Double
  private var peak: Int?

  /// Begins with what all of `nodeCount` nodes send in a second at rest.
  init(idle: TrafficCount, nodeCount: Int) {
    self.idle = idle.packets / Double(nodeCount)
  }

  /// The peak among those of several clusters, beside the mean of what they send at rest.
  init(highestOf peaks: [PacketPeak]) {
    idle = peaks.reduce(0) { $0 + $1.idle } / Double(max(1, peaks.count))
    peak = peaks.compactMap(\.peak).max()
  }

  mutating func note(_ packets: Int?) {
    guard let packets else { return }
    peak = max(peak ?? 0, packets)
  }

  var figures: [(name: String, value: JSON)] {
    [
      ("peak_packets_per_s", peak.map { .integer($0) } ?? .null),
      ("idle_packets_per_s", .number(idle)),
      ("peak_over_idle", .number(orNull: peak.flatMap { idle > 0 ? Double($0) / idle : nil })),
    ]
  }

  var line: String {
    let rest = "\(NumberText.fixed(idle, 1)) at rest"
    guard let peak else { return "packets of one node in a second: \(rest)" }
    let factor = idle > 0 ? " (\(NumberText.fixed(Double(peak) / idle, 1)) ×)" : ""
    return "most packets of one node in a second: \(peak), and \(rest)\(factor)"
  }
}
