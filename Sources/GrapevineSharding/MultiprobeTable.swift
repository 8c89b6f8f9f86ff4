import GrapevineHashing

/// The tokens of some peers, one of each.
@usableFromInline
struct MultiprobeTable: PlacementTable {
  private let tokens: TokenTable

  static let probeCount = 21

  @usableFromInline
  init(_ roster: Roster, _ settings: Void) {
    tokens = TokenTable(
      unsorted: roster.hashes,
      owners: roster.entries.indices.map { UInt32(truncatingIfNeeded: $0) }
    )
  }

  @usableFromInline
  static func shares(ofWeights weights: [Int], _ settings: Void) -> [Int] {
    weights.map { _ in 1 }
  }

  @usableFromInline
  var memorySize: Int { tokens.memorySize }

  @usableFromInline
  func owner(of key: UInt64) -> Int { Int(tokens.owners[tokenIndex(of: key)]) }

  @usableFromInline
  func forEachOwner(of key: UInt64, _ body: (Int) -> Bool) {
    var index = tokenIndex(of: key)
    for _ in 0..<tokens.count {
      guard body(Int(tokens.owners[index])) else { return }
      index = index + 1 < tokens.count ? index + 1 : 0
    }
  }

  private func tokenIndex(of key: UInt64) -> Int {
    var probe = Self.secondKey(of: key)
    let step = Self.secondKey(of: probe)
    var nearest = 0
    var least = UInt64.max
    for _ in 0..<Self.probeCount {
      let index = nearestToken(to: probe)
      let distance = Self.distance(tokens.tokens[index], probe)
      if distance < least { (nearest, least) = (index, distance) }
      probe = probe &+ step
    }
    return nearest
  }

  /// The nearer of the tokens on both sides; distances do not go around the ring.
  private func nearestToken(to probe: UInt64) -> Int {
    let found = tokens.firstIndex(from: probe)
    let below = found > 0 ? found - 1 : tokens.count - 1
    let above = found < tokens.count ? found : 0
    let isBelow =
      Self.distance(tokens.tokens[below], probe) <= Self.distance(tokens.tokens[above], probe)
    return isBelow ? below : above
  }

  private static func distance(_ first: UInt64, _ second: UInt64) -> UInt64 {
    first < second ? second - first : first - second
  }

  /// The hash of a key's hexadecimal digits, in lower case and without zeros before them.
  static func secondKey(of key: UInt64) -> UInt64 {
    let count = max(1, 16 - key.leadingZeroBitCount / 4)
    // The first digit to the highest bits.
    let digits = key << UInt64(64 - 4 * count)
    return XXH64.hash(text(digits >> 32), text(digits & 0xFFFF_FFFF), count: count)
  }

  /// Eight digits as text, the highest one's in the lowest byte.
  private static func text(_ digits: UInt64) -> UInt64 {
    var bytes = (digits | digits << 16) & 0x0000_FFFF_0000_FFFF
    bytes = (bytes | bytes << 8) & 0x00FF_00FF_00FF_00FF
    bytes = (bytes | bytes << 4) & 0x0F0F_0F0F_0F0F_0F0F
    let letters = (bytes + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return (bytes + 0x3030_3030_3030_3030 + letters * 39).byteSwapped
  }
}
