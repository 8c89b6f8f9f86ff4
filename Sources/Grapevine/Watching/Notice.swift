/// What a subscriber is told: an event, or that events were missed.
public enum Notice: Sendable, Hashable, Codable {
  /// Something happened to another member.
  case event(Event)
  /// The subscriber was so slow that its queue was full, and `count` events were dropped.
  ///
  /// `members` is what the node knew when the queue took events again: the events that follow
  /// build on it.
  case missed(count: Int, members: [Member])
}

extension Notice: CustomStringConvertible {
  /// The event in words, or how many were missed.
  public var description: String {
    switch self {
    case .event(let event): event.description
    case .missed(let count, let members): "\(count) events missed; \(members.count) members known"
    }
  }
}
