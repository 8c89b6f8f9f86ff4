/// A state's entries in ascending version order, in pages.
///
/// Entries are added at the end; one that is removed leaves a vacant place. A page whose places are
/// all vacant is given back at once, and ``rewrite()`` packs the rest anew.
package struct EntryLog: Sendable {
  /// Where an entry lies; valid until the log is rewritten.
  package struct Place: Hashable, Sendable {
    let rawValue: UInt32

    /// Pages that places can tell apart.
    static let pageLimit = 1 << 22 - 1

    init(rawValue: UInt32) {
      self.rawValue = rawValue
    }

    init(page: Int, index: Int) {
      rawValue = UInt32(page * EntryPage.placeLimit + index)
    }

    var page: Int { Int(rawValue) / EntryPage.placeLimit }
    var index: Int { Int(rawValue) % EntryPage.placeLimit }
  }

  package private(set) var entryCount = 0
  private var pages: ContiguousArray<EntryPage> = []
  /// The sum of the pages' sizes.
  private var size = 0
  /// What of `size` the vacant places take, and the pages that were given back; those stay in the
  /// list, as places hold their numbers.
  private var vacantSize = 0

  /// Waste that is let be in the smallest log.
  private static let wasteMinimum = 256
  private static let capacityMinimum = 64

  package init() {}

  /// Pages with entries.
  package var pageCount: Int { pages.count { !$0.isVacant } }

  /// Bytes of memory taken, with what allocation adds.
  package var footprint: Int {
    guard let last = pages.last else { return 0 }
    return size + last.capacity - last.bytes.count
  }

  /// Says that more than half of the memory is waste, so that rewriting pays.
  package var isWasteful: Bool {
    vacantSize > size - vacantSize + Self.wasteMinimum || pages.count == Place.pageLimit
  }
}

// MARK: Reading

extension EntryLog {
  package subscript(place: Place) -> StoredEntry { pages[place.page].entry(at: place.index) }

  func isDeleted(_ place: Place) -> Bool { pages[place.page].isDeleted(place.index) }

  func hasKey(_ key: Span<UInt8>, _ range: Range<Int>, at place: Place) -> Bool {
    pages[place.page].hasKey(key, range, at: place.index)
  }

  /// The place of the first entry above `version`.
  ///
  /// - Complexity: O(log(entries)) and the vacant places passed over.
  package func first(after version: Version = 0) -> Place? {
    var lower = 0
    var upper = pages.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if pages[middle].base > version { upper = middle } else { lower = middle + 1 }
    }
    guard lower > 0 else { return entry(from: 0, 0) }
    return entry(from: lower - 1, pages[lower - 1].firstPlace(after: version))
  }

  /// The entry with the highest version; the last page is never without one.
  package var last: StoredEntry? {
    let page = pages.count - 1
    guard page >= 0, let index = pages[page].lastEntry else { return nil }
    return pages[page].entry(at: index)
  }

  /// The place of the entry that follows the one which is, or was, in `place`.
  package func next(after place: Place) -> Place? { entry(from: place.page, place.index + 1) }

  /// Calls `body` with the entries above `version` in ascending order, until it returns false.
  package func forEach(after version: Version = 0, _ body: (StoredEntry) -> Bool) {
    var place = first(after: version)
    while let here = place, body(self[here]) { place = next(after: here) }
  }

  /// Calls `body` with the place of each entry, in ascending order.
  func forEachPlace(_ body: (Place) -> Void) {
    var place = first()
    while let here = place {
      body(here)
      place = next(after: here)
    }
  }

  private func entry(from page: Int, _ index: Int) -> Place? {
    var page = page
    var index = index
    while page < pages.count {
      if let found = pages[page].firstEntry(from: index) { return Place(page: page, index: found) }
      page += 1
      index = 0
    }
    return nil
  }
}

// MARK: Changing

extension EntryLog {
  /// Adds the entry at `header` of `source`, which is above all that are there.
  mutating func append(_ header: EntryHeader, _ source: Span<UInt8>) -> Place {
    let page = makeRoom(for: header)
    let before = pages[page].size
    pages[page].append(header, source)
    return noteAppended(to: page, before)
  }

  /// Adds an entry, which is above all that are there.
  package mutating func append(_ entry: StoredEntry) -> Place {
    let page = makeRoom(for: entry.header)
    let before = pages[page].size
    pages[page].append(entry)
    return noteAppended(to: page, before)
  }

  /// Adds the entries of another log, which are above all that are there, without copying them.
  package mutating func append(contentsOf other: EntryLog) {
    guard !other.pages.isEmpty else { return }
    trimLastPage()
    pages += other.pages
    precondition(pages.count <= Place.pageLimit, "\(pages.count) pages")
    entryCount += other.entryCount
    size += other.size
    vacantSize += other.vacantSize
  }

  /// Removes the entry in `place`.
  package mutating func vacate(_ place: Place) {
    let page = place.page
    vacantSize += pages[page].vacate(place.index)
    entryCount -= 1
    guard pages[page].isVacant else { return }
    size -= pages[page].size
    vacantSize -= pages[page].entriesSize
    pages[page].removeAll()
    size += pages[page].size
    vacantSize += pages[page].size
    while let last = pages.indices.last, pages[last].isVacant {
      size -= pages[last].size
      vacantSize -= pages[last].size
      pages.removeLast()
    }
  }

  /// Copies the entries to new pages, and gives each old one back as soon as it is copied.
  ///
  /// - Complexity: O(entries and their bytes).
  package mutating func rewrite() {
    var old = EntryLog()
    swap(&old, &self)
    for number in old.pages.indices {
      var page = EntryPage(base: 0)
      swap(&page, &old.pages[number])
      var index = page.firstEntry(from: 0)
      while let here = index {
        _ = append(page.entry(at: here))
        index = page.firstEntry(from: here + 1)
      }
    }
  }

  /// The page that an entry goes to, which is given room for it.
  private mutating func makeRoom(for header: EntryHeader) -> Int {
    var last = pages.count - 1
    if last < 0 || !pages[last].hasPlace(for: header) {
      trimLastPage()
      precondition(pages.count < Place.pageLimit, "\(pages.count) pages")
      pages.append(EntryPage(base: header.version - 1))
      last += 1
      size += pages[last].size
    }
    let needed = pages[last].bytes.count + header.size(after: pages[last].base)
    let capacity = pages[last].capacity
    guard needed > capacity else { return last }
    // A quarter of what is there may be unused, but for the first few entries.
    let wanted = max(Self.capacityMinimum, capacity + capacity / 2, size / 4)
    pages[last].reserve(max(needed, min(wanted, EntryPage.sizeLimit)))
    return last
  }

  private mutating func trimLastPage() {
    guard let last = pages.indices.last else { return }
    pages[last].trim()
  }

  private mutating func noteAppended(to page: Int, _ sizeBefore: Int) -> Place {
    size += pages[page].size - sizeBefore
    entryCount += 1
    return Place(page: page, index: pages[page].placeCount - 1)
  }
}

extension EntryLog: SelfVerifying {
  /// Throws if counts, sizes or order do not agree.
  package func verifyInvariants() throws(BrokenInvariant) {
    var last: Version = 0
    var count = 0
    var isOrdered = true
    forEach { entry in
      isOrdered = entry.version > last
      last = entry.version
      count += 1
      return isOrdered
    }
    try require(isOrdered, "version \(last) follows one that is no lower")
    try require(count == entryCount, "\(count) entries, not \(entryCount)")
    try require(zip(pages, pages.dropFirst()).allSatisfy { $0.base < $1.base }, "pages' order")
    try require(size == pages.reduce(0) { $0 + $1.size }, "the size is not \(size)")
    var vacant = 0
    for page in pages { vacant += try page.verifyInvariants() }
    try require(vacant == vacantSize, "\(vacant) bytes are vacant, not \(vacantSize)")
    try require(pages.last?.isVacant != true, "the last page is empty")
  }
}
