/// The nodes of a run, each at a place in memory of its own.
///
/// An engine is a large value. In an array that a class holds, each look at one copies it and
/// each call has to ask whether another is under way; here neither happens. See ``Place``.
final class NodeTable {
  private let places = Place<[UnsafeMutablePointer<SimulatedNode>]>([])

  var count: Int { places.value.count }
  var isEmpty: Bool { places.value.isEmpty }
  var indices: Range<Int> { places.value.indices }

  subscript(node: Int) -> SimulatedNode {
    @inline(__always) unsafeAddress { UnsafePointer(places.value[node]) }
    @inline(__always) unsafeMutableAddress { places.value[node] }
  }

  func append(_ node: SimulatedNode) {
    let place = UnsafeMutablePointer<SimulatedNode>.allocate(capacity: 1)
    place.initialize(to: node)
    places.value.append(place)
  }

  deinit {
    for place in places.value {
      place.deinitialize(count: 1)
      place.deallocate()
    }
  }
}
