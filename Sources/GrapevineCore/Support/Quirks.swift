/// Awkward but legal behaviour of an engine, which a simulation alone switches on.
///
/// Whatever a node does at one of the ``Site``s, another could see it do for reasons of its own: a
/// slow moment, other limits, another order. Rare paths, and those that repair, are walked often
/// that way. After FoundationDB's BUGGIFY: each run has some of the sites, and each of those acts
/// now and then.
package struct Quirks: Sendable {
  package enum Site: String, CaseIterable, Sendable {
    /// A delta packet gives each member the least share of its room.
    case shortShares = "short-shares"
    /// What is owed goes out in a single packet, however much it is.
    case singlePacket = "single-packet"
    /// A delta asks for a stream that its size does not need.
    case eagerStream = "eager-stream"
    /// A stream carries a whole snapshot where the missing entries would do.
    case eagerSnapshot = "eager-snapshot"
    /// Members come in a delta in an order of chance.
    case jumpyRotation = "jumpy-rotation"
    /// A digest has room for a few sums only.
    case coarseDigest = "coarse-digest"
    /// A digest is left without an answer.
    case muteDigest = "mute-digest"
    /// A push is not passed on to all of its branches.
    case prunedPush = "pruned-push"
    /// A stream breaks off while there is more to say.
    case brokenStream = "broken-stream"
    /// A stream that comes in is refused as one too many.
    case busyListener = "busy-listener"
    /// A node raises its incarnation though nobody accuses it.
    case needlessRefutation = "needless-refutation"
    /// An observer accuses a member that was heard of.
    case hastyAccusation = "hasty-accusation"
    /// A verdict that there is no doubt about is put to the member all the same.
    case doubtedVerdict = "doubted-verdict"
    /// The rings of before stay in use for another interval.
    case lateRings = "late-rings"
    /// An owner drops its tombstones at once.
    case hastyCompaction = "hasty-compaction"
    /// A spread asks all again that it has asked.
    case forgetfulSpread = "forgetful-spread"

    /// The site acts once in so many times: the more seldom, the more comes of it.
    package var rarity: UInt64 {
      switch self {
      case .shortShares, .jumpyRotation, .coarseDigest, .eagerSnapshot, .forgetfulSpread,
        .doubtedVerdict:
        4
      case .singlePacket, .eagerStream, .muteDigest, .prunedPush, .busyListener, .lateRings,
        .hastyCompaction:
        8
      case .brokenStream: 16
      case .needlessRefutation, .hastyAccusation: 64
      }
    }
  }

  private var sites: UInt32 = 0
  private var random = Xoshiro256(seed: 0)
  private var counts: [Int] = []

  /// None: what every engine begins with.
  package init() {}

  package init(sites: [Site], seed: UInt64) {
    for site in sites { self.sites |= Self.bit(of: site) }
    random = Xoshiro256(seed: seed)
    counts = [Int](repeating: 0, count: Site.allCases.count)
  }

  /// Lets a site act no more.
  package mutating func remove(_ site: Site) {
    sites &= ~Self.bit(of: site)
  }

  /// How often a site has acted.
  package func count(of site: Site) -> Int {
    counts.isEmpty ? 0 : counts[Self.index(of: site)]
  }

  /// Says whether a site acts now.
  @inline(__always)
  mutating func act(at site: Site) -> Bool {
    sites == 0 ? false : draw(site)
  }

  private mutating func draw(_ site: Site) -> Bool {
    guard sites & Self.bit(of: site) != 0, random.chance(1, outOf: site.rarity) else {
      return false
    }
    counts[Self.index(of: site)] += 1
    return true
  }

  /// A number for what a site does.
  mutating func number() -> UInt64 { random.next() }

  private static func index(of site: Site) -> Int { Site.allCases.firstIndex(of: site) ?? 0 }
  private static func bit(of site: Site) -> UInt32 { 1 << UInt32(index(of: site)) }
}
