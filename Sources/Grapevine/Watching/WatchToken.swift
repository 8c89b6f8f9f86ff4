/// What `watch` gives in exchange for a watcher, to be handed back when it should hear no more.
///
/// The watcher stays for as long as the node does, whether the token is kept or not.
public struct WatchToken: Sendable {
  private weak let subscriber: (any Subscriber)?
  private weak let hub: NodeHub?

  init(subscriber: any Subscriber, hub: NodeHub) {
    self.subscriber = subscriber
    self.hub = hub
  }

  /// Removes the watcher; twice is harmless.
  ///
  /// What it was not told yet is dropped. A call of the watcher that is under way on the delivery
  /// thread goes on; none begins after this returns, save one that had just been taken up.
  public func cancel() {
    guard let subscriber else { return }
    subscriber.queue.discard()
    hub?.remove(subscriber)
  }
}
