/// The number of a change to a member's state; it grows by one with each change.
public typealias Version = UInt64

/// One key of a member's state as a reader sees it.
public struct Entry: Sendable, Hashable, Codable {
  /// The key, 1 byte of UTF-8 to the owner's ``GossipConfiguration/keySizeLimit``.
  public let key: String
  /// The value's bytes; empty for a deleted key.
  public let value: [UInt8]
  /// The version that wrote the entry.
  public let version: Version
  /// Says whether the key is deleted; such an entry stays until the owner compacts its state.
  public let isDeleted: Bool

  /// Creates an entry.
  public init(key: String, value: [UInt8], version: Version, isDeleted: Bool = false) {
    self.key = key
    self.value = value
    self.version = version
    self.isDeleted = isDeleted
  }

  /// The value read as UTF-8; ill-formed bytes become U+FFFD.
  public var text: String { String(decoding: value, as: UTF8.self) }

  private enum CodingKeys: String, CodingKey {
    case key
    case value
    case version
    case isDeleted = "deleted"
  }

  /// Says whether both have the same key bytes, value, version and deletion.
  public static func == (first: Entry, second: Entry) -> Bool {
    first.version == second.version && first.isDeleted == second.isDeleted
      && first.key.hasSameBytes(as: second.key) && first.value == second.value
  }

  /// Feeds version and key bytes to `hasher`.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(version)
    NameKey(name: key).hash(into: &hasher)
  }
}

extension Entry: CustomStringConvertible {
  /// The entry as `key=value@version`, or `key deleted@version`.
  public var description: String {
    isDeleted ? "\(key) deleted@\(version)" : "\(key)=\(text)@\(version)"
  }
}

/// What a node knows of one member at one moment.
public struct Member: Sendable, Hashable, Codable {
  /// The member's name.
  public let name: String
  /// The number of the member's life.
  public let generation: UInt64
  /// Where the member takes packets and streams.
  public let address: Endpoint
  /// The highest version of the member's state that this node holds.
  public let version: Version
  /// Says whether the member has left of its own will.
  public let hasLeft: Bool
  /// Says whether the member has announced that it is about to leave.
  public let isLeaving: Bool
  /// Says whether the cluster has judged the member crashed.
  public let isDown: Bool
  /// The member's weight as an owner of keys, in percent of the usual one, from 1 to
  /// ``weightLimit``; nil if it owns none.
  public let weight: Int?
  /// What the member says of the keys that it seals with; nil if it has none.
  public let sealing: MemberSealing?
  /// The time until a member that left or is down is forgotten; nil while it lives.
  public let expiry: Duration?
  /// Says whether the member is the node that was asked.
  public let isSelf: Bool
  /// The user's entries and the tombstones of deleted ones, in ascending version order.
  public let allEntries: [Entry]

  package init(
    id: MemberID,
    address: Endpoint,
    version: Version,
    hasLeft: Bool,
    isLeaving: Bool,
    isDown: Bool,
    weight: Int? = nil,
    sealing: MemberSealing? = nil,
    expiry: Duration?,
    isSelf: Bool,
    entries: [Entry]
  ) {
    name = id.name
    generation = id.generation
    self.address = address
    self.version = version
    self.hasLeft = hasLeft
    self.isLeaving = isLeaving
    self.isDown = isDown
    self.weight = weight
    self.sealing = sealing
    self.expiry = expiry
    self.isSelf = isSelf
    allEntries = entries
  }

  /// Says whether both say the same; names and keys compare by their bytes.
  public static func == (first: Member, second: Member) -> Bool {
    first.id == second.id && first.address == second.address && first.version == second.version
      && first.hasLeft == second.hasLeft && first.isLeaving == second.isLeaving
      && first.isDown == second.isDown && first.weight == second.weight
      && first.sealing == second.sealing && first.expiry == second.expiry
      && first.isSelf == second.isSelf
      && first.allEntries == second.allEntries
  }

  /// The greatest weight that a member can have.
  public static let weightLimit = 10_000

  /// The member's identity.
  public var id: MemberID { MemberID(name: name, generation: generation) }

  /// Says whether the member takes part: it neither left nor is down.
  public var isLive: Bool { !hasLeft && !isDown }

  /// The user's entries that are not deleted, in ascending version order; none in a summary.
  ///
  /// - Complexity: O(number of entries).
  public var entries: [Entry] { allEntries.filter { !$0.isDeleted } }

  /// The value of `key`; nil if it is unknown or deleted, and in a summary, which has no entries.
  ///
  /// - Complexity: O(number of entries).
  public subscript(key: String) -> [UInt8]? {
    allEntries.first { !$0.isDeleted && $0.key.hasSameBytes(as: key) }?.value
  }

  private enum CodingKeys: String, CodingKey {
    case name
    case generation
    case address
    case version
    case hasLeft = "left"
    case isLeaving = "leaving"
    case isDown = "down"
    case weight
    case sealing
    case expiry
    case isSelf
    case allEntries = "entries"
  }
}

extension Member: CustomStringConvertible {
  /// The member on one line: identity, address, state, version and number of entries.
  public var description: String {
    let state = hasLeft ? "left" : isDown ? "down" : isLeaving ? "leaving" : "live"
    let mark = isSelf ? ", self" : ""
    let count = entries.count
    let size = count == 1 ? "1 entry" : "\(count) entries"
    return "\(id) at \(address) (\(state)\(mark), version \(version), \(size))"
  }
}
