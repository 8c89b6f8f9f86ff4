package import GrapevineHashing

/// The key-value state of one member, at its owner or at a replica.
///
/// A copy shares the content but for the pages that change; so do all members of a node that hold
/// nothing yet, which cost two words each.
package struct VersionedState: Sendable {
  /// The highest version applied.
  package private(set) var version: Version = 0
  /// Always one, behind a reference.
  private var contents: ContiguousArray<StateContent>

  package init(hash: SipHash) {
    contents = [StateContent(hash: hash)]
  }

  private var content: StateContent {
    @inline(__always) _read { yield contents[0] }
    @inline(__always) _modify { yield &contents[0] }
  }

  /// The version up to which the owner has dropped its tombstones.
  package var compacted: Version { content.compacted }
  /// The highest owner's version at which something held here was cut.
  ///
  /// Keys written again between ``version`` and here may be missing: they were left out in favour
  /// of what is still to come.
  package var horizon: Version { content.horizon }
  package var tombstoneCount: Int { content.tombstoneCount }
  var log: EntryLog { content.log }

  /// Bytes of memory taken.
  package var footprint: Int { content.footprint }
  package var entryCount: Int { content.log.entryCount }
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
    content.find(key, range)
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
    content.log.first(after: version).map { content.log[$0] }
  }

  /// Calls `body` with the entries above `version` in ascending order, until it returns false.
  package func forEach(after version: Version = 0, _ body: (StoredEntry) -> Bool) {
    content.log.forEach(after: version, body)
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
    content.put(entry)
  }

  /// Stores the entry at `header` of `bytes` as ``put(_:)`` does.
  mutating func put(_ header: EntryHeader, _ bytes: Span<UInt8>) {
    move(above: header.version)
    content.put(header, bytes)
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
    return content.remove(key, range)
  }

  /// Takes note of the owner's version at which entries that are now held were cut.
  package mutating func see(horizon other: Version) {
    // One that the version has reached says nothing.
    guard other > version, other > horizon else { return }
    content.horizon = other
  }

  /// Moves the version to the end of a complete section.
  package mutating func move(to end: Version) {
    guard !PlantedFault.forgetSectionEnd.isPlanted else { return }
    version = max(version, end)
  }

  /// Takes the owner's `bound` for compaction and drops the tombstones up to it.
  package mutating func adopt(compacted bound: Version) {
    guard bound > compacted else { return }
    content.adopt(compacted: bound)
  }

  /// Takes a bound above the version: allowed only for a replica that holds nothing yet.
  package mutating func begin(compacted bound: Version) {
    precondition(version == 0, "a replica at version \(version) begins anew")
    guard bound > compacted else { return }
    content.compacted = bound
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
    content.replace(keeping: isKept, adding: added)
    version = newVersion
    content.compacted = newCompacted
    content.horizon = newVersion
  }

  private mutating func move(above newVersion: Version) {
    precondition(newVersion > version, "\(newVersion) follows version \(version)")
    version = newVersion
  }
}

extension VersionedState: SelfVerifying {
  /// Throws if counts, order or table do not agree; O(entries).
  package func verifyInvariants() throws(BrokenInvariant) {
    try content.verifyInvariants()
    let last = content.log.last?.version ?? 0
    try require(last <= version, "entry \(last) lies above version \(version)")
  }
}
