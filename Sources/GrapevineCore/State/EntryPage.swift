/// A run of a state's entries in one allocation, in ascending version order.
///
/// An entry lies there as it travels, its version counted from the page's `base`. Bytes are only
/// ever appended, so what was read out of a page stays as it was.
struct EntryPage: Sendable {
  /// The versions in the page are above this, and counted from it.
  let base: Version
  private(set) var bytes: [UInt8] = []
  /// Bytes that the page was given, used or not.
  private(set) var capacity = 0
  /// Where each entry begins; the highest bit says that a later entry took its place.
  private var starts: [UInt16] = []
  private var entryCount = 0

  /// Bytes in a page, unless its one entry alone has more.
  static let sizeLimit = 16_384
  /// Places in a page.
  static let placeLimit = 1_024
  /// What a place takes beside the entry's bytes: two, in an array that grows by doubling.
  private static let placeSize = 3
  /// What a page takes in a list of pages.
  private static let emptySize = MemoryLayout<EntryPage>.stride
  /// What a page takes beside that and the entries: headers of arrays and allocations.
  private static let overhead = 96
  private static let vacantBit: UInt16 = 1 << 15

  init(base: Version) {
    self.base = base
  }
}

// MARK: Reading

extension EntryPage {
  /// Places in use or vacant.
  var placeCount: Int { starts.count }
  /// Bytes of memory taken, but for those that are still to be used.
  var size: Int { Self.emptySize + (starts.isEmpty ? 0 : Self.overhead + entriesSize) }
  /// What of that the entries and vacant places take.
  var entriesSize: Int { bytes.count + Self.placeSize * starts.count }
  /// Says that no place holds an entry.
  var isVacant: Bool { entryCount == 0 }

  func isVacant(_ index: Int) -> Bool { starts[index] & Self.vacantBit != 0 }

  /// The entry in a place.
  func entry(at index: Int) -> StoredEntry { StoredEntry(header(at: index), in: bytes) }

  /// Where the parts of the entry in a place lie; it was checked when it came in.
  func header(at index: Int) -> EntryHeader {
    var offset = start(of: index)
    let version = base + number(at: &offset)
    let isDeleted = bytes[offset] & EntryHeader.deletedFlag != 0
    offset += 1
    let keySize = Int(number(at: &offset))
    let key = offset..<offset + keySize
    offset = key.upperBound
    let valueSize = Int(number(at: &offset))
    return EntryHeader(
      version: version,
      isDeleted: isDeleted,
      key: key,
      value: offset..<offset + valueSize
    )
  }

  func isDeleted(_ index: Int) -> Bool {
    bytes[contentStart(of: index)] & EntryHeader.deletedFlag != 0
  }

  /// Says whether the key of the entry in a place is the `range` of `other`.
  func hasKey(_ other: Span<UInt8>, _ range: Range<Int>, at index: Int) -> Bool {
    var offset = contentStart(of: index) + 1
    guard number(at: &offset) == UInt64(range.count) else { return false }
    for index in range {
      guard bytes[offset] == other[index] else { return false }
      offset += 1
    }
    return true
  }

  /// Says whether the page takes a further entry.
  func hasPlace(for header: EntryHeader) -> Bool {
    starts.count < Self.placeLimit && bytes.count + header.size(after: base) <= Self.sizeLimit
  }

  /// The first place at or after `index` that is not vacant.
  func firstEntry(from index: Int) -> Int? {
    var index = index
    while index < starts.count {
      if !isVacant(index) { return index }
      index += 1
    }
    return nil
  }

  /// The last place that is not vacant.
  var lastEntry: Int? {
    var index = starts.count
    while index > 0 {
      index -= 1
      if !isVacant(index) { return index }
    }
    return nil
  }

  /// The first place, vacant or not, above `version`; the count of places if there is none.
  func firstPlace(after version: Version) -> Int {
    var lower = 0
    var upper = starts.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if self.version(at: middle) > version { upper = middle } else { lower = middle + 1 }
    }
    return lower
  }

  private func version(at index: Int) -> Version {
    var offset = start(of: index)
    return base + number(at: &offset)
  }

  private func start(of index: Int) -> Int { Int(starts[index] & ~Self.vacantBit) }

  /// Where all of an entry but its version begins.
  private func contentStart(of index: Int) -> Int {
    var offset = start(of: index)
    while bytes[offset] >= 0x80 { offset += 1 }
    return offset + 1
  }

  /// The LEB128 number at `offset`, which moves to its end.
  @inline(__always)
  private func number(at offset: inout Int) -> UInt64 {
    var byte = bytes[offset]
    offset += 1
    var value = UInt64(byte & 0x7F)
    var shift: UInt64 = 7
    while byte >= 0x80 {
      byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << shift
      shift += 7
    }
    return value
  }
}

// MARK: Changing

extension EntryPage {
  /// Sees to it that the page can grow to `capacity` bytes where it lies.
  mutating func reserve(_ capacity: Int) {
    bytes.reserveCapacity(capacity)
    self.capacity = capacity
  }

  /// Gives back the bytes that are not used, if they are many.
  mutating func trim() {
    guard capacity - bytes.count > bytes.count / 8 else { return }
    capacity = bytes.count
    var exact: [UInt8] = []
    exact.reserveCapacity(bytes.count)
    exact.append(contentsOf: bytes)
    bytes = exact
  }

  /// Copies the entry at `header` of `source` into a new place.
  mutating func append(_ header: EntryHeader, _ source: Span<UInt8>) {
    beginEntry(header.version)
    let content = header.content
    bytes.append(addingCapacity: content.count) { output in
      for index in content { output.append(source[index]) }
    }
  }

  /// Copies an entry into a new place.
  mutating func append(_ entry: StoredEntry) {
    beginEntry(entry.version)
    bytes.append(contentsOf: entry.content)
  }

  private mutating func beginEntry(_ version: Version) {
    precondition(starts.count < Self.placeLimit && bytes.count < Self.sizeLimit, "a page is full")
    starts.append(UInt16(bytes.count))
    entryCount += 1
    bytes.appendVarint(version - base)
  }

  /// Marks a place as vacant; returns what of ``entriesSize`` was the entry's.
  mutating func vacate(_ index: Int) -> Int {
    precondition(!isVacant(index), "place \(index) is vacant")
    let end = index + 1 < starts.count ? start(of: index + 1) : bytes.count
    let size = end - start(of: index) + Self.placeSize
    starts[index] |= Self.vacantBit
    entryCount -= 1
    return size
  }

  /// Gives the memory back.
  mutating func removeAll() {
    bytes = []
    capacity = 0
    starts = []
    entryCount = 0
  }

  /// Throws if the entries are not in order, or do not fill the page.
  ///
  /// Returns what of the size is vacant.
  func verifyInvariants() throws(BrokenInvariant) -> Int {
    guard !starts.isEmpty else { return size }
    var last = base
    var end = 0
    var vacant = 0
    for index in starts.indices {
      let header = header(at: index)
      try require(start(of: index) == end, "an entry begins at \(start(of: index)), not \(end)")
      try require(header.version > last, "version \(header.version) follows \(last)")
      last = header.version
      if isVacant(index) { vacant += header.value.upperBound - end + Self.placeSize }
      end = header.value.upperBound
    }
    try require(end == bytes.count, "entries end at \(end) of \(bytes.count)")
    try require(entryCount == starts.indices.count { !isVacant($0) }, "counts differ")
    return vacant
  }
}
