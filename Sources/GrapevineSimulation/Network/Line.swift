/// A line of limited bandwidth: one packet after the other, with a queue before it.
package struct Line {
  /// When the last byte of all that was queued will have left.
  private var freeAt: UInt64 = 0

  package init() {}

  /// The time when `size` bytes that come at `time` have left; nil if the queue is full.
  package mutating func send(_ size: Int, at time: UInt64, rate: UInt64, queueLimit: UInt64?)
    -> UInt64?
  {
    let start = max(time, freeAt)
    if let queueLimit, start - time > queueLimit * 1_000_000_000 / rate { return nil }
    freeAt = start + UInt64(size) * 1_000_000_000 / rate
    return freeAt
  }
}
