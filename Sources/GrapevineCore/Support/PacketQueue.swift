/// Packets that wait to be pulled, in one buffer that is used again and again.
package struct PacketQueue: Sendable {
  private var bytes: [UInt8] = []
  private var items: [Item] = []
  private var head = 0
  /// How often in a row little was queued when the queue became empty.
  private var calmCount = 0
  private let limit: Int
  /// Packets that were not queued since the queue was full.
  package private(set) var droppedCount = 0
  /// What one endpoint may still be sent.
  private var ration: (endpoint: Endpoint, size: Int)?

  private struct Item {
    var endpoint: Endpoint
    var start: Int
    var end: Int
  }

  package init(limit: Int) {
    self.limit = limit
  }

  package var isEmpty: Bool { head == items.count }
  package var count: Int { items.count - head }

  /// Lets no more than `size` bytes be queued for an endpoint, until the ration ends.
  package mutating func ration(_ endpoint: Endpoint, to size: Int) {
    ration = (endpoint, size)
  }

  package mutating func endRation() {
    ration = nil
  }

  /// The most bytes that may be queued for an endpoint now.
  package func room(to endpoint: Endpoint) -> Int {
    guard let ration, ration.endpoint == endpoint else { return .max }
    return ration.size
  }

  /// Appends the packet that `body` writes; returns where in the buffer it begins.
  ///
  /// A full queue drops it and returns nil, and so does one whose ration it exceeds.
  @discardableResult
  package mutating func append(to endpoint: Endpoint, _ body: (inout [UInt8]) -> Void) -> Int? {
    let start = bytes.count
    guard count < limit else {
      droppedCount += 1
      return nil
    }
    body(&bytes)
    guard bytes.count - start <= room(to: endpoint) else {
      bytes.removeLast(bytes.count - start)
      return nil
    }
    if ration?.endpoint == endpoint { ration?.size -= bytes.count - start }
    items.append(Item(endpoint: endpoint, start: start, end: bytes.count))
    return start
  }

  /// Takes back the packet that was appended last.
  package mutating func removeLast() {
    guard head < items.count else { return }
    let item = items.removeLast()
    bytes.removeLast(item.end - item.start)
    if ration?.endpoint == item.endpoint { ration?.size += item.end - item.start }
  }

  /// Sets bits in a byte of a packet that is still queued.
  package mutating func setBits(_ bits: UInt8, at offset: Int) {
    bytes[offset] |= bits
  }

  /// Appends the oldest packet to `buffer` and says where it goes.
  package mutating func next(into buffer: inout [UInt8]) -> Endpoint? {
    guard head < items.count else { return nil }
    let item = items[head]
    head += 1
    buffer.append(contentsOf: bytes[item.start..<item.end])
    if head == items.count { recycle() }
    return item.endpoint
  }

  /// Empties the buffers, and gives back what a burst made large once little is queued again.
  private mutating func recycle() {
    calmCount = bytes.count <= Self.calmSize ? calmCount + 1 : 0
    var keeps = bytes.capacity <= 65_536
    if calmCount == Self.calmCountLimit {
      calmCount = 0
      keeps = keeps && bytes.capacity <= 2 * Self.calmSize
    }
    head = 0
    items.removeAll(keepingCapacity: keeps && items.capacity <= 64)
    bytes.removeAll(keepingCapacity: keeps)
  }

  private static let calmSize = 1_024
  private static let calmCountLimit = 8
}

/// A first-in first-out queue over an array.
package struct Queue<Element: Sendable>: Sendable {
  private var elements: [Element] = []
  private var head = 0

  package init() {}

  package var isEmpty: Bool { head == elements.count }
  package var count: Int { elements.count - head }

  package mutating func append(_ element: Element) {
    elements.append(element)
  }

  package mutating func next() -> Element? {
    guard head < elements.count else { return nil }
    let element = elements[head]
    head += 1
    if head == elements.count {
      elements.removeAll(keepingCapacity: elements.capacity <= 16)
      head = 0
    } else if head >= 64, head * 2 > elements.count {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }
}
