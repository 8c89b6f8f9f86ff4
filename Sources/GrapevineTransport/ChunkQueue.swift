internal import Glibc

/// Chunks of bytes in the order in which they go out; the first may have gone in part.
struct ChunkQueue {
  /// The most chunks that one call to the system is offered: more than 256 KiB of whole frames.
  private static let pieceLimit = 16

  private var chunks: [[UInt8]] = []
  /// The first chunk that is still here; those before it are empty and are removed by and by.
  private var firstIndex = 0
  /// What has gone of the first chunk.
  private var firstOffset = 0
  /// The number of bytes in all.
  private(set) var byteCount = 0

  /// The chunks of which something is here still.
  var chunkCount: Int { chunks.count - firstIndex }
}

extension ChunkQueue {
  /// Adds a chunk at the end; an empty one is nothing.
  mutating func append(_ chunk: [UInt8]) {
    guard !chunk.isEmpty else { return }
    chunks.append(chunk)
    byteCount += chunk.count
  }

  /// Removes bytes at the beginning.
  mutating func removeFirst(_ count: Int) {
    precondition(count <= byteCount, "\(count) bytes went of \(byteCount)")
    byteCount -= count
    var left = count
    while left > 0 {
      let rest = chunks[firstIndex].count - firstOffset
      guard left >= rest else {
        firstOffset += left
        break
      }
      left -= rest
      chunks[firstIndex] = []
      firstIndex += 1
      firstOffset = 0
    }
    guard firstIndex == chunks.count || firstIndex >= 64 else { return }
    chunks.removeFirst(firstIndex)
    firstIndex = 0
  }

  /// Lends vectors over the first chunks, and the number of bytes that these have.
  func withPieces<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<iovec>, Int) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var pieces: [iovec] = []
    pieces.reserveCapacity(Self.pieceLimit)
    return try withPieces(from: firstIndex, offset: firstOffset, size: 0, &pieces, body)
  }

  /// Adds one chunk's vector and goes on to the next inside the scope in which its pointer is
  /// valid.
  private func withPieces<Result, Failure: Error>(
    from index: Int,
    offset: Int,
    size: Int,
    _ pieces: inout [iovec],
    _ body: (UnsafeMutableBufferPointer<iovec>, Int) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard index < chunks.count, pieces.count < Self.pieceLimit else {
      return try pieces.withUnsafeMutableBufferPointer { (vectors) throws(Failure) in
        try body(vectors, size)
      }
    }
    return try chunks[index].withUnsafeBufferPointer { (bytes) throws(Failure) in
      let piece = UnsafeRawBufferPointer(bytes)[offset...]
      let start = UnsafeRawBufferPointer(rebasing: piece).baseAddress
      pieces.append(
        iovec(iov_base: UnsafeMutableRawPointer(mutating: start), iov_len: piece.count)
      )
      return try withPieces(
        from: index + 1,
        offset: 0,
        size: size + piece.count,
        &pieces,
        body
      )
    }
  }
}
