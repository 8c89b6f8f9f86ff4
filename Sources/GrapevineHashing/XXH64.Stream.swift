extension XXH64 {
  /// The hash of bytes that come one after the other, in pieces of any size.
  ///
  /// It can be read at any time, and goes on from there.
  public struct Stream: Sendable {
    private var lanes: InlineArray<4, UInt64>
    /// The bytes since the last whole stripe, the first of each word in its lowest byte.
    private var words: InlineArray<4, UInt64> = [0, 0, 0, 0]
    private var count: UInt64 = 0
    private let seed: UInt64

    /// Creates a stream with no bytes yet.
    public init(seed: UInt64 = 0) {
      self.seed = seed
      lanes = [seed &+ prime1 &+ prime2, seed &+ prime2, seed, seed &- prime1]
    }
  }
}

extension XXH64.Stream {
  /// Adds one byte.
  public mutating func append(_ byte: UInt8) {
    let offset = Int(truncatingIfNeeded: count & 31)
    words[offset / 8] |= UInt64(byte) << UInt64(8 * (offset % 8))
    count &+= 1
    if offset == 31 { finishStripe() }
  }

  /// Adds bytes.
  ///
  /// - Complexity: O(number of bytes).
  public mutating func append(contentsOf bytes: some Sequence<UInt8>) {
    for byte in bytes { append(byte) }
  }

  /// Forgets all bytes.
  public mutating func reset() {
    self = XXH64.Stream(seed: seed)
  }

  private mutating func finishStripe() {
    for index in 0..<4 {
      lanes[index] = XXH64.round(lanes[index], words[index])
      words[index] = 0
    }
  }

  /// The hash of all bytes so far.
  public var value: UInt64 {
    value(count < 32 ? seed &+ XXH64.prime5 : mergedLanes)
  }

  /// What all whole stripes come to.
  private var mergedLanes: UInt64 { XXH64.merge(lanes[0], lanes[1], lanes[2], lanes[3]) }

  @inline(__always)
  private func value(_ merged: UInt64) -> UInt64 {
    var result = merged &+ count
    let rest = Int(truncatingIfNeeded: count & 31)
    if rest >= 8 { result = XXH64.mixWord(result, words[0]) }
    if rest >= 16 { result = XXH64.mixWord(result, words[1]) }
    if rest >= 24 { result = XXH64.mixWord(result, words[2]) }
    guard rest % 8 > 0 else { return XXH64.avalanche(result) }
    return XXH64.avalanche(XXH64.mixRest(result, words[rest / 8], rest % 8))
  }

  /// Adds the bytes 0, 1, 2 and so on, `count` of them and each without its high bits, and puts the
  /// hash after each into `values`.
  ///
  /// - Complexity: O(`count`).
  public mutating func appendNumbers(_ count: Int, into values: inout [UInt64]) {
    // What changes with each stripe only, and what with each byte, are kept apart.
    var merged = self.count < 32 ? seed &+ XXH64.prime5 : mergedLanes
    for number in 0..<count {
      append(UInt8(truncatingIfNeeded: number))
      if self.count & 31 == 0 { merged = mergedLanes }
      values.append(value(merged))
    }
  }
}
