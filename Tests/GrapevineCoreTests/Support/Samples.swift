import GrapevineCore
import GrapevineHashing

/// Values that tests of state and wire format begin with.
enum Samples {
  static let hash = SipHash(key0: 1, key1: 2)
  static let endpoint = Endpoint(ipv4: 0x0A01_0203, port: 7_000)
  static let limits = EntryLimits(entryCount: 100, keySize: 100, valueSize: 1_000)

  static func record(_ name: String = "owner", generation: UInt64 = 1) -> MemberRecord {
    MemberRecord(
      id: MemberID(name: name, generation: generation),
      endpoint: endpoint,
      standing: Standing(),
      verdictSince: PastInstant(.zero),
      state: VersionedState(hash: hash)
    )
  }

  static func state(_ changes: (inout VersionedState) -> Void = { _ in }) -> VersionedState {
    var state = VersionedState(hash: hash)
    changes(&state)
    return state
  }

  static func entry(
    _ key: String,
    _ value: String?,
    at version: Version
  ) -> StoredEntry {
    StoredEntry(
      key: key,
      value: Array((value ?? "").utf8),
      version: version,
      isDeleted: value == nil
    )
  }
}

/// A section's state field made by hand, as no honest sender need have made it.
struct HandMadeSection {
  var isSnapshot = false
  var isContinued = false
  var isComplete = true
  var compacted: Version = 0
  var base: Version = 0
  var end: Version
  var horizon: Version?
  var retained: [ClosedRange<Version>] = []
  var entries: [StoredEntry] = []

  func bytes(_ key: MemberKey = MemberKey(rawValue: 7)) -> [UInt8] {
    var bytes: [UInt8] = []
    let head = Section.begin(key, in: &bytes)
    if !retained.isEmpty {
      let field = Section.begin(tag: Section.Tag.retained, in: &bytes)
      var last: Version = 0
      for run in retained {
        bytes.appendVarint(run.lowerBound - last)
        bytes.appendVarint(run.upperBound - run.lowerBound + 1)
        last = run.upperBound
      }
      Section.end(field, in: &bytes)
    }
    let mark = Section.beginState(
      isSnapshot: isSnapshot,
      isContinued: isContinued,
      compacted: compacted,
      base: base,
      end: end,
      horizon: horizon ?? end,
      in: &bytes
    )
    var last = base
    for entry in entries {
      entry.write(after: last, to: &bytes)
      last = entry.version
    }
    if isComplete { Section.markComplete(mark, in: &bytes) }
    Section.end(mark, in: &bytes)
    Section.end(head, in: &bytes)
    return bytes
  }
}

extension VersionedState {
  /// Applies all sections in `bytes`, plain ones and whole snapshots; returns what came of the
  /// last.
  @discardableResult
  mutating func take(
    _ bytes: [UInt8],
    limits: EntryLimits = Samples.limits,
    log: inout ChangeLog
  ) throws(MalformedDatagram) -> Acceptance? {
    let span = bytes.span
    var reader = WireReader(0..<bytes.count)
    var staged: StagedSnapshot?
    var acceptance: Acceptance?
    while !reader.isAtEnd {
      let section = try Section.read(span, &reader)
      guard let state = section.state else { continue }
      guard state.isSnapshot else {
        acceptance = apply(state, span, limits: limits, log: &log)
        continue
      }
      var snapshot = staged ?? StagedSnapshot(state)
      guard snapshot.isContinued(by: state),
        section.retained.map({ snapshot.retain($0, span) }) ?? true,
        snapshot.add(state, span, limits: limits)
      else { throw .malformed }
      staged = snapshot
      if state.isComplete {
        acceptance = apply(snapshot, log: &log)
        staged = nil
      }
    }
    checkInvariants()
    return acceptance
  }

  @discardableResult
  mutating func take(_ section: HandMadeSection) throws(MalformedDatagram) -> Acceptance? {
    var log = ChangeLog(isRecording: false)
    return try take(section.bytes(), log: &log)
  }

  /// What a reader sees, sorted by version.
  var live: [Entry] {
    var entries: [Entry] = []
    forEach { entry in
      if !entry.isDeleted { entries.append(entry.entry) }
      return true
    }
    return entries
  }

  /// Everything that is held, as text.
  var text: [String] {
    var lines: [String] = []
    forEach { entry in
      lines.append("\(entry.entry)")
      return true
    }
    return lines
  }
}
