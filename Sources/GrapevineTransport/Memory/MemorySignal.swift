internal import Synchronization

/// A descriptor that epoll finds readable for as long as a condition holds.
///
/// It goes with a value under a lock, and is set while that is held: so it never says anything but
/// what the value says. Setting it does not block.
package final class MemorySignal: Sendable {
  private let counter: Descriptor
  /// What was set last, so that the system is called for a change only.
  private let isRaised = Atomic<Bool>(false)

  init() throws(SystemError) {
    counter = try System.makeEventCounter()
  }

  /// Another descriptor of the same counter, for whoever watches it.
  func makeDescriptor() throws(SystemError) -> Descriptor {
    try System.duplicate(counter)
  }

  /// Raises or lowers the signal.
  func set(_ isRaised: Bool) {
    guard self.isRaised.exchange(isRaised, ordering: .relaxed) != isRaised else { return }
    do {
      if isRaised {
        try System.signal(counter)
      } else {
        try System.clear(counter)
      }
    } catch {
      preconditionFailure("a signal can't be set: \(error)")
    }
  }
}
