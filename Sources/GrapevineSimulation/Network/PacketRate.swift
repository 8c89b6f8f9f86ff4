/// How many packets a node sends, over the last second.
///
/// The second moves on by tenths: a burst is never cut in two by where seconds begin.
package struct PacketRate: Sendable {
  private var counts: [10 of UInt32] = .init(repeating: 0)
  /// The tenth of a second, since the run's start, that is being counted.
  private var tenth: UInt64 = 0
  private var total: UInt32 = 0

  private static let tenthSize: UInt64 = 100_000_000

  package init() {}

  /// Counts a packet.
  ///
  /// - Returns: the packets of the last second, this one included.
  package mutating func count(at time: UInt64) -> Int {
    let now = time / Self.tenthSize
    if now != tenth { moveOn(to: now) }
    counts[Int(now % 10)] += 1
    total += 1
    return Int(total)
  }

  private mutating func moveOn(to now: UInt64) {
    for passed in 1...min(10, now - tenth) {
      let index = Int((tenth + passed) % 10)
      total -= counts[index]
      counts[index] = 0
    }
    tenth = now
  }
}
