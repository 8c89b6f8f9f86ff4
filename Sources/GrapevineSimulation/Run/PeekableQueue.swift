/// First in, first out, with a first element that can be looked at and changed in place.
package struct PeekableQueue<Element> {
  private var elements: [Element] = []
  private var head = 0

  package init() {}

  package var count: Int { elements.count - head }
  package var isEmpty: Bool { head == elements.count }

  package var first: Element? {
    get { isEmpty ? nil : elements[head] }
    set {
      precondition(!isEmpty, "there is no first element to change")
      if let newValue { elements[head] = newValue }
    }
  }

  /// The elements, the first of them first.
  package var all: ArraySlice<Element> { elements[head...] }

  package mutating func append(_ element: Element) {
    elements.append(element)
  }

  /// Takes the first element out.
  ///
  /// - Complexity: O(1) amortised.
  package mutating func popFirst() -> Element? {
    guard !isEmpty else { return nil }
    let element = elements[head]
    head += 1
    if head == elements.count {
      removeAll()
    } else if head >= 64, head * 2 >= elements.count {
      elements.removeSubrange(..<head)
      head = 0
    }
    return element
  }

  package mutating func removeAll() {
    elements.removeAll(keepingCapacity: true)
    head = 0
  }
}

/// Bytes that wait to be sent, in the chunks that they came in.
package struct ByteQueue {
  private var chunks = PeekableQueue<[UInt8]>()
  private var firstOffset = 0
  package private(set) var count = 0

  package init() {}

  package var isEmpty: Bool { count == 0 }

  package mutating func append(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    chunks.append(bytes)
    count += bytes.count
  }

  /// Takes out the first `size` bytes.
  package mutating func take(_ size: Int) -> [UInt8] {
    precondition(size <= count, "\(size) bytes asked of \(count)")
    count -= size
    if firstOffset == 0, let chunk = chunks.first, chunk.count == size {
      return chunks.popFirst() ?? []
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    while bytes.count < size, let chunk = chunks.first {
      let end = min(chunk.count, firstOffset + size - bytes.count)
      bytes.append(contentsOf: chunk[firstOffset..<end])
      firstOffset = end
      guard end == chunk.count else { continue }
      _ = chunks.popFirst()
      firstOffset = 0
    }
    return bytes
  }

  package mutating func removeAll() {
    self = ByteQueue()
  }
}
