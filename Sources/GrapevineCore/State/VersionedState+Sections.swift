/// A change that a reader of a state sees.
package enum VisibleChange: Hashable, Sendable {
  case set(Entry)
  case deleted(key: String, version: Version)
}

/// Collects what readers see change, if anyone wants to know.
package struct ChangeLog: Sendable {
  package var isRecording: Bool
  package var changes: [VisibleChange] = []
  /// Entries that were stored or removed.
  package var appliedCount = 0
  /// Says that the member has announced that it is about to leave.
  package var isLeaving = false
  /// Says that the member has changed what it says of itself to the library: that it owns keys, or
  /// shares locks.
  package var hasOtherRole = false

  package init(isRecording: Bool) {
    self.isRecording = isRecording
  }

  package mutating func noteSet(_ entry: StoredEntry) {
    guard !entry.isReserved else {
      if entry.key == ReservedKeys.leaving { isLeaving = true } else { hasOtherRole = true }
      return
    }
    guard isRecording else { return }
    changes.append(.set(entry.entry))
  }

  package mutating func noteDeleted(_ entry: StoredEntry?, at version: Version) {
    guard isRecording, let entry, !entry.isDeleted else { return }
    guard !entry.isReserved else {
      hasOtherRole = true
      return
    }
    changes.append(.deleted(key: entry.key, version: version))
  }
}

/// The limits that entries of others must keep.
package struct EntryLimits: Hashable, Sendable {
  package var entryCount: Int
  package var keySize: Int
  package var valueSize: Int

  package init(entryCount: Int, keySize: Int, valueSize: Int) {
    self.entryCount = entryCount
    self.keySize = keySize
    self.valueSize = valueSize
  }
}

extension VersionedState {
  package var progress: Progress { Progress(version: version, compacted: compacted) }

  /// Applies a plain section, whose format has been checked.
  ///
  /// Any part of it up to an entry that breaks a limit is applied; the version then stays before
  /// that entry.
  package mutating func apply(
    _ section: Section.State,
    _ bytes: Span<UInt8>,
    limits: EntryLimits,
    log: inout ChangeLog
  ) -> Acceptance {
    let acceptance = Acceptance.plain(
      base: section.base,
      compacted: section.compacted,
      own: progress
    )
    guard acceptance == .accepted else { return acceptance }
    if version == 0 { begin(compacted: section.compacted) }
    if version >= section.compacted { adopt(compacted: section.compacted) }
    let earlier = version
    defer { if version > earlier { see(horizon: section.horizon) } }
    var reader = WireReader(section.entries)
    var last = section.base
    while !reader.isAtEnd {
      guard let header = try? EntryHeader.read(bytes, &reader, after: last) else { break }
      last = header.version
      guard header.version > version else { continue }
      guard header.key.count <= limits.keySize, header.value.count <= limits.valueSize,
        entryCount < limits.entryCount || find(bytes, header.key) != nil
      else { return .overLimit }
      log.appliedCount += 1
      apply(header, bytes, &log)
    }
    if section.isComplete { move(to: section.end) }
    return .accepted
  }

  private mutating func apply(
    _ header: EntryHeader,
    _ bytes: Span<UInt8>,
    _ log: inout ChangeLog
  ) {
    if header.isDeleted, PlantedFault.keepDeletedKey.isPlanted { return move(to: header.version) }
    if header.isDeleted, header.version <= compacted {
      let removed = remove(bytes, header.key, at: header.version)
      log.noteDeleted(removed, at: header.version)
      return
    }
    if header.isDeleted, log.isRecording {
      log.noteDeleted(find(bytes, header.key), at: header.version)
    }
    put(header, bytes)
    if !header.isDeleted, log.isRecording, let entry = self.log.last { log.noteSet(entry) }
  }

  /// Takes over a snapshot in one step, or leaves all as it is.
  package mutating func apply(_ snapshot: StagedSnapshot, log: inout ChangeLog) -> Acceptance {
    let acceptance = Acceptance.snapshot(snapshot.progress, own: progress)
    guard acceptance == .accepted else { return acceptance }
    guard version >= snapshot.base else { return .gap }
    var runs = snapshot.retained[...]
    var keptCount: UInt64 = 0
    forEach { entry in
      if snapshot.keeps(entry, &runs) { keptCount += 1 }
      return true
    }
    guard keptCount == snapshot.retainedCount else { return .refused }
    let earlier = self
    runs = snapshot.retained[...]
    replace(
      keeping: { snapshot.keeps($0, &runs) },
      adding: snapshot.entries,
      version: snapshot.progress.version,
      compacted: snapshot.progress.compacted
    )
    log.appliedCount += snapshot.entries.entryCount
    if log.isRecording { noteDifferences(from: earlier, snapshot, &log) }
    return .accepted
  }

  private func noteDifferences(
    from earlier: VersionedState,
    _ snapshot: StagedSnapshot,
    _ log: inout ChangeLog
  ) {
    earlier.forEach { entry in
      let now = find(entry.bytes.span, entry.header.key)
      if now == nil || now?.isDeleted == true { log.noteDeleted(entry, at: version) }
      return true
    }
    snapshot.entries.forEach { entry in
      guard !entry.isDeleted else { return true }
      let before = earlier.find(entry.bytes.span, entry.header.key)
      let isKnown = before?.hasValue(of: entry) == true
      if !isKnown { log.noteSet(entry) }
      return true
    }
  }
}

/// A snapshot on its way in: held apart until it is complete.
package struct StagedSnapshot: Sendable {
  package let progress: Progress
  /// The receiver keeps those of its own entries up to here that `retained` names.
  package let base: Version
  package private(set) var retained: [ClosedRange<Version>] = []
  package private(set) var retainedCount: UInt64 = 0
  package private(set) var entries = EntryLog()
  private var last: Version

  package init(_ state: Section.State) {
    progress = Progress(version: state.end, compacted: state.compacted)
    base = state.base
    last = base
  }

  /// Bytes of memory taken.
  package var footprint: Int {
    entries.footprint + retained.capacity * MemoryLayout<ClosedRange<Version>>.stride
  }

  /// Says whether `state` is a further piece of this snapshot.
  package func isContinued(by state: Section.State) -> Bool {
    progress == Progress(version: state.end, compacted: state.compacted)
      && state.base == last
  }

  /// Adds runs of versions to keep; false where they are not in order.
  package mutating func retain(_ runs: Range<Int>, _ bytes: Span<UInt8>) -> Bool {
    var reader = WireReader(runs)
    var last: Version = 0
    while !reader.isAtEnd {
      guard let run = try? Section.readRun(bytes, &reader, after: last),
        run.lowerBound > (retained.last?.upperBound ?? 0), run.upperBound <= base
      else { return false }
      last = run.upperBound
      retained.append(run)
      retainedCount += run.upperBound - run.lowerBound + 1
    }
    return true
  }

  /// Adds entries; false where one breaks a limit or the order.
  package mutating func add(
    _ state: Section.State,
    _ bytes: Span<UInt8>,
    limits: EntryLimits
  ) -> Bool {
    var reader = WireReader(state.entries)
    var last = state.base
    while !reader.isAtEnd {
      guard let header = try? EntryHeader.read(bytes, &reader, after: last),
        header.key.count <= limits.keySize, header.value.count <= limits.valueSize,
        entries.entryCount < limits.entryCount,
        retainedCount < UInt64(limits.entryCount - entries.entryCount),
        header.version > self.last,
        !header.isDeleted || header.version > progress.compacted
      else { return false }
      last = header.version
      self.last = last
      _ = entries.append(header, bytes)
    }
    return true
  }

  /// Says whether the receiver keeps `entry` of its own.
  ///
  /// To be asked in ascending version order, with `runs` that begin as ``retained``.
  func keeps(_ entry: StoredEntry, _ runs: inout ArraySlice<ClosedRange<Version>>) -> Bool {
    while let run = runs.first, run.upperBound < entry.version { runs.removeFirst() }
    guard runs.first?.contains(entry.version) == true else { return false }
    return !entry.isDeleted || entry.version > progress.compacted
  }
}
