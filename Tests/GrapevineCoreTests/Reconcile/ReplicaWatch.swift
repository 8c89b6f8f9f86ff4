import GrapevineCore

/// Why a history is wrong.
struct HistoryFailure: Error, CustomStringConvertible {
  var description: String
}

/// What a reader of one replica has seen so far, and may expect from then on.
///
/// With m and c the replica's version and compaction:
/// - m and c never go back;
/// - what is held was written so by the owner, at that version, at most m;
/// - a tombstone that is held lies above c;
/// - a key that the owner has not touched since a version ≤ m is as the owner left it: live with
///   its last value, or not live;
/// - a state that says it is whole holds just what the owner held at m;
/// - a key that was live is live still, unless the owner has deleted it since, at a version ≤ m;
/// - no key's version goes back, and none returns below the deletion that took it away;
/// - what the change log tells, told to a reader, gives what the state holds.
struct ReplicaWatch {
  private(set) var progress = Progress.none
  /// Per key: the version that is shown, zero where none is.
  private var shown = [Version](repeating: 0, count: OwnerModel.keys.count)
  /// Per key: nothing up to this version may be shown again.
  private var gone = [Version](repeating: 0, count: OwnerModel.keys.count)
  /// What a reader knows who only listens to changes.
  private var heard: [String: [UInt8]] = [:]
}

extension ReplicaWatch {
  /// Checks a state after a step, and the changes that the step told of.
  mutating func check(
    _ state: VersionedState,
    against owner: OwnerModel,
    changes: [VisibleChange],
    isAtOnce: Bool = false
  ) throws {
    state.checkInvariants()
    let now = state.progress
    guard now.version >= progress.version, now.compacted >= progress.compacted else {
      throw HistoryFailure(description: "went back from \(progress) to \(now)")
    }
    progress = now
    let held = Self.content(of: state)
    for key in held.indices { try check(key, held[key], against: owner) }
    // Not `isWhole`: a build in which that lies must be caught by what readers see.
    if state.version >= state.horizon {
      let expected = owner.content(at: now.version, compacted: now.compacted)
      guard zip(held, expected).allSatisfy({ $0?.version == $1?.version }) else {
        throw HistoryFailure(description: "is not whole at \(now)")
      }
    }
    try listen(to: changes, held, isAtOnce: isAtOnce)
  }

  static func content(of state: VersionedState) -> [StoredEntry?] {
    var held = [StoredEntry?](repeating: nil, count: OwnerModel.keys.count)
    state.forEach { entry in
      held[OwnerModel.index(of: entry)] = entry
      return true
    }
    return held
  }

  private mutating func check(_ key: Int, _ entry: StoredEntry?, against owner: OwnerModel) throws {
    func fail(_ what: String) -> HistoryFailure {
      HistoryFailure(
        description: "\(OwnerModel.keys[key]) \(what): \(entry.map { "\($0.entry)" } ?? "nothing") "
          + "at \(progress), shown \(shown[key]), gone \(gone[key])"
      )
    }
    if let entry {
      guard entry.version <= progress.version else { throw fail("lies above the version") }
      let written = owner.operation(key, at: entry.version)
      guard written?.value == (entry.isDeleted ? nil : entry.value), written != nil else {
        throw fail("was never written so")
      }
      guard !entry.isDeleted || entry.version > progress.compacted else {
        throw fail("is a tombstone that outlived compaction")
      }
    }
    let live = entry.flatMap { $0.isDeleted ? nil : $0.version }
    if let last = owner.last(key, through: progress.version), last == owner.operations[key].last,
      live != (last.isDeletion ? nil : last.version)
    {
      throw fail("is not as the owner left it at \(last.version)")
    }
    if let live {
      guard live > gone[key] else { throw fail("came back") }
      guard live >= shown[key] else { throw fail("went back") }
      shown[key] = live
    } else if shown[key] > 0 {
      guard
        let deletion = owner.deletion(of: key, after: shown[key], through: progress.version)
      else { throw fail("vanished") }
      gone[key] = deletion
      shown[key] = 0
    }
  }

  private mutating func listen(
    to changes: [VisibleChange],
    _ held: [StoredEntry?],
    isAtOnce: Bool
  ) throws {
    for change in changes {
      switch change {
      case .set(let entry):
        guard !isAtOnce || heard[entry.key] != entry.value else {
          throw HistoryFailure(description: "\(entry) was told, and is nothing new")
        }
        heard[entry.key] = entry.value
      case .deleted(let key, let version):
        guard heard.removeValue(forKey: key) != nil, version <= progress.version else {
          throw HistoryFailure(description: "\(key) was told deleted at \(version)")
        }
      }
    }
    for (key, entry) in zip(OwnerModel.keys, held) {
      let value = entry.flatMap { $0.isDeleted ? nil : $0.value }
      guard heard[key] == value else {
        throw HistoryFailure(description: "what was told of \(key) is not what is held")
      }
    }
  }
}
