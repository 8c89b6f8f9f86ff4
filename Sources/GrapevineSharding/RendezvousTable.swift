/// The scores of some peers.
@usableFromInline
struct RendezvousTable: PlacementTable {
  private let hashes: [UInt64]
  /// Empty where all weights are the same.
  private let weights: [Double]
  /// 2⁻⁶³ by each weight.
  private let scales: [Double]

  @usableFromInline
  init(_ roster: Roster, _ settings: Void) {
    hashes = roster.hashes
    let areEqual = roster.entries.allSatisfy { $0.weight == roster.entries[0].weight }
    weights = areEqual ? [] : roster.weights.map(Double.init)
    scales = weights.map { 1 / (9_223_372_036_854_775_808 * $0) }
  }
}

extension RendezvousTable {
  /// Weights without what they all have in common.
  @usableFromInline
  static func shares(ofWeights weights: [Int], _ settings: Void) -> [Int] {
    let divisor = weights.reduce(0, Self.commonDivisor)
    return weights.map { $0 / divisor }
  }

  private static func commonDivisor(_ first: Int, _ second: Int) -> Int {
    var (first, second) = (first, second)
    while second != 0 { (first, second) = (second, first % second) }
    return first
  }

  @usableFromInline
  var memorySize: Int { 8 * (hashes.count + weights.count + scales.count) }

  @usableFromInline
  func owner(of key: UInt64) -> Int {
    weights.isEmpty ? unweightedOwner(of: key) : weightedOwner(of: key)
  }

  private func unweightedOwner(of key: UInt64) -> Int {
    var owner = 0
    var least = UInt64.max
    for index in hashes.indices {
      let score = xorShiftMultiply(key ^ hashes[index])
      // Of equal scores the first name counts.
      if score < least { (owner, least) = (index, score) }
    }
    return owner
  }

  private func weightedOwner(of key: UInt64) -> Int {
    var owner = 0
    var least = Double.infinity
    for index in hashes.indices {
      let number = xorShiftMultiply(key ^ hashes[index])
      guard lowerBound(number, index) <= least else { continue }
      let score = negativeLog(ofComplement: number) / weights[index]
      if score < least { (owner, least) = (index, score) }
    }
    return owner
  }

  /// What a score can't be below: −ln(1 − x) ≥ x, with some room for what is rounded.
  private func lowerBound(_ number: UInt64, _ index: Int) -> Double {
    Double(Int64(truncatingIfNeeded: number >> 1)) * scales[index] * 0.999_999
  }

  @usableFromInline
  func forEachOwner(of key: UInt64, _ body: (Int) -> Bool) {
    if weights.isEmpty {
      Self.forEachOwner(count: hashes.count, body) { (index, _) -> UInt64 in
        xorShiftMultiply(key ^ hashes[index])
      }
    } else {
      Self.forEachOwner(count: hashes.count, body) { (index, most) -> Double in
        let number = xorShiftMultiply(key ^ hashes[index])
        let bound = lowerBound(number, index)
        if let most, bound > most { return bound }
        return negativeLog(ofComplement: number) / weights[index]
      }
    }
  }

  /// Goes through peers by their scores, equal ones by their indices.
  ///
  /// Where a score is above `most`, another number that is serves as well.
  @inline(__always)
  private static func forEachOwner<Score: Comparable>(
    count: Int,
    _ body: (Int) -> Bool,
    score: (_ index: Int, _ most: Score?) -> Score
  ) {
    var last: (score: Score, index: Int)?
    // Finding the next is much faster than sorting all, if few are wanted.
    for _ in 0..<min(count, 16) {
      var best: (score: Score, index: Int)?
      for index in 0..<count {
        let score = score(index, best?.score)
        if let best, score >= best.score { continue }
        if let last, (score, index) <= last { continue }
        best = (score, index)
      }
      guard let best, body(best.index) else { return }
      last = best
    }
    guard let last, count > 16 else { return }
    let rest = (0..<count)
      .map { (score: score($0, nil), index: $0) }
      .filter { $0 > last }
      .sorted { $0 < $1 }
    for (_, index) in rest {
      guard body(index) else { return }
    }
  }
}

/// The xorshift* step (Vigna, 2016), which mixes a key and a name into a score.
func xorShiftMultiply(_ number: UInt64) -> UInt64 {
  var number = number
  number ^= number >> 12
  number ^= number << 25
  number ^= number >> 27
  return number &* 2_685_821_657_736_338_717
}

/// −ln(1 − `number` / 2⁶⁴), the same on every machine: it takes nothing but the four operations
/// that IEEE 754 defines exactly.
func negativeLog(ofComplement number: UInt64) -> Double {
  // ln(y) = 2 × artanh((y − 1) / (y + 1)). Close to 1 the difference is taken from `number`, so
  // that nothing is lost.
  guard number >= 1 << 62 else {
    let part = Double(number) / 18_446_744_073_709_551_616
    return 2 * inverseTangent(part / (2 - part))
  }
  // 1 − number / 2⁶⁴ = rest / 2⁶⁴, with rest = fraction × 2^(63 − shift), and fraction from 1 to 2.
  let rest = 0 &- number
  let shift = rest.leadingZeroBitCount
  let fraction = Double(rest << UInt64(shift)) / 9_223_372_036_854_775_808
  return Double(shift + 1) * 0.693_147_180_559_945_3
    - 2 * inverseTangent((fraction - 1) / (fraction + 1))
}

/// The inverse hyperbolic tangent of numbers from 0 to a third, by its series.
private func inverseTangent(_ ratio: Double) -> Double {
  let square = ratio * ratio
  var sum = 0.0
  var divisor = 35.0
  while divisor > 0 {
    sum = sum * square + 1 / divisor
    divisor -= 2
  }
  return ratio * sum
}
