/// Where locks are kept: what makes that only one holds a key at a time.
///
/// A ``LockRing`` asks for the keys that its node owns; the store says when nobody else has them.
/// The one that comes with the library, which ``Node/withLocks(prefix:sharder:store:_:)`` takes
/// where none is given, asks all live members and keeps nothing elsewhere. A strict one can be
/// built on any service that has a lock with fencing numbers.
public protocol LockStore: Sendable {
  /// Waits until nobody else holds `key`, and takes it.
  ///
  /// Once it is taken, and until ``release(_:epoch:)``, the store calls `onLoss` if it can't answer
  /// for it any longer. If the task is cancelled it takes nothing, or gives it back.
  ///
  /// - Returns: A fencing number, higher than all that were given for the key before.
  func acquire(_ key: String, onLoss: @escaping @Sendable () -> Void) async throws -> UInt64

  /// Gives `key` back; nothing happens if it is not held, or with another fencing number by now.
  func release(_ key: String, epoch: UInt64)
}
