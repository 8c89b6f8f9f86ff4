/// Something that happened to another member, as this node learned of it.
///
/// Per member the order is: `joined` (or, for a later life of a name, `replaced`), then `down` and
/// `up` in turn, then `left`, and `expired` last.
public enum Event: Sendable, Hashable, Codable {
  /// A member became known.
  case joined(MemberID)
  /// A member left of its own will.
  case left(MemberID)
  /// The cluster judged a member crashed.
  case down(MemberID)
  /// A member that was down lives.
  case up(MemberID)
  /// A key of a member has a new value.
  case keySet(MemberID, Entry)
  /// A key of a member is gone.
  case keyDeleted(MemberID, key: String, version: Version)
  /// A member that left or was down is forgotten.
  case expired(MemberID)
  /// A later life of the same name took a member's place; its keys are gone with it.
  case replaced(MemberID, by: MemberID)
  /// Another live process goes by this node's name.
  case nameConflict(own: MemberID, rival: MemberID, address: Endpoint)

  /// The member that the event is about; the later life for `replaced`.
  public var member: MemberID {
    switch self {
    case .joined(let id), .left(let id), .down(let id), .up(let id), .expired(let id): id
    case .keySet(let id, _), .keyDeleted(let id, _, _), .replaced(_, by: let id): id
    case .nameConflict(_, let rival, _): rival
    }
  }
}

extension Event: CustomStringConvertible {
  /// The event in a few words, such as `web-1#7 left`.
  public var description: String {
    switch self {
    case .joined(let id): "\(id) joined"
    case .left(let id): "\(id) left"
    case .down(let id): "\(id) is down"
    case .up(let id): "\(id) is up"
    case .keySet(let id, let entry): "\(id) set \(entry)"
    case .keyDeleted(let id, let key, let version): "\(id) deleted \(key)@\(version)"
    case .expired(let id): "\(id) expired"
    case .replaced(let old, let new): "\(new) replaced \(old)"
    case .nameConflict(let own, let rival, let address):
      "\(rival) at \(address) goes by the name of \(own)"
    }
  }
}
