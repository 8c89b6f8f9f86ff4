/// The events of a node as an asynchronous sequence, from the moment that it was asked for.
///
/// The queue behind it is bounded by ``Node/Configuration/watcherQueueLimit`` and
/// ``Node/Configuration/watcherQueueByteLimit``: where the reader is too slow,
/// ``Notice/missed(count:members:)`` says so and gives a fresh start. The sequence ends when the
/// node is closed, after what came before that. Its iterators share one queue, so that each notice
/// is had by one of them only; ask the node for a sequence of its own for each reader.
public struct EventStream: AsyncSequence, Sendable {
  /// What the node knew when the sequence began: its first event builds on it.
  public let members: [Member]
  private let subscription: Subscription

  init(members: [Member], subscriber: StreamSubscriber, hub: NodeHub) {
    self.members = members
    subscription = Subscription(subscriber: subscriber, hub: hub)
  }

  /// Creates an iterator.
  public func makeAsyncIterator() -> Iterator {
    Iterator(subscription: subscription)
  }

  /// Waits for one notice after the other.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let subscription: Subscription

    /// The next notice; nil once the node is closed or the task cancelled.
    public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async -> Notice?
    {
      await subscription.subscriber.next()
    }
  }
}

/// Ends with the last sequence or iterator that holds it.
private final class Subscription: Sendable {
  let subscriber: StreamSubscriber
  private weak let hub: NodeHub?

  init(subscriber: StreamSubscriber, hub: NodeHub) {
    self.subscriber = subscriber
    self.hub = hub
  }

  deinit {
    hub?.remove(subscriber)
  }
}
