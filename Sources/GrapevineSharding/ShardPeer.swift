/// Somebody who may own keys.
///
/// Two peers of one list must not have the same name, by its UTF-8 bytes; of several the first
/// counts.
public protocol ShardPeer: Sendable {
  /// What tells the peer apart, and places it.
  var name: String { get }
  /// What part it has in owning keys.
  var state: PeerState { get }
  /// Its share beside that of others, in percent of the usual one; from 1 to 10,000, and what is
  /// beyond counts as these.
  ///
  /// With 100 for all, which is the default, placement is the same as ckit's. ``Multiprobe`` takes
  /// no notice of it.
  var weight: Int { get }
}

extension ShardPeer {
  /// The usual share.
  public var weight: Int { 100 }
}

/// Why nobody can be named as an owner, or a sharder not be made.
public enum ShardingError: Error, Hashable, Sendable {
  /// Fewer peers may own a key than were asked for.
  case notEnoughNodes(needed: Int, available: Int)
  /// A negative number of owners was asked for.
  case negativeCount(Int)
  /// A ring needs 1 to ``HashRing/tokenLimit`` tokens a node.
  case invalidTokenCount(Int)
  /// A bound on loads is at least 100 percent of the average.
  case invalidLoadLimit(percent: Int)
}

extension ShardingError: CustomStringConvertible {
  /// What is wrong, with the value.
  public var description: String {
    switch self {
    case .notEnoughNodes(let needed, let available):
      "not enough nodes: need at least \(needed), have \(available)"
    case .negativeCount(let count): "\(count) owners were asked for: the number can't be negative"
    case .invalidTokenCount(let count):
      "\(count) tokens per node: must be 1 to \(TokenLimit.perNode)"
    case .invalidLoadLimit(let percent):
      "a load limit of \(percent) % of the average: must be 100 % or more"
    }
  }
}

enum TokenLimit {
  static let perNode = 65_536
}
