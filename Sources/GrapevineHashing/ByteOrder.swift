/// Compares two texts by the bytes of their UTF-8, as `memcmp` does: negative if the first comes
/// first, 0 if they have the same bytes, and positive if the second does.
///
/// `String` itself holds texts for the same that have other bytes, and orders them so too.
///
/// - Complexity: O(number of bytes that they begin with in common).
public func compareBytes(_ first: String, _ second: String) -> Int {
  let result = first.utf8.withContiguousStorageIfAvailable { bytes in
    second.utf8.withContiguousStorageIfAvailable { others in
      compareBytes(UnsafeRawBufferPointer(bytes), UnsafeRawBufferPointer(others))
    }
  }
  if let result, let result { return result }
  // A text that came from elsewhere may not lie in one piece.
  if first.utf8.elementsEqual(second.utf8) { return 0 }
  return first.utf8.lexicographicallyPrecedes(second.utf8) ? -1 : 1
}

private func compareBytes(_ bytes: UnsafeRawBufferPointer, _ others: UnsafeRawBufferPointer) -> Int
{
  let count = min(bytes.count, others.count)
  var offset = 0
  while offset + 8 <= count {
    let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    let other = others.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    if word != other { return UInt64(bigEndian: word) < UInt64(bigEndian: other) ? -1 : 1 }
    offset += 8
  }
  while offset < count {
    if bytes[offset] != others[offset] { return bytes[offset] < others[offset] ? -1 : 1 }
    offset += 1
  }
  return bytes.count - others.count
}
