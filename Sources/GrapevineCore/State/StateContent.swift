import GrapevineHashing

/// What a state holds beside its version.
///
/// Entries lie in a log in ascending version order; a table finds them by key. An overwritten entry
/// leaves a vacant place, and the log is rewritten when most of it is vacant: every change costs
/// O(1) amortised.
struct StateContent: Sendable {
  var compacted: Version = 0
  var horizon: Version = 0
  private(set) var tombstoneCount = 0
  /// A version that all tombstones lie above.
  private var tombstoneFloor: Version = 0
  private(set) var log = EntryLog()
  private var table: KeyTable

  init(hash: SipHash) {
    table = KeyTable(hash: hash)
  }

  /// Bytes of memory taken.
  var footprint: Int { log.footprint + table.footprint }

  /// The entry of `key`, deleted or not.
  func find(_ key: Span<UInt8>, _ range: Range<Int>) -> StoredEntry? {
    table.find(key, range, in: log).map { log[$0] }
  }
}

extension StateContent {
  mutating func put(_ entry: StoredEntry) {
    index(log.append(entry), entry.header, entry.bytes.span)
    rewriteIfWasteful()
  }

  /// Stores the entry at `header` of `bytes`.
  mutating func put(_ header: EntryHeader, _ bytes: Span<UInt8>) {
    index(log.append(header, bytes), header, bytes)
    rewriteIfWasteful()
  }

  /// Removes a key; returns the entry that was there.
  mutating func remove(_ key: Span<UInt8>, _ range: Range<Int>) -> StoredEntry? {
    guard let place = table.remove(key, range, in: log) else { return nil }
    let removed = log[place]
    vacate(place)
    rewriteIfWasteful()
    return removed
  }

  /// Drops the tombstones up to `bound`.
  ///
  /// - Complexity: O(log(entries)), and amortised O(1) for each entry that was ever stored: others
  ///   say what the bound is, so what is passed over is not looked at again.
  mutating func adopt(compacted bound: Version) {
    compacted = bound
    guard tombstoneCount > 0, bound > tombstoneFloor else { return }
    var place = log.first(after: tombstoneFloor)
    tombstoneFloor = bound
    while let here = place {
      place = log.next(after: here)
      guard log.isDeleted(here) else { continue }
      let entry = log[here]
      guard entry.version <= bound else {
        tombstoneFloor = entry.version - 1
        break
      }
      _ = table.remove(entry.bytes.span, entry.header.key, in: log)
      vacate(here)
    }
    rewriteIfWasteful()
  }

  /// Replaces all by what `isKept` keeps of it, and by `added`, which lies above.
  mutating func replace(keeping isKept: (StoredEntry) -> Bool, adding added: EntryLog) {
    var place = log.first()
    while let here = place {
      place = log.next(after: here)
      if !isKept(log[here]) { log.vacate(here) }
    }
    log.append(contentsOf: added)
    table.removeAll(reserving: log.entryCount)
    tombstoneCount = 0
    tombstoneFloor = 0
    place = log.first()
    while let here = place {
      let entry = log[here]
      index(here, entry.header, entry.bytes.span)
      place = log.next(after: here)
    }
    rewriteIfWasteful()
  }

  /// Lets the key of the entry in `place`, which reads `header` of `bytes`, lead there alone.
  private mutating func index(
    _ place: EntryLog.Place,
    _ header: EntryHeader,
    _ bytes: Span<UInt8>
  ) {
    if header.isDeleted { tombstoneCount += 1 }
    if let earlier = table.replace(bytes, header.key, place, in: log) { vacate(earlier) }
  }

  private mutating func vacate(_ place: EntryLog.Place) {
    if log.isDeleted(place) { tombstoneCount -= 1 }
    log.vacate(place)
  }

  private mutating func rewriteIfWasteful() {
    guard log.isWasteful || table.isSparse(for: log.entryCount) else { return }
    log.rewrite()
    table.rebuild(for: log)
  }
}

extension StateContent: SelfVerifying {
  /// Throws if counts, order or table do not agree; O(entries).
  func verifyInvariants() throws(BrokenInvariant) {
    try log.verifyInvariants()
    var tombstones = 0
    var broken: String?
    log.forEachPlace { here in
      let entry = log[here]
      if table.find(entry.bytes.span, entry.header.key, in: log) != here {
        broken = "key \(entry.key) is not found in its place"
      }
      if entry.isDeleted, entry.version <= compacted {
        broken = "tombstone \(entry.version) outlived compaction at \(compacted)"
      }
      if entry.isDeleted { tombstones += 1 }
      if entry.isDeleted, entry.version <= tombstoneFloor {
        broken = "tombstone \(entry.version) lies below the lowest, \(tombstoneFloor)"
      }
    }
    if let broken { throw BrokenInvariant(broken) }
    try require(tombstones == tombstoneCount, "\(tombstones) are deleted, not \(tombstoneCount)")
  }
}
