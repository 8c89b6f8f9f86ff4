import GrapevineCore

/// What every life of every member wrote: the truth that replicas are held against.
struct History {
  private(set) var lives: [Life] = []
  /// The identities that lives have gone by, in the order in which they became known.
  private(set) var identities: [Identity] = []
  private var identityIndices: [MemberID: Int] = [:]
  private var keyIndices: [MemberKey: Int] = [:]
  private var nameIndices: [NameKey: Int] = [:]
  /// By name the highest generation of it that ever was.
  private var generations: [UInt64] = []

  struct Identity {
    let id: MemberID
    let key: MemberKey
    let life: Int
    /// Stands for the name.
    let nameIndex: Int
    /// Two processes began with this very identity: nobody can say whose state is meant.
    var isAmbiguous = false
  }

  /// Adds the life that a process begins as `id`.
  mutating func add(_ id: MemberID) -> Int {
    lives.append(Life())
    let life = lives.count - 1
    if let known = identityIndices[id] {
      identities[known].isAmbiguous = true
    } else {
      addIdentity(id, of: life)
    }
    return life
  }

  /// Notes that a life goes by another identity from now on.
  mutating func rename(_ life: Int, to id: MemberID) {
    if let known = identityIndices[id] {
      if identities[known].life != life { identities[known].isAmbiguous = true }
    } else {
      addIdentity(id, of: life)
    }
  }

  func identityIndex(of id: MemberID) -> Int? { identityIndices[id] }

  /// The index of an identity that stands for one process alone, so that its keys can be judged.
  func judgeable(_ id: MemberID) -> Int? {
    guard let index = identityIndices[id], !identities[index].isAmbiguous else { return nil }
    return index
  }

  /// Whom a life's key stands for; nil for nobody that ever was.
  func id(of key: MemberKey) -> MemberID? { keyIndices[key].map { identities[$0].id } }

  /// Says whether a life of the same name and a higher generation has begun.
  func isOvertaken(_ key: MemberKey) -> Bool {
    guard let index = keyIndices[key] else { return false }
    return generations[identities[index].nameIndex] > identities[index].id.generation
  }

  /// The key that an entry's version wrote, with just its value; nil if it did not.
  func keyIndex(thatWrote entry: Entry, of identity: Int) -> Int? {
    lives[identities[identity].life].keyIndex(thatWrote: entry)
  }

  /// The name of a key that a member wrote.
  func keyName(_ key: Int, of identity: Int) -> String {
    lives[identities[identity].life].keyRecords[key].name
  }

  /// Says whether an entry's version wrote just its value to a key that is known by its index.
  func didWrite(_ entry: Entry, _ key: Int, _ identity: Int) -> Bool {
    lives[identities[identity].life].didWrite(entry, key)
  }

  subscript(life: Int) -> Life {
    get { lives[life] }
    _modify { yield &lives[life] }
  }

  func life(of identity: Int) -> Life { lives[identities[identity].life] }

  private mutating func addIdentity(_ id: MemberID, of life: Int) {
    let name = NameKey(name: id.name)
    let nameIndex = nameIndices[name] ?? nameIndices.count
    nameIndices[name] = nameIndex
    if nameIndex == generations.count { generations.append(0) }
    generations[nameIndex] = max(generations[nameIndex], id.generation)
    identityIndices[id] = identities.count
    keyIndices[MemberKey(id)] = identities.count
    identities.append(
      Identity(id: id, key: MemberKey(id), life: life, nameIndex: nameIndex)
    )
  }
}

/// All that one life wrote, by version and by key.
struct Life {
  /// At index *v* − 1 what version *v* wrote; nil for what readers never see.
  private var writes: [Write?] = []
  private(set) var keyRecords: [Key] = []
  private var keyIndices: [NameKey: Int] = [:]
  private(set) var liveCount = 0
  /// No key's time is up before.
  private var earliestDue = Instant.never

  struct Write {
    let keyIndex: Int
    /// The value; nil for a deletion.
    let value: [UInt8]?
    /// The version that wrote the key before; zero for none.
    var former: Version = 0
  }

  struct Key {
    let name: String
    /// The last version that wrote the key; zero if none did yet.
    var version: Version = 0
    var isLive = false
    /// The versions that deleted it, ascending.
    var deletions: [Version] = []
    /// When its time is up, on its owner's clock; nil for never.
    var dueAt: Instant?
    /// Says that it was deleted once at a version that only its owner knows.
    var hasVagueDeletion = false
  }

  var version: Version { Version(writes.count) }

  func write(at version: Version) -> Write? {
    version >= 1 && version <= self.version ? writes[Int(version - 1)] : nil
  }

  func keyIndex(of name: String) -> Int? { keyIndices[NameKey(name: name)] }

  /// The key that an entry's version wrote, with just its value; nil if it did not.
  func keyIndex(thatWrote entry: Entry) -> Int? {
    guard let index = write(at: entry.version)?.keyIndex, didWrite(entry, index),
      keyRecords[index].name.hasSameBytes(as: entry.key)
    else { return nil }
    return index
  }

  /// Says whether an entry's version wrote just its value to a key that is known by its index.
  func didWrite(_ entry: Entry, _ keyIndex: Int) -> Bool {
    guard let write = write(at: entry.version), let value = write.value else { return false }
    return write.keyIndex == keyIndex && value.hasSameBytes(as: entry.value)
  }

  /// Says whether a later version wrote the same value once more, of which a snapshot need not
  /// tell.
  func isRewrite(_ version: Version, of told: Version, _ keyIndex: Int) -> Bool {
    guard version > told, let former = write(at: told), let latter = write(at: version)
    else { return false }
    return former.keyIndex == keyIndex && latter.keyIndex == keyIndex && latter.value != nil
      && former.value == latter.value
  }

  /// Notes a change that a caller made, by the rules of the state, when the owner's clock showed
  /// `now`.
  mutating func apply(_ change: Change, now: Instant) {
    switch change {
    case .set(let name, let value, let timeToLive):
      let index = index(of: name)
      let key = keyRecords[index]
      if !key.isLive || write(at: key.version)?.value != value {
        append(Write(keyIndex: index, value: value))
      }
      let dueAt = timeToLive.map { now + $0 }
      keyRecords[index].dueAt = dueAt
      if let dueAt { earliestDue = min(earliestDue, dueAt) }
    case .delete(let name):
      guard let index = keyIndex(of: name), keyRecords[index].isLive else { return }
      append(Write(keyIndex: index, value: nil))
    }
  }

  /// Takes over what the owner wrote by itself until its clock showed `now`: deletions of keys
  /// whose time was up, and, where a caller may have asked for them, internal entries.
  ///
  /// - Returns: what nobody asked it to do; nil for nothing.
  mutating func synchronize(
    with member: Member,
    now: Instant,
    mayHoldInternal: Bool
  ) -> String? {
    var unasked: String?
    var isListed = [Bool](repeating: false, count: keyRecords.count)
    let former = version
    var deletionCount: Version = 0
    for entry in member.allEntries {
      if let index = keyIndex(of: entry.key), index < isListed.count { isListed[index] = true }
      guard entry.version > version else { continue }
      padTo(entry.version - 1)
      let index = index(of: entry.key)
      if !entry.isDeleted {
        unasked = "set \(entry)"
      } else if !isDue(index, now: now) {
        unasked = "deleted “\(entry.key)” before its time"
      }
      deletionCount += 1
      append(Write(keyIndex: index, value: entry.isDeleted ? nil : entry.value))
    }
    padTo(member.version)
    for index in isListed.indices where !isListed[index] && keyRecords[index].isLive {
      // It was deleted and compacted away in one step; no later version can be its deletion's.
      if !isDue(index, now: now) { unasked = "lost “\(keyRecords[index].name)” before its time" }
      deletionCount += 1
      keyRecords[index].hasVagueDeletion = true
      note(Write(keyIndex: index, value: nil), at: version)
    }
    let count = version - former
    if count < deletionCount || (count > deletionCount && !mayHoldInternal) {
      unasked = unasked ?? "took \(count) versions for \(deletionCount) keys whose time was up"
    }
    return unasked
  }

  /// The key whose time is up first, if that is before `time`.
  mutating func firstKey(dueBefore time: Instant) -> Key? {
    guard earliestDue < time else { return nil }
    let first = keyRecords.filter { $0.dueAt != nil }.min { due($0) < due($1) }
    earliestDue = first.map(due) ?? .never
    return earliestDue < time ? first : nil
  }

  private func due(_ key: Key) -> Instant { key.dueAt ?? .never }

  private func isDue(_ keyIndex: Int, now: Instant) -> Bool { due(keyRecords[keyIndex]) <= now }

  /// Says whether the key was deleted by a version above `version`.
  func wasDeleted(_ keyIndex: Int, after version: Version) -> Bool {
    (keyRecords[keyIndex].deletions.last ?? 0) > version
  }

  /// The version at which a key was live as of `version`; zero where it was not, and nil where only
  /// its owner could tell.
  func liveVersion(of keyIndex: Int, asOf version: Version) -> Version? {
    let key = keyRecords[keyIndex]
    if key.version <= version { return key.isLive ? key.version : 0 }
    guard !key.hasVagueDeletion else { return nil }
    var last = key.version
    while last > version, let write = write(at: last) { last = write.former }
    return write(at: last)?.value == nil ? 0 : last
  }

  private mutating func index(of name: String) -> Int {
    if let index = keyIndex(of: name) { return index }
    keyIndices[NameKey(name: name)] = keyRecords.count
    keyRecords.append(Key(name: name))
    return keyRecords.count - 1
  }

  private mutating func padTo(_ version: Version) {
    while self.version < version { writes.append(nil) }
  }

  private mutating func append(_ write: Write) {
    var write = write
    write.former = keyRecords[write.keyIndex].version
    writes.append(write)
    note(write, at: version)
  }

  private mutating func note(_ write: Write, at version: Version) {
    let wasLive = keyRecords[write.keyIndex].isLive
    keyRecords[write.keyIndex].version = version
    keyRecords[write.keyIndex].isLive = write.value != nil
    if write.value == nil {
      keyRecords[write.keyIndex].deletions.append(version)
      keyRecords[write.keyIndex].dueAt = nil
    }
    liveCount += (write.value != nil ? 1 : 0) - (wasLive ? 1 : 0)
  }
}

extension [UInt8] {
  /// Says whether both have the same bytes, eight of which are compared at a time.
  func hasSameBytes(as other: [UInt8]) -> Bool {
    guard count == other.count else { return false }
    return withUnsafeBytes { mine in
      other.withUnsafeBytes { theirs in
        var offset = 0
        while offset + 8 <= mine.count {
          let word = mine.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          guard word == theirs.loadUnaligned(fromByteOffset: offset, as: UInt64.self) else {
            return false
          }
          offset += 8
        }
        while offset < mine.count {
          guard mine[offset] == theirs[offset] else { return false }
          offset += 1
        }
        return true
      }
    }
  }
}
