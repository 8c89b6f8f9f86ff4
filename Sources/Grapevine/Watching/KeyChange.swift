public import GrapevineCore

/// A key of a member that has a new value, or none any more.
public struct KeyChange: Sendable, Hashable {
  /// The member whose key it is.
  public let member: MemberID
  /// The key, the prefix that was asked for included.
  public let key: String
  /// The new value's bytes; nil if the key is gone.
  public let value: [UInt8]?
  /// The version of the member's state that brought it.
  public let version: Version

  /// The new value read as UTF-8; nil if the key is gone.
  public var text: String? { value.map { String(decoding: $0, as: UTF8.self) } }
}

extension EventKind where Payload == KeyChange {
  /// A key that begins with `prefix` has a new value or is gone, of whatever member.
  ///
  /// Of a member that left, went down or was replaced the keys are not told one by one: that it is
  /// no more is told as ``EventKind/left``, ``EventKind/down``, ``EventKind/replaced`` and
  /// ``EventKind/expired``.
  ///
  /// - Parameter prefix: Compared byte by byte; the empty one is that of all keys.
  /// - Returns: A kind to be watched for.
  public static func keys(withPrefix prefix: String) -> EventKind {
    EventKind { event in
      let change: KeyChange
      switch event {
      case .keySet(let id, let entry):
        change = KeyChange(
          member: id,
          key: entry.key,
          value: entry.value,
          version: entry.version
        )
      case .keyDeleted(let id, let key, let version):
        change = KeyChange(member: id, key: key, value: nil, version: version)
      case .joined, .leaving, .left, .down, .up, .expired, .replaced, .nameConflict: return nil
      }
      return change.key.utf8.starts(with: prefix.utf8) ? change : nil
    }
  }
}
