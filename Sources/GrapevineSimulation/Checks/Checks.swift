import GrapevineCore

/// Holds what engines say and show against what was written, while a run goes on.
///
/// After each input one reading is drawn and verified; in turn the nodes are compared in full.
struct Checks {
  let seed: UInt64
  /// The first promise that was seen broken.
  var violation: Violation?
  private(set) var history = History()
  private(set) var views: [ObserverView] = []
  /// By node the life that its process lives.
  private var lives: [Int] = []
  private var random: Xoshiro256
  var time = Instant.zero

  init(seed: UInt64) {
    self.seed = seed
    random = Xoshiro256(seed: ~seed)
  }

  /// A process has started.
  mutating func started(_ node: Int, _ engine: Engine) {
    let life = history.add(engine.localID)
    if node < lives.count {
      lives[node] = life
      views[node] = ObserverView()
    } else {
      lives.append(life)
      views.append(ObserverView())
    }
  }

  /// A caller has changed a node's own state, without error.
  mutating func ownerUpdated(_ node: Int, _ changes: [Change], _ engine: Engine, at time: Instant) {
    self.time = time
    for change in changes { history[lives[node]].apply(change) }
    let expected = history[lives[node]].version
    let version = engine.version(of: engine.localID.name) ?? 0
    if version != expected {
      fail(OwnerCheck.self, node, "holds version \(version) of itself, not \(expected)")
    }
  }

  /// An engine has had an input, and its outputs were pulled.
  mutating func afterInput(
    _ node: Int,
    _ engine: Engine,
    reading: Instant,
    at time: Instant
  ) {
    self.time = time
    let own = lives[node]
    let version = engine.version(of: engine.localID.name) ?? 0
    if version < history[own].version {
      fail(OwnerCheck.self, node, "its own version fell to \(version)")
    } else if version > history[own].version {
      history[own].synchronize(with: engine.localMember(now: reading))
    }
    sample(node, engine)
  }

  /// An engine has told its driver something.
  mutating func observe(_ observed: ObservedEvent) {
    time = observed.time
    switch observed.event {
    case .member(let event): observe(event, at: observed.node)
    case .generationRaised(let id): history.rename(lives[observed.node], to: id)
    case .joinFinished, .leaveFinished, .spreadFinished, .superseded, .stateRefused,
      .answersByStreamOnly, .wasPaused:
      break
    }
  }

  mutating func fail(_ check: any Check.Type, _ node: Int, _ detail: String) {
    guard violation == nil else { return }
    violation = Violation(check, seed: seed, time: time, node: node, detail: detail)
  }

  /// Reads one key of one member, drawn by chance, as a user might at any moment.
  private mutating func sample(_ node: Int, _ engine: Engine) {
    let known = views[node].known
    guard !known.isEmpty else { return }
    let identity = known[Int(random.below(UInt64(known.count)))]
    let view = views[node][identity]
    guard view.phase.isShown else { return }
    noteVersion(engine.version(of: history.identities[identity].id.name), of: identity, at: node)
    guard view.keyCount > 0, !history.identities[identity].isAmbiguous else { return }
    let key = Int(random.below(UInt64(view.keyCount)))
    guard view.isLive(key) else { return }
    let name = history.life(of: identity).keyRecords[key].name
    let entry = engine.entry(name, of: history.identities[identity].id.name)
    let told = view.version(of: key)
    guard entry?.version != told else { return }
    if let entry, isRewrite(entry.version, of: told, key, in: history.life(of: identity)) {
      views[node][identity].note(key, version: entry.version, isLive: true)
      return
    }
    fail(
      ReadCheck.self,
      node,
      "reads \(entry?.description ?? "nothing") for “\(name)” of "
        + "\(history.identities[identity].id), of which it was told version \(told)"
    )
  }

  /// Says whether a later version wrote the same value once more, of which a snapshot need not
  /// tell.
  private func isRewrite(_ version: Version, of told: Version, _ key: Int, in life: Life) -> Bool {
    guard version > told, let former = life.write(at: told), let latter = life.write(at: version)
    else { return false }
    return former.keyIndex == key && latter.keyIndex == key && latter.value != nil
      && former.value == latter.value
  }

  private mutating func noteVersion(_ version: Version?, of identity: Int, at node: Int) {
    let held = views[node][identity].version
    guard let version, version >= held else {
      let shown = version.map { "\($0)" } ?? "nothing"
      let id = history.identities[identity].id
      return fail(VersionCheck.self, node, "holds \(shown) of \(id) after version \(held)")
    }
    views[node][identity].version = version
  }
}

// Events, one by one.
extension Checks {
  private mutating func observe(_ event: Event, at node: Int) {
    switch event {
    case .joined(let id): joined(id, at: node)
    case .replaced(let old, by: let new): replaced(old, by: new, at: node)
    case .down(let id): move(id, from: [.live], to: .down, event, at: node)
    case .up(let id): move(id, from: [.down], to: .live, event, at: node)
    case .leaving(let id): move(id, from: [.live], to: .live, event, at: node)
    case .left(let id): move(id, from: [.live, .down], to: .left, event, at: node)
    case .expired(let id): move(id, from: [.down, .left], to: .expired, event, at: node)
    case .keySet(let id, let entry): keySet(id, entry, at: node)
    case .keyDeleted(let id, let key, let version):
      keyDeleted(id, key, version, at: node)
    case .nameConflict: break
    }
  }

  private mutating func joined(_ id: MemberID, at node: Int) {
    guard let identity = identity(of: id, at: node) else { return }
    let nameIndex = history.identities[identity].nameIndex
    let view = views[node][identity]
    if let other = views[node].shown(nameIndex) {
      fail(NameCheck.self, node, "\(id) joined beside \(history.identities[other].id)")
    } else if let generation = views[node].generation(nameIndex), id.generation < generation {
      fail(EventOrderCheck.self, node, "\(id) joined after generation \(generation)")
    } else if view.phase == .replaced || view.hasLeft,
      !history.identities[identity].isAmbiguous
    {
      fail(EventOrderCheck.self, node, "\(id) joined, but it had \(view.phase)")
    }
    views[node].show(identity, nameIndex, generation: id.generation)
  }

  private mutating func replaced(_ old: MemberID, by new: MemberID, at node: Int) {
    guard let former = identity(of: old, at: node), let later = identity(of: new, at: node) else {
      return
    }
    let nameIndex = history.identities[later].nameIndex
    if views[node].shown(nameIndex) != former || new.generation <= old.generation {
      fail(EventOrderCheck.self, node, "\(new) replaced \(old), which was not shown")
    }
    views[node].hide(former, nameIndex, .replaced)
    views[node].show(later, nameIndex, generation: new.generation)
  }

  private mutating func move(
    _ id: MemberID,
    from: [MemberView.Phase],
    to phase: MemberView.Phase,
    _ event: Event,
    at node: Int
  ) {
    guard let identity = identity(of: id, at: node) else { return }
    let nameIndex = history.identities[identity].nameIndex
    let former = views[node][identity].phase
    if !from.contains(former) {
      fail(EventOrderCheck.self, node, "\(event), but before it was \(former)")
    }
    if phase == .expired {
      views[node].hide(identity, nameIndex, .expired)
    } else {
      views[node][identity].phase = phase
    }
    if phase == .left { views[node][identity].hasLeft = true }
  }

  private mutating func keySet(_ id: MemberID, _ entry: Entry, at node: Int) {
    guard let identity = identityWithKeys(of: id, at: node) else { return }
    let life = history.life(of: identity)
    guard let write = life.write(at: entry.version), let value = write.value,
      life.keyRecords[write.keyIndex].name.hasSameBytes(as: entry.key), value == entry.value
    else {
      return fail(DeletionCheck.self, node, "was told \(id) set \(entry), which it never wrote")
    }
    let seen = views[node][identity].version(of: write.keyIndex)
    if entry.version <= seen {
      fail(DeletionCheck.self, node, "was told \(id) set \(entry) after version \(seen) of the key")
    }
    views[node][identity].note(write.keyIndex, version: entry.version, isLive: true)
  }

  private mutating func keyDeleted(
    _ id: MemberID,
    _ key: String,
    _ version: Version,
    at node: Int
  ) {
    guard let identity = identityWithKeys(of: id, at: node) else { return }
    let life = history.life(of: identity)
    guard let index = life.keyIndex(of: key), views[node][identity].isLive(index) else {
      return fail(
        ReadCheck.self,
        node,
        "was told \(id) deleted “\(key)”, which it was not told of"
      )
    }
    let seen = views[node][identity].version(of: index)
    if !life.wasDeleted(index, after: seen) {
      fail(ReadCheck.self, node, "lost “\(key)”@\(seen) of \(id), which is live")
    }
    if version <= seen || version > life.version {
      fail(DeletionCheck.self, node, "was told \(id) deleted “\(key)”@\(seen) at \(version)")
    }
    views[node][identity].note(index, version: version, isLive: false)
  }

  private mutating func identity(of id: MemberID, at node: Int) -> Int? {
    guard let identity = history.identityIndex(of: id) else {
      fail(EventOrderCheck.self, node, "was told of \(id), which never was")
      return nil
    }
    return identity
  }

  /// The identity, unless its keys can't be judged.
  private mutating func identityWithKeys(of id: MemberID, at node: Int) -> Int? {
    guard let identity = identity(of: id, at: node) else { return nil }
    if !views[node][identity].phase.isShown {
      fail(
        EventOrderCheck.self,
        node,
        "was told of a key of \(id), which was \(views[node][identity].phase)"
      )
    }
    return history.identities[identity].isAmbiguous ? nil : identity
  }
}

// Whole nodes.
extension Checks {
  /// Compares all that a node shows with all that it told, and its own state with its history.
  mutating func checkWholly(_ node: Int, _ engine: Engine, reading: Instant, at time: Instant) {
    self.time = time
    engine.checkInvariants()
    let members = engine.members(now: reading)
    for (former, latter) in zip(members, members.dropFirst())
    where former.name.hasSameBytes(as: latter.name) {
      fail(NameCheck.self, node, "shows \(former.id) and \(latter.id)")
    }
    var shownCount = 0
    for member in members {
      if member.isSelf {
        checkOwn(member, node)
      } else {
        shownCount += 1
        check(member, node)
      }
    }
    let toldCount = views[node].known.count(where: { views[node][$0].phase.isShown })
    if shownCount != toldCount {
      fail(ReadCheck.self, node, "shows \(shownCount) others, but told of \(toldCount)")
    }
    let drops = engine.metrics.drops
    for reason in [
      Metrics.DropReason.tooShort, .wrongMagic, .wrongVersion, .sealed, .unknownKind, .malformed,
      .notUTF8,
    ] where drops[reason] > 0 {
      fail(CodecCheck.self, node, "dropped \(drops[reason]) messages as \(reason)")
    }
  }

  /// Compares what a node told of a live owner's keys with what the owner wrote.
  ///
  /// It is meant for two that are at one version.
  mutating func compare(_ node: Int, with owner: Int, _ id: MemberID) {
    guard let identity = history.identityIndex(of: id), !history.identities[identity].isAmbiguous
    else { return }
    let life = history[lives[owner]]
    let view = views[node][identity]
    for (index, key) in life.keyRecords.enumerated() where key.isLive != view.isLive(index) {
      let state = key.isLive ? "lacks" : "still holds"
      fail(
        ConvergenceCheck.self,
        node,
        "equal fingerprints, but it \(state) “\(key.name)” of \(id)"
      )
    }
  }

  private mutating func checkOwn(_ member: Member, _ node: Int) {
    let life = history[lives[node]]
    checkEntries(member, node, count: life.liveCount) { life.keyRecords[$0].version }
  }

  private mutating func check(_ member: Member, _ node: Int) {
    guard let identity = identity(of: member.id, at: node) else { return }
    noteVersion(member.version, of: identity, at: node)
    let view = views[node][identity]
    let expected: MemberView.Phase = member.hasLeft ? .left : member.isDown ? .down : .live
    if view.phase != expected {
      fail(EventOrderCheck.self, node, "shows \(member.id) \(expected), but told \(view.phase)")
    }
    guard !history.identities[identity].isAmbiguous else { return }
    checkEntries(member, node, count: view.liveCount) { view.version(of: $0) }
  }

  private mutating func checkEntries(
    _ member: Member,
    _ node: Int,
    count: Int,
    version: (Int) -> Version
  ) {
    guard let identity = history.identityIndex(of: member.id) else { return }
    let life = member.isSelf ? history[lives[node]] : history.life(of: identity)
    var liveCount = 0
    for entry in member.entries where !entry.isDeleted {
      liveCount += 1
      guard let write = life.write(at: entry.version), write.value == entry.value,
        life.keyRecords[write.keyIndex].name.hasSameBytes(as: entry.key)
      else {
        fail(DeletionCheck.self, node, "shows \(entry) of \(member.id), which it never wrote")
        continue
      }
      let told = version(write.keyIndex)
      if told != entry.version, !isRewrite(entry.version, of: told, write.keyIndex, in: life) {
        fail(
          ReadCheck.self,
          node,
          "shows \(entry) of \(member.id), but told version \(told)"
        )
      }
    }
    if liveCount != count {
      fail(ReadCheck.self, node, "shows \(liveCount) keys of \(member.id), but told of \(count)")
    }
  }
}
