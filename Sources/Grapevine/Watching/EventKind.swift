/// One kind of event, for those who want to hear of no other.
///
/// ```swift
/// node.watch(.joined) { member in print("\(member) is here") }
/// ```
public struct EventKind<Payload: Sendable>: Sendable {
  /// What the event says, or nil if it is of another kind.
  let payload: @Sendable (Event) -> Payload?
}

extension EventKind where Payload == MemberID {
  /// A member became known.
  public static var joined: EventKind {
    EventKind { if case .joined(let id) = $0 { id } else { nil } }
  }

  /// A member announced that it is about to leave.
  public static var leaving: EventKind {
    EventKind { if case .leaving(let id) = $0 { id } else { nil } }
  }

  /// A member left of its own will.
  public static var left: EventKind {
    EventKind { if case .left(let id) = $0 { id } else { nil } }
  }

  /// The cluster judged a member crashed.
  public static var down: EventKind {
    EventKind { if case .down(let id) = $0 { id } else { nil } }
  }

  /// A member that was down lives.
  public static var up: EventKind {
    EventKind { if case .up(let id) = $0 { id } else { nil } }
  }

  /// A member that left or was down is forgotten.
  public static var expired: EventKind {
    EventKind { if case .expired(let id) = $0 { id } else { nil } }
  }
}

extension EventKind where Payload == (member: MemberID, entry: Entry) {
  /// A key of a member has a new value.
  public static var keySet: EventKind {
    EventKind { if case .keySet(let id, let entry) = $0 { (id, entry) } else { nil } }
  }
}

extension EventKind where Payload == (member: MemberID, key: String, version: Version) {
  /// A key of a member is gone.
  public static var keyDeleted: EventKind {
    EventKind {
      if case .keyDeleted(let id, let key, let version) = $0 { (id, key, version) } else { nil }
    }
  }
}

extension EventKind where Payload == (old: MemberID, new: MemberID) {
  /// A later life of a name took a member's place.
  public static var replaced: EventKind {
    EventKind { if case .replaced(let old, by: let new) = $0 { (old, new) } else { nil } }
  }
}

extension EventKind where Payload == (rival: MemberID, address: Endpoint) {
  /// Another live process goes by this node's name.
  public static var nameConflict: EventKind {
    EventKind {
      if case .nameConflict(_, let rival, let address) = $0 { (rival, address) } else { nil }
    }
  }
}
