import GrapevineSimulation

/// Why a ``VirtualCluster`` could not do what it was asked to do.
public struct VirtualClusterError: Error, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: Sendable, Hashable {
    /// No node of that name was started.
    case unknownNode
    /// A node of that name was started already.
    case nameInUse
    /// A name, a key, a setting or a share breaks its rule.
    case invalidValue
    /// The node has crashed or sleeps.
    case notRunning
    /// The node has a process.
    case stillRunning
    /// The node does not sleep.
    case notPaused
    /// The condition did not come to hold in time.
    case timeIsUp
    /// An engine broke one of its promises: a fault of this library, to be reported with the seed.
    case brokenPromise
  }

  /// The kind of failure.
  public let code: Code
  /// What is wrong, in words.
  public let reason: String

  init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  init(_ violation: Violation) {
    self.init(.brokenPromise, "\(violation)")
  }

  /// What is wrong, in words.
  public var description: String { reason }
}
