import Glibc
import Grapevine
import GrapevineTransport
import Testing

struct DeliveryThreadTests {
  @Test func `Who asks while no thread can be made is told with later news`() {
    let news = Locked<[String: Int]>([:])
    let other = Locked<Delivery?>(nil)
    let attemptCount = Locked(0)
    let thread = DeliveryThread { (body) throws(SystemError) in
      let isFirst = attemptCount.withLock { count in
        count += 1
        return count == 1
      }
      guard isFirst else { return try DeliveryThread.startNative(body) }
      // Somebody else asks before it is known that there is no thread.
      other.withLock { $0 }?.wake()
      throw SystemError(code: EAGAIN, operation: "pthread_create")
    }
    defer { thread.stop() }
    func makeDelivery(_ name: String) -> Delivery {
      Delivery(thread: thread, hasNews: { news.withLock { $0[name, default: 0] > 0 } }) {
        news.withLockNotifying { news in
          guard news[name, default: 0] > 0 else { return false }
          news[name] = 0
          return true
        }
      }
    }
    let (first, second) = (makeDelivery("first"), makeDelivery("second"))
    other.withLock { $0 = second }
    news.withLock { $0 = ["first": 1, "second": 1] }
    first.wake()
    #expect(attemptCount.withLock { $0 } == 1)
    #expect(news.withLock { $0 } == ["first": 1, "second": 1])
    second.wake()
    let isTold: Void? = news.wait(atMost: .seconds(20)) { $0["second"] == 0 ? () : nil }
    #expect(isTold != nil, "the second one is never told")
    first.wake()
    let areTold: Void? = news.wait(atMost: .seconds(20)) { $0["first"] == 0 ? () : nil }
    #expect(areTold != nil, "the first one is never told")
    other.withLock { $0 = nil }
  }
}
