/// A binary min-heap.
package struct Heap<Element: Comparable & Sendable>: Sendable {
  private var elements: [Element] = []

  package init() {}

  package var count: Int { elements.count }
  package var least: Element? { elements.first }

  /// - Complexity: O(log(`count`)).
  package mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard elements[child] < elements[parent] else { return }
      elements.swapAt(child, parent)
      child = parent
    }
  }

  /// - Complexity: O(log(`count`)).
  package mutating func removeLeast() -> Element? {
    guard let least = elements.first else { return nil }
    let last = elements.removeLast()
    guard !elements.isEmpty else { return least }
    elements[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < elements.count else { return least }
      if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
      guard elements[child] < elements[parent] else { return least }
      elements.swapAt(child, parent)
      parent = child
    }
  }

  /// Keeps only what `isKept` says; O(n log n).
  package mutating func filter(_ isKept: (Element) -> Bool) {
    let kept = elements.filter(isKept)
    elements = []
    for element in kept { insert(element) }
  }
}
