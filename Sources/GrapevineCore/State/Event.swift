/// Something that happened to another member, as this node learned of it.
///
/// Per member the order is: `joined` (or, for a later life of a name, `replaced`), then `down` and
/// `up` in turn, `leaving` at any time among them, then `left`, and `expired` last.
public enum Event: Sendable, Hashable, Codable {
  /// A member became known.
  case joined(MemberID)
  /// A member announced that it is about to leave: it hands over what it holds.
  case leaving(MemberID)
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
    case .joined(let id), .leaving(let id), .left(let id), .down(let id), .up(let id),
      .expired(let id):
      id
    case .keySet(let id, _), .keyDeleted(let id, _, _), .replaced(_, by: let id): id
    case .nameConflict(_, let rival, _): rival
    }
  }
}

extension Event {
  /// Says whether both tell the same; keys compare by their bytes.
  public static func == (first: Event, second: Event) -> Bool {
    switch (first, second) {
    case (.joined(let id), .joined(let other)), (.left(let id), .left(let other)),
      (.leaving(let id), .leaving(let other)),
      (.down(let id), .down(let other)), (.up(let id), .up(let other)),
      (.expired(let id), .expired(let other)):
      id == other
    case (.keySet(let id, let entry), .keySet(let other, let otherEntry)):
      id == other && entry == otherEntry
    case (.keyDeleted(let id, let key, let version), .keyDeleted(let other, let otherKey, let at)):
      id == other && key.hasSameBytes(as: otherKey) && version == at
    case (.replaced(let id, let next), .replaced(let other, let otherNext)):
      id == other && next == otherNext
    case (
      .nameConflict(let own, let rival, let address),
      .nameConflict(let other, let otherRival, let otherAddress)
    ):
      own == other && rival == otherRival && address == otherAddress
    case (.joined, _), (.leaving, _), (.left, _), (.down, _), (.up, _), (.expired, _), (.keySet, _),
      (.keyDeleted, _), (.replaced, _), (.nameConflict, _):
      false
    }
  }
}

extension Event: CustomStringConvertible {
  /// The event in a few words, such as `web-1#7 left`.
  public var description: String {
    switch self {
    case .joined(let id): "\(id) joined"
    case .leaving(let id): "\(id) is leaving"
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
