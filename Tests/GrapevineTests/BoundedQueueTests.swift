import Grapevine
import Testing

@Suite struct BoundedQueueTests {
  @Test func `Elements come out in order`() {
    var queue = BoundedQueue<Int>(limit: 1_001)
    var next = 0
    for element in 0..<3_000 {
      queue.append(element)
      // Two thirds are taken at once, so the ring turns while it grows.
      guard element % 3 != 0 else { continue }
      #expect(queue.popFirst() == next)
      next += 1
    }
    while let element = queue.popFirst() {
      #expect(element == next)
      next += 1
    }
    #expect(next == 3_000)
    #expect(queue.missed == 0)
  }

  @Test func `It holds its limit and misses the next`() {
    var queue = BoundedQueue<Int>(limit: 10)
    for element in 0..<10 { queue.append(element) }
    #expect(queue.count == 10)
    #expect(queue.missed == 0)
    queue.append(10)
    #expect(queue.count == 10)
    #expect(queue.missed == 1)
  }

  @Test func `After one was missed all are until that was told`() {
    var queue = BoundedQueue<Int>(limit: 2)
    for element in 0..<3 { queue.append(element) }
    #expect(queue.popFirst() == 0)
    queue.append(3)
    #expect(queue.popFirst() == 1)
    #expect(queue.popFirst() == nil)
    #expect(queue.hasNews)
    #expect(queue.takeMissed() == 2)
    #expect(!queue.hasNews)
    queue.append(4)
    #expect(queue.popFirst() == 4)
  }

  @Test func `An element that was taken is not kept`() {
    final class Element {}
    var queue = BoundedQueue<Element>(limit: 100)
    weak var element: Element?
    do {
      let strong = Element()
      element = strong
      queue.append(strong)
    }
    #expect(element != nil)
    queue.popFirst()
    #expect(element == nil)
  }
}
