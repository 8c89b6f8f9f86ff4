/// One change to a node's own state.
public enum Change: Sendable, Hashable {
  /// Gives `key` a value, for ever or until `timeToLive` has passed.
  case set(key: String, value: [UInt8], timeToLive: Duration? = nil)
  /// Deletes `key`; nothing happens if there is no such key.
  case delete(key: String)

  /// Gives `key` the UTF-8 bytes of `text`.
  public static func set(_ key: String, to text: String) -> Change {
    .set(key: key, value: Array(text.utf8))
  }
}

extension Change {
  /// Says whether both do the same to the same key, by its bytes.
  public static func == (first: Change, second: Change) -> Bool {
    switch (first, second) {
    case (.set(let key, let value, let time), .set(let otherKey, let otherValue, let otherTime)):
      key.hasSameBytes(as: otherKey) && value == otherValue && time == otherTime
    case (.delete(let key), .delete(let otherKey)): key.hasSameBytes(as: otherKey)
    case (.set, .delete), (.delete, .set): false
    }
  }
}

/// A change that was refused; the state is as it was.
public enum StateError: Error, Hashable, Sendable {
  /// A key has no byte.
  case emptyKey
  /// A key has more bytes than `keySizeLimit`.
  case keyTooLong(key: String, size: Int, limit: Int)
  /// A key begins with ``ReservedKeys/prefix``.
  case reservedKey(key: String)
  /// A value has more bytes than `valueSizeLimit`.
  case valueTooLarge(key: String, size: Int, limit: Int)
  /// The change would make more entries, tombstones included, than `entryLimit`.
  case tooManyEntries(limit: Int)
  /// A time to live is zero or negative.
  case timeToLiveNotPositive(key: String, timeToLive: Duration)
  /// The node has left the cluster.
  case hasLeft
  /// Another live process goes by this node's name, and it is the one that stays.
  case nameTaken(by: MemberID)
}

extension StateError: CustomStringConvertible {
  /// The error as a sentence that names the value.
  public var description: String {
    switch self {
    case .emptyKey: "a key must have at least 1 byte"
    case .keyTooLong(let key, let size, let limit):
      "the key “\(key.prefix(40))…” has \(size) bytes: at most \(limit) are allowed"
    case .reservedKey(let key):
      "the key “\(key)” begins with “\(ReservedKeys.prefix)”, which is reserved"
    case .valueTooLarge(let key, let size, let limit):
      "the value of “\(key)” has \(size) bytes: at most \(limit) are allowed"
    case .tooManyEntries(let limit):
      "a member holds at most \(limit) entries, deleted ones included until they are compacted"
    case .timeToLiveNotPositive(let key, let timeToLive):
      "the time to live of “\(key)” is \(timeToLive): it must be positive"
    case .hasLeft: "the node has left: its state can't change any more"
    case .nameTaken(let rival): "the live member \(rival) goes by this node's name"
    }
  }
}

/// The keys that the library keeps for itself; they replicate, and no reader is shown them.
public enum ReservedKeys {
  /// What every reserved key begins with.
  public static let prefix = "grapevine:"
  /// Held by a member that is about to leave.
  package static let leaving = "grapevine:leaving"
  /// Held by a member that owns keys of its users' data: its weight, in decimal digits.
  package static let participant = "grapevine:participant"
  /// Held by a member that has keys to seal with: what ``MemberSealing`` says of them.
  package static let sealing = "grapevine:sealing"
  /// What 16 hexadecimal digits follow, held by a member of a ``LockScope``.
  package static let lockScope = "grapevine:locks:"
  /// How many a member can have.
  package static let count = 3 + LockScope.limit
  /// The bytes of the longest.
  package static let sizeLimit = lockScope.utf8.count + 16
}
