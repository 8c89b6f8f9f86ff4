/// Cuts a whole state into sections for a replica that may not be sent the plain rest.
///
/// The state is frozen when the snapshot begins, so that its pieces agree however long they take.
/// What the replica already has is named by its versions alone; what it lacks is sent.
package struct SnapshotWriter: Sendable {
  private let key: MemberKey
  private let entries: EntryLog
  /// What the replica holds when it has applied the snapshot.
  package let progress: Progress
  private let base: Version
  /// The last version that the runs have passed.
  private var retained: Version = 0
  private var last: Version
  private var hasNamedAll: Bool
  private var hasBegun = false

  package init(key: MemberKey, state: VersionedState, replica: Progress) {
    self.key = key
    entries = state.log
    progress = state.progress
    base = min(replica.version, state.version)
    last = base
    hasNamedAll = base == 0
  }

  /// Appends the next section of about `size` bytes, one run or entry at least; true after the
  /// last.
  package mutating func write(to bytes: inout [UInt8], size: Int) -> Bool {
    let limit = bytes.count + size
    let head = Section.begin(key, in: &bytes)
    defer { Section.end(head, in: &bytes) }
    if !hasNamedAll {
      let field = Section.begin(tag: Section.Tag.retained, in: &bytes)
      hasNamedAll = writeRuns(to: &bytes, limit: limit)
      Section.end(field, in: &bytes)
    }
    let mark = Section.beginState(
      isSnapshot: true,
      isContinued: hasBegun,
      compacted: progress.compacted,
      base: last,
      end: progress.version,
      horizon: progress.version,
      in: &bytes
    )
    hasBegun = true
    let isDone = hasNamedAll && writeEntries(to: &bytes, limit: limit)
    if isDone { Section.markComplete(mark, in: &bytes) }
    Section.end(mark, in: &bytes)
    return isDone
  }

  private mutating func writeRuns(to bytes: inout [UInt8], limit: Int) -> Bool {
    var written: Version = 0
    var run: ClosedRange<Version>?
    var isFull = false
    let start = bytes.count
    func flush() {
      guard let run else { return }
      bytes.appendVarint(run.lowerBound - written)
      bytes.appendVarint(run.upperBound - run.lowerBound + 1)
      written = run.upperBound
    }
    entries.forEach(after: retained) { entry in
      guard entry.version <= base else { return false }
      if let open = run, open.upperBound + 1 == entry.version {
        run = open.lowerBound...entry.version
        return true
      }
      flush()
      run = nil
      guard bytes.count == start || bytes.count + 20 <= limit else {
        isFull = true
        return false
      }
      run = entry.version...entry.version
      return true
    }
    flush()
    retained = max(retained, written)
    return !isFull
  }

  private mutating func writeEntries(to bytes: inout [UInt8], limit: Int) -> Bool {
    let first = bytes.count
    var previous = last
    var isDone = true
    entries.forEach(after: last) { entry in
      guard bytes.count == first || bytes.count + entry.size(after: previous) <= limit else {
        isDone = false
        return false
      }
      entry.write(after: previous, to: &bytes)
      previous = entry.version
      return true
    }
    last = previous
    return isDone
  }
}
