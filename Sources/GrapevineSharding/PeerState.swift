/// What part a member has in owning keys.
///
/// A member begins as a viewer. It becomes a participant when it can take keys over, and
/// terminating when it is about to leave and hands them over; there is no way back.
public enum PeerState: UInt8, Sendable, Hashable, CaseIterable {
  /// It owns nothing.
  case viewer = 0
  /// It owns keys.
  case participant = 1
  /// It owns keys for those who read them, until others have taken them over.
  case terminating = 2
}

extension PeerState {
  /// Says whether the member may be asked for a key by those who want to do `operation`.
  public func isEligible(for operation: ShardOperation) -> Bool {
    switch operation {
    case .read: self != .viewer
    case .readWrite: self == .participant
    }
  }

  /// Checks that a member of this state may change to `other`.
  ///
  /// - Throws: ``StateTransitionError`` for any but viewer to participant and participant to
  ///   terminating.
  public func checkTransition(to other: PeerState) throws(StateTransitionError) {
    switch (self, other) {
    case (.viewer, .participant), (.participant, .terminating): break
    default: throw StateTransitionError(from: self, to: other)
    }
  }
}

extension PeerState: CustomStringConvertible, LosslessStringConvertible {
  /// The state's name: `viewer`, `participant` or `terminating`.
  public var description: String {
    switch self {
    case .viewer: "viewer"
    case .participant: "participant"
    case .terminating: "terminating"
    }
  }

  /// Creates the state of a name; nil if there is none.
  public init?(_ description: String) {
    guard let state = Self.allCases.first(where: { $0.description == description }) else {
      return nil
    }
    self = state
  }
}

extension PeerState: Codable {
  /// Reads a state's name.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let state = PeerState(name) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "unknown state \"\(name)\""
      )
    }
    self = state
  }

  /// Writes the state's name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A member was to change to a state that does not follow on its own.
public struct StateTransitionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The state that the member has, and keeps.
  public let from: PeerState
  /// The state that it was to change to.
  public let to: PeerState

  /// Creates the error.
  public init(from: PeerState, to: PeerState) {
    self.from = from
    self.to = to
  }

  /// Both states in words.
  public var description: String { "invalid transition from \(from) to \(to)" }
}

/// What someone wants to do with a key.
public enum ShardOperation: Sendable, Hashable, CaseIterable, CustomStringConvertible {
  /// Participants and terminating members are asked.
  case read
  /// Participants alone are asked.
  case readWrite

  /// The operation's name.
  public var description: String {
    switch self {
    case .read: "read"
    case .readWrite: "readWrite"
    }
  }
}
