public import GrapevineCore

/// Why a node could not do what it was asked to do; the node goes on as it was.
public struct NodeError: Error, Sendable {
  /// The kind of failure, to be switched on with a default: later versions may add kinds.
  public let code: Code
  /// The value that was given and can't be used: an address, a key, a setting's value.
  public let value: String
  /// What is wrong with the value, or what would be right, in words.
  public let reason: String
  /// What became of each address that was tried, for ``Code/joinFailed``; else empty.
  public let failures: [AddressFailure]
  /// The members that it is about, for ``Code/leaveFailed`` and ``Code/spreadIncomplete``; else
  /// empty.
  public let members: [MemberID]
  /// The error underneath, such as a ``/GrapevineCore/StateError`` or an
  /// ``/GrapevineCore/InvalidConfiguration``; nil if none.
  public let cause: (any Error)?

  package init(
    _ code: Code,
    value: String,
    reason: String,
    failures: [AddressFailure] = [],
    members: [MemberID] = [],
    cause: (any Error)? = nil
  ) {
    self.code = code
    self.value = value
    self.reason = reason
    self.failures = failures
    self.members = members
    self.cause = cause
  }
}

extension NodeError {
  /// A kind of failure.
  public struct Code: Hashable, Sendable {
    private enum Kind: String {
      case invalidConfiguration
      case addressInUse
      case addressUnavailable
      case permissionDenied
      case systemFailure
      case invalidChange
      case joinFailed
      case leaveFailed
      case spreadIncomplete
      case invalidTransition
      case sizeNotReached
      case keysMissing
      case lockNotHeld
      case unknownMember
      case busy
      case nameTaken
      case left
      case closed
      case cancelled
    }

    private let kind: Kind

    /// A value of the configuration breaks its rule; the cause is an
    /// ``/GrapevineCore/InvalidConfiguration``.
    public static let invalidConfiguration = Code(kind: .invalidConfiguration)
    /// Another socket has the port that the node should bind.
    public static let addressInUse = Code(kind: .addressInUse)
    /// This machine does not have the address that the node should bind or advertise.
    public static let addressUnavailable = Code(kind: .addressUnavailable)
    /// The process may not bind the address.
    public static let permissionDenied = Code(kind: .permissionDenied)
    /// The system refused something else; the cause has its error number.
    public static let systemFailure = Code(kind: .systemFailure)
    /// A key or value breaks its rule or exceeds a limit; the cause is a
    /// ``/GrapevineCore/StateError``.
    public static let invalidChange = Code(kind: .invalidChange)
    /// No address could be joined; ``NodeError/failures`` has each one's reason.
    public static let joinFailed = Code(kind: .joinFailed)
    /// Live members were told that the node leaves, and none acknowledged it.
    public static let leaveFailed = Code(kind: .leaveFailed)
    /// The time was over before all live members held a version.
    public static let spreadIncomplete = Code(kind: .spreadIncomplete)
    /// A state does not follow on the one that the node has; the cause is a
    /// `StateTransitionError`.
    public static let invalidTransition = Code(kind: .invalidTransition)
    /// The time was over before so many members were live.
    public static let sizeNotReached = Code(kind: .sizeNotReached)
    /// The time was over before a member was live and had the keys.
    public static let keysMissing = Code(kind: .keysMissing)
    /// The time was over before the node held a lock.
    public static let lockNotHeld = Code(kind: .lockNotHeld)
    /// The node knows no other member of that name.
    public static let unknownMember = Code(kind: .unknownMember)
    /// Too much of the same is going on at a time.
    public static let busy = Code(kind: .busy)
    /// Another live process goes by the node's name, and it is the one that stays.
    public static let nameTaken = Code(kind: .nameTaken)
    /// The node has left its cluster.
    public static let left = Code(kind: .left)
    /// The node was closed.
    public static let closed = Code(kind: .closed)
    /// The task that waited was cancelled.
    public static let cancelled = Code(kind: .cancelled)
  }
}

extension NodeError.Code: CustomStringConvertible {
  /// The code's name, such as `addressInUse`.
  public var description: String { kind.rawValue }
}

extension NodeError: CustomStringConvertible {
  /// The value and what is wrong with it, then one line for each address that failed.
  public var description: String {
    failures.reduce("“\(value)”: \(reason)") { "\($0)\n  \($1)" }
  }
}

extension NodeError {
  static func closed(_ name: String) -> NodeError {
    NodeError(.closed, value: name, reason: "the node was closed: what is to go on needs a new one")
  }

  static func left(_ name: String) -> NodeError {
    NodeError(.left, value: name, reason: "the node has left: to come back, start a new one")
  }

  static func lockNotHeld(_ key: String) -> NodeError {
    NodeError(
      .lockNotHeld,
      value: key,
      reason: "the time was over before this node owned and held the key"
    )
  }

  static func cancelled(_ name: String) -> NodeError {
    NodeError(.cancelled, value: name, reason: "the task that waited was cancelled")
  }

  init(_ error: InvalidConfiguration) {
    self.init(
      .invalidConfiguration,
      value: error.value,
      reason: "\(error.name) must be \(error.rule)",
      cause: error
    )
  }

  /// Wraps what the engine of the node `name` said about a change.
  init(_ error: StateError, name: String) {
    let code: Code
    let value: String
    switch error {
    case .emptyKey: (code, value) = (.invalidChange, "")
    case .keyTooLong(let key, _, _), .reservedKey(let key), .valueTooLarge(let key, _, _),
      .timeToLiveNotPositive(let key, _):
      (code, value) = (.invalidChange, key)
    case .tooManyEntries(let limit): (code, value) = (.invalidChange, "\(limit)")
    case .hasLeft: (code, value) = (.left, name)
    case .nameTaken(let rival): (code, value) = (.nameTaken, rival.description)
    }
    self.init(code, value: value, reason: error.description, cause: error)
  }
}
