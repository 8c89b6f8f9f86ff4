/// Why something could not be done on a ``MemoryNetwork``.
public struct MemoryNetworkError: Error, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: Sendable, Hashable {
    /// A text is not an address, or not one that serves the purpose.
    case invalidAddress
    /// A size breaks its rule.
    case invalidValue
    /// A listener or a node is bound there.
    case addressInUse
    /// Nobody listens there, or too many wait to be accepted.
    case refused
    /// The listener was closed before it accepted.
    case serverClosed
    /// The listener that should accept is closed.
    case listenerClosed
    /// What should be closed was closed before.
    case alreadyClosed
    /// The connection was closed, here or by the peer.
    case closed
    /// The peer has broken off, and what it said is lost.
    case reset
    /// The time was over.
    case deadlineExceeded
    /// The task that waited was cancelled.
    case cancelled
  }

  /// The kind of failure.
  public let code: Code
  /// What is wrong, and what to do about it.
  public let reason: String
  /// How many bytes a write that failed has handed over nevertheless; 0 for all else.
  public let writtenCount: Int

  init(_ code: Code, _ reason: String, writtenCount: Int = 0) {
    self.code = code
    self.reason = reason
    self.writtenCount = writtenCount
  }

  /// What is wrong, and what to do about it.
  public var description: String { reason }
}

extension MemoryNetworkError {
  static let cancelled = MemoryNetworkError(.cancelled, "the task that waited was cancelled")
  static let deadlineExceeded = MemoryNetworkError(.deadlineExceeded, "the deadline has passed")
}
