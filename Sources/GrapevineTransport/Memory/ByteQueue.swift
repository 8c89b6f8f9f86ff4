/// Bytes in the order in which they came.
package struct ByteQueue {
  private var bytes: [UInt8] = []
  /// What of `bytes` has gone already.
  private var goneCount = 0

  package init() {}

  package var count: Int { bytes.count - goneCount }

  package mutating func append(_ added: some Collection<UInt8>) {
    bytes.append(contentsOf: added)
  }

  /// Removes the first bytes, at most `limit`, and lends them meanwhile.
  package mutating func take<Result>(
    atMost limit: Int,
    _ body: (ArraySlice<UInt8>) -> Result
  ) -> Result {
    let end = goneCount + min(limit, count)
    let result = body(bytes[goneCount..<end])
    goneCount = end
    if goneCount == bytes.count {
      bytes.removeAll(keepingCapacity: true)
      goneCount = 0
    } else if goneCount > bytes.count / 2 {
      bytes.removeFirst(goneCount)
      goneCount = 0
    }
    return result
  }
}
