import GrapevineCore
import GrapevineTransport

/// Somebody who hears of events: a watcher or an event stream.
protocol Subscriber: AnyObject, Sendable {
  var queue: EventQueue { get }
  /// Sees to it that the subscriber is told what is in the queue; called outside every lock.
  func wake()
}

/// A watcher, told on the delivery thread.
final class WatcherSubscriber: Subscriber {
  let queue: EventQueue
  private let delivery: Delivery

  init(queue: EventQueue, thread: DeliveryThread, tell: @escaping @Sendable (Notice) -> Void) {
    self.queue = queue
    delivery = Delivery(thread: thread, hasNews: { queue.hasNews }) {
      guard case .tell(let notice) = queue.next() else { return false }
      tell(notice)
      return true
    }
  }

  func wake() {
    delivery.wake()
  }
}

/// An event stream, whose tasks come for their events themselves.
final class StreamSubscriber: Subscriber {
  let queue: EventQueue
  private let waiting = Locked<[Promise<Void>]>([])

  init(queue: EventQueue) {
    self.queue = queue
  }

  func wake() {
    guard queue.isReady else { return }
    let woken = waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
    for promise in woken { promise.fulfil(()) }
  }

  /// Waits for the next notice; nil once the subscription has ended or the task is cancelled.
  func next() async -> Notice? {
    while !Task.isCancelled {
      switch queue.next() {
      case .tell(let notice): return notice
      case .finish: return nil
      case .wait: await waitForNews()
      }
    }
    return nil
  }

  private func waitForNews() async {
    let news = Promise<Void>()
    waiting.withLock { $0.append(news) }
    wake()
    await news.value { news.fulfil(()) }
    waiting.withLock { waiting in waiting.removeAll { $0 === news } }
  }
}
