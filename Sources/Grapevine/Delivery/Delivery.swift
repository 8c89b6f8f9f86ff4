import Synchronization

/// What one watcher or log sink is told on the delivery thread: one thing after the other, in
/// turns.
package final class Delivery: Sendable {
  private let thread: DeliveryThread
  private let hasNews: @Sendable () -> Bool
  private let tellNext: @Sendable () -> Bool
  /// Set from the moment that a turn is asked for until the turn is over.
  private let isScheduled = Atomic(false)

  /// The most things that are told in a turn, before the others of the loop have theirs.
  private static var turn: Int { 64 }

  /// Creates a delivery; `tellNext` tells one thing, and returns false if there was none.
  package init(
    thread: DeliveryThread,
    hasNews: @escaping @Sendable () -> Bool,
    tellNext: @escaping @Sendable () -> Bool
  ) {
    self.thread = thread
    self.hasNews = hasNews
    self.tellNext = tellNext
  }

  /// Asks for a turn if there is news and none was asked for yet.
  package func wake() {
    guard hasNews(), claimTurn() else { return }
    thread.schedule(self)
  }

  /// Tells some of the news; returns whether another turn is needed.
  func takeTurn() -> Bool {
    for _ in 0..<Self.turn {
      guard !tellNext() else { continue }
      isScheduled.store(false, ordering: .sequentiallyConsistent)
      // What came between the last look and the store was not scheduled by its sender.
      return hasNews() && claimTurn()
    }
    return true
  }

  /// Ends a turn that never came; the next news ask for another.
  func giveUpTurn() {
    isScheduled.store(false, ordering: .sequentiallyConsistent)
  }

  private func claimTurn() -> Bool {
    !isScheduled.exchange(true, ordering: .sequentiallyConsistent)
  }
}
