/// How many nodes are on each side of a split network.
package enum PartitionShape: Sendable, Equatable {
  /// The number of nodes of each side.
  case sides([Int])
  /// The share of the nodes that are on the first of two sides.
  case share(Double)

  static let halves = PartitionShape.share(0.5)

  /// Reads sides such as `32/32`, or a share such as `0.25`.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    if parts.count == 1 {
      guard let share = ValueText.decimal(text), share > 0, share < 1 else { return nil }
      self = .share(share)
    } else {
      let counts = parts.compactMap { ValueText.count($0) }
      guard counts.count == parts.count, counts.allSatisfy({ $0 > 0 }) else { return nil }
      self = .sides(counts)
    }
  }

  /// The sizes of the sides of `count` nodes, of which each side has one at least; nil if the
  /// numbers are those of another count.
  func sizes(of count: Int) -> [Int]? {
    switch self {
    case .sides(let sizes):
      var total = 0
      for size in sizes {
        let (sum, isTooLarge) = total.addingReportingOverflow(size)
        guard !isTooLarge else { return nil }
        total = sum
      }
      return total == count ? sizes : nil
    case .share(let share):
      let first = min(max(Int((share * Double(count)).rounded()), 1), count - 1)
      return [first, count - first]
    }
  }
}
