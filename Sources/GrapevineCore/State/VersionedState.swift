package import GrapevineHashing

/// The key-value state of one member, at its owner or at a replica.
///
/// Entries lie in a log in ascending version order; a table finds them by key. An overwritten
/// entry leaves a vacant place, and the log is rewritten when most places are vacant: every change
/// costs O(1) amortised.
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
  /// Entries that are not deleted, reserved ones included.
  package private(set) var liveCount = 0
  package private(set) var tombstoneCount = 0
  /// The sum of the entries' ``StoredEntry/footprint``.
  package private(set) var footprint = 0

  private var log: ContiguousArray<StoredEntry> = []
  private var table: KeyTable

  package init(hash: SipHash) {
    table = KeyTable(hash: hash)
  }

  package var entryCount: Int { liveCount + tombstoneCount }

  /// Says whether this is what the owner held at ``version``, no key missing.
  package var isWhole: Bool {
    #if GRAPEVINE_CANARY_WHOLE
      return true
    #else
      return version >= horizon
    #endif
  }
}

// MARK: Reading

extension VersionedState {
  /// The entry of `key`, deleted or not.
  package func find(_ key: Span<UInt8>, _ range: Range<Int>) -> StoredEntry? {
    guard let place = table.find(key, range, in: log) else { return nil }
    return log[place]
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
    var index = place(after: version)
    while index < log.count {
      if !log[index].isVacant { return log[index] }
      index += 1
    }
    return nil
  }

  /// Calls `body` with the entries above `version` in ascending order, until it returns false.
  package func forEach(after version: Version = 0, _ body: (StoredEntry) -> Bool) {
    var index = place(after: version)
    while index < log.count {
      let entry = log[index]
      if !entry.isVacant, !body(entry) { return }
      index += 1
    }
  }

  /// The entry that `version` wrote, unless a later one took its place.
  package func entry(at version: Version) -> StoredEntry? {
    guard version > 0 else { return nil }
    let index = place(after: version - 1)
    guard index < log.count, log[index].version == version, !log[index].isVacant else { return nil }
    return log[index]
  }

  /// The index of the first place above `version`.
  private func place(after version: Version) -> Int {
    var lower = 0
    var upper = log.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if log[middle].version > version { upper = middle } else { lower = middle + 1 }
    }
    return lower
  }
}

// MARK: Changes by the owner

extension VersionedState {
  /// Gives `key` a value with the next version; does nothing if it has that value.
  package mutating func set(key: String, value: [UInt8]) -> Bool {
    var bytes = Array(key.utf8)
    let keySize = bytes.count
    if let known = find(bytes.span, 0..<keySize), !known.isDeleted,
      known.bytes[keySize...].elementsEqual(value)
    {
      return false
    }
    bytes.append(contentsOf: value)
    put(StoredEntry(bytes: bytes, keySize: keySize, version: version + 1, isDeleted: false))
    return true
  }

  /// Leaves a tombstone with the next version; does nothing if there is no such key.
  package mutating func delete(key: String) -> Bool {
    let bytes = Array(key.utf8)
    guard let known = find(bytes.span, 0..<bytes.count), !known.isDeleted else { return false }
    put(StoredEntry(bytes: bytes, keySize: bytes.count, version: version + 1, isDeleted: true))
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
    precondition(entry.version > version, "entry \(entry.version) at version \(version)")
    version = entry.version
    if let earlier = table.replace(entry, place: log.count, in: log) {
      forget(log[earlier])
      log[earlier] = StoredEntry(vacantSince: log[earlier].version)
    }
    log.append(entry)
    footprint += entry.footprint
    if entry.isDeleted { tombstoneCount += 1 } else { liveCount += 1 }
    if log.count > 2 * entryCount + 16 { rewrite { _ in true } }
  }

  /// Removes a key for which a tombstone at `newVersion` came that compaction has already passed.
  ///
  /// Returns the entry that was there.
  package mutating func remove(
    _ key: Span<UInt8>,
    _ range: Range<Int>,
    at newVersion: Version
  ) -> StoredEntry? {
    precondition(newVersion > version, "removal \(newVersion) at version \(version)")
    version = newVersion
    guard let place = table.remove(key, range, in: log) else { return nil }
    let removed = log[place]
    forget(removed)
    log[place] = StoredEntry(vacantSince: removed.version)
    return removed
  }

  /// Takes note of the owner's version at which entries that are now held were cut.
  package mutating func see(horizon other: Version) {
    horizon = max(horizon, other)
  }

  /// Moves the version to the end of a complete section.
  package mutating func move(to end: Version) {
    #if !GRAPEVINE_CANARY_SECTION_END
      version = max(version, end)
    #endif
  }

  /// Takes the owner's `bound` for compaction and drops the tombstones up to it.
  package mutating func adopt(compacted bound: Version) {
    guard bound > compacted else { return }
    compacted = bound
    guard tombstoneCount > 0 else { return }
    rewrite { !($0.isDeleted && $0.version <= bound) }
  }

  /// Takes a bound above the version: allowed only for a replica that holds nothing yet.
  package mutating func begin(compacted bound: Version) {
    precondition(version == 0, "a replica at version \(version) begins anew")
    compacted = max(compacted, bound)
  }

  /// Replaces the whole content.
  package mutating func replace(
    with entries: [StoredEntry],
    version newVersion: Version,
    compacted newCompacted: Version
  ) {
    #if !GRAPEVINE_CANARY_SNAPSHOT_GUARD
      precondition(newVersion >= version && newCompacted >= compacted, "a snapshot goes back")
    #endif
    log = []
    log.reserveCapacity(entries.count)
    liveCount = 0
    tombstoneCount = 0
    footprint = 0
    version = 0
    table.removeAll(reserving: entries.count)
    for entry in entries { put(entry) }
    version = newVersion
    compacted = newCompacted
    horizon = newVersion
  }

  private mutating func forget(_ entry: StoredEntry) {
    footprint -= entry.footprint
    if entry.isDeleted { tombstoneCount -= 1 } else { liveCount -= 1 }
  }

  /// Writes the log anew without the vacant places and without what `isKept` refuses.
  private mutating func rewrite(keeping isKept: (StoredEntry) -> Bool) {
    var kept: ContiguousArray<StoredEntry> = []
    kept.reserveCapacity(entryCount + entryCount / 4)
    for entry in log where !entry.isVacant {
      if isKept(entry) { kept.append(entry) } else { forget(entry) }
    }
    log = kept
    table.rebuild(for: log)
  }
}

extension VersionedState {
  /// Traps if counts, order or table do not agree; O(entries).
  package func checkInvariants() {
    var last: Version = 0
    var live = 0
    var deleted = 0
    for (index, entry) in log.enumerated() {
      precondition(entry.version > last, "version \(entry.version) follows \(last)")
      last = entry.version
      guard !entry.isVacant else { continue }
      if entry.isDeleted { deleted += 1 } else { live += 1 }
      precondition(
        table.find(entry.bytes.span, 0..<entry.keySize, in: log) == index,
        "key \(entry.key) is not found in its place"
      )
      precondition(
        !entry.isDeleted || entry.version > compacted,
        "tombstone \(entry.version) outlived compaction at \(compacted)"
      )
    }
    precondition(last <= version, "entry \(last) lies above version \(version)")
    precondition(live == liveCount && deleted == tombstoneCount, "counts differ")
  }
}
