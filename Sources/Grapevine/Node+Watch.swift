public import GrapevineCore

extension Node {
  /// Has `watcher` told of all that happens to other members from now on.
  ///
  /// The members that are returned are what the node knows at the same moment: what the watcher is
  /// told builds on it, with nothing missing and nothing double.
  ///
  /// - Complexity: O(number of all members' entries).
  @discardableResult
  public func watch(_ watcher: some Watcher) -> (members: [Member], token: WatchToken) {
    let subscriber = WatcherSubscriber(queue: makeQueue(), thread: loop.delivery) {
      watcher.receive($0)
    }
    let members = subscribe(subscriber)
    return (members, WatchToken(subscriber: subscriber, hub: hub))
  }

  /// Has `body` called with each event of one kind from now on, as a ``Watcher`` would be.
  ///
  /// Events of other kinds take no room in its queue. If it is so slow that the queue is full,
  /// `onMissed` is told how many it missed, and what the node knows when it hears of events again.
  @discardableResult
  public func watch<Payload>(
    _ kind: EventKind<Payload>,
    _ body: @escaping @Sendable (Payload) -> Void,
    onMissed: @escaping @Sendable (_ count: Int, _ members: [Member]) -> Void = { _, _ in }
  ) -> WatchToken {
    let queue = makeQueue { kind.payload($0) != nil }
    let subscriber = WatcherSubscriber(queue: queue, thread: loop.delivery) { notice in
      switch notice {
      case .event(let event): if let payload = kind.payload(event) { body(payload) }
      case .missed(let count, let members): onMissed(count, members)
      }
    }
    hub.add(subscriber)
    return WatchToken(subscriber: subscriber, hub: hub)
  }

  /// All that happens to other members from now on, as an asynchronous sequence.
  ///
  /// - Complexity: O(number of all members' entries), for what the node knows at the same moment.
  public func events() -> EventStream {
    let subscriber = StreamSubscriber(queue: makeQueue())
    let members = subscribe(subscriber)
    return EventStream(members: members, subscriber: subscriber, hub: hub)
  }

  func makeQueue(
    accepts: @escaping @Sendable (Event) -> Bool = { _ in true }
  ) -> EventQueue {
    EventQueue(
      limit: watcherQueueLimit,
      byteLimit: watcherQueueByteLimit,
      runtime: runtime,
      log: log,
      accepts: accepts
    )
  }

  private func subscribe(_ subscriber: any Subscriber) -> [Member] {
    // The engine is a value: its copy is read while it itself goes on.
    let (engine, now) = runtime.inspectEngine { engine, now in
      hub.add(subscriber)
      return (copy engine, now)
    }
    return engine.members(now: now)
  }
}
