package import GrapevineHashing

/// The key-value state of one member, at its owner or at a replica.
///
/// Entries lie in a log in ascending version order; a table finds them by key. An overwritten entry
/// leaves a vacant place, and the log is rewritten when most of it is vacant: every change costs
/// O(1) amortised. A copy shares the log's pages, all but those that change.
package struct VersionedState: Sendable {
  /// The highest version applied.
  package private(set) var version: Version = 0
  /// The version up to which the owner has dropped its tombstones.
  package private(set) var compacted: Version = 0
  /// The highest owner's version at which something held here was cut.
  ///
  /// Keys written again between ``version`` and here may be missing: they were left out in favour
  /// of what is still to come.
  package private(set) var horizon: Version = 0
  package private(set) var tombstoneCount = 0
  private(set) var log = EntryLog()
  private var table: KeyTable

  package init(hash: SipHash) {
    table = KeyTable(hash: hash)
  }

  /// Bytes of memory taken.
  package var footprint: Int { log.footprint + table.footprint }
  package var entryCount: Int { log.entryCount }
  /// Entries that are not deleted, reserved ones included.
  package var liveCount: Int { entryCount - tombstoneCount }

  /// Says whether this is what the owner held at ``version``, no key missing.
  package var isWhole: Bool {
    version >= horizon || PlantedFault.offerPartialSnapshots.isPlanted
  }
}

// MARK: Reading

extension VersionedState {
  /// The entry of `key`, deleted or not.
  package func find(_ key: Span<UInt8>, _ range: Range<Int>) -> StoredEntry? {
    table.find(key, range, in: log).map { log[$0] }
  }

  /// The entry of `key`, deleted or not.
  package func find(_ key: String) -> StoredEntry? {
    let bytes = Array(key.utf8)
    return find(bytes.span, 0..<bytes.count)
  }

  /// The first entry above `version`.
  ///
  /// - Complexity: O(log(entries)) and the vacant places passed over.
  package func next(after version: Version) -> StoredEntry? {
    log.first(after: version).map { log[$0] }
  }

  /// Calls `body` with the entries above `version` in ascending order, until it returns false.
  package func forEach(after version: Version = 0, _ body: (StoredEntry) -> Bool) {
    log.forEach(after: version, body)
  }

  /// The entry that `version` wrote, unless a later one took its place.
  package func entry(at version: Version) -> StoredEntry? {
    guard version > 0, let entry = next(after: version - 1), entry.version == version else {
      return nil
    }
    return entry
  }
}

// MARK: Changes by the owner

extension VersionedState {
  /// Gives `key` a value with the next version; does nothing if it has that value.
  package mutating func set(key: String, value: [UInt8]) -> Bool {
    let entry = StoredEntry(key: key, value: value, version: version + 1, isDeleted: false)
    let isKnown = find(entry.bytes.span, entry.header.key)?.hasValue(of: entry) == true
    if !isKnown { put(entry) }
    return !isKnown
  }

  /// Leaves a tombstone with the next version; does nothing if there is no such key.
  package mutating func delete(key: String) -> Bool {
    guard find(key)?.isDeleted == false else { return false }
    put(StoredEntry(key: key, value: [], version: version + 1, isDeleted: true))
    return true
  }

  /// Declares every tombstone up to `bound` dropped.
  ///
  /// - Complexity: O(entries).
  package mutating func compact(upTo bound: Version) {
    adopt(compacted: bound)
  }
}

// MARK: Changes at a replica

extension VersionedState {
  /// Stores `entry`, which is above ``version``, in place of its key's earlier one, and moves the
  /// version to it.
  package mutating func put(_ entry: StoredEntry) {
    move(above: entry.version)
    index(log.append(entry), entry.header, entry.bytes.span)
    rewriteIfWasteful()
  }

  /// Stores the entry at `header` of `bytes` as ``put(_:)`` does.
  mutating func put(_ header: EntryHeader, _ bytes: Span<UInt8>) {
    move(above: header.version)
    index(log.append(header, bytes), header, bytes)
    rewriteIfWasteful()
  }

  /// Removes a key for which a tombstone at `newVersion` came that compaction has already passed.
  ///
  /// Returns the entry that was there.
  package mutating func remove(
    _ key: Span<UInt8>,
    _ range: Range<Int>,
    at newVersion: Version
  ) -> StoredEntry? {
    move(above: newVersion)
    guard let place = table.remove(key, range, in: log) else { return nil }
    let removed = log[place]
    vacate(place)
    rewriteIfWasteful()
    return removed
  }

  /// Takes note of the owner's version at which entries that are now held were cut.
  package mutating func see(horizon other: Version) {
    horizon = max(horizon, other)
  }

  /// Moves the version to the end of a complete section.
  package mutating func move(to end: Version) {
    guard !PlantedFault.forgetSectionEnd.isPlanted else { return }
    version = max(version, end)
  }

  /// Takes the owner's `bound` for compaction and drops the tombstones up to it.
  package mutating func adopt(compacted bound: Version) {
    guard bound > compacted else { return }
    compacted = bound
    guard tombstoneCount > 0 else { return }
    var place = log.first()
    while let here = place {
      place = log.next(after: here)
      guard log.isDeleted(here) else { continue }
      let entry = log[here]
      guard entry.version <= bound else { break }
      _ = table.remove(entry.bytes.span, entry.header.key, in: log)
      vacate(here)
    }
    rewriteIfWasteful()
  }

  /// Takes a bound above the version: allowed only for a replica that holds nothing yet.
  package mutating func begin(compacted bound: Version) {
    precondition(version == 0, "a replica at version \(version) begins anew")
    compacted = max(compacted, bound)
  }

  /// Replaces the whole content by what `isKept` keeps of it, and by `added`, which lies above.
  package mutating func replace(
    keeping isKept: (StoredEntry) -> Bool,
    adding added: EntryLog,
    version newVersion: Version,
    compacted newCompacted: Version
  ) {
    precondition(
      (newVersion >= version && newCompacted >= compacted)
        || PlantedFault.skipSnapshotCheck.isPlanted,
      "a snapshot goes back"
    )
    var place = log.first()
    while let here = place {
      place = log.next(after: here)
      if !isKept(log[here]) { log.vacate(here) }
    }
    log.append(contentsOf: added)
    table.removeAll(reserving: log.entryCount)
    tombstoneCount = 0
    place = log.first()
    while let here = place {
      let entry = log[here]
      index(here, entry.header, entry.bytes.span)
      place = log.next(after: here)
    }
    rewriteIfWasteful()
    version = newVersion
    compacted = newCompacted
    horizon = newVersion
  }

  private mutating func move(above newVersion: Version) {
    precondition(newVersion > version, "\(newVersion) follows version \(version)")
    version = newVersion
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

extension VersionedState: SelfVerifying {
  /// Throws if counts, order or table do not agree; O(entries).
  package func verifyInvariants() throws(BrokenInvariant) {
    try log.verifyInvariants()
    var last: Version = 0
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
      last = entry.version
      if entry.isDeleted { tombstones += 1 }
    }
    if let broken { throw BrokenInvariant(broken) }
    try require(last <= version, "entry \(last) lies above version \(version)")
    try require(tombstones == tombstoneCount, "\(tombstones) are deleted, not \(tombstoneCount)")
  }
}
