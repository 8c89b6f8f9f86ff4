import GrapevineCore

/// What is true of a run: who wrote what, what each node told, and who said what of whom.
///
/// Checks hold engines against it.
struct Ledger {
  var history = History()
  /// By node what its process has told.
  var views: [ObserverView] = []
  private(set) var testimony = Testimony()
  /// By node the life that its process lives.
  private var lives: [Int] = []
  /// By node whom it called down since its last input.
  private var downs: [[MemberID]] = []
  private var counts: [WordCount] = []
  private var random: Xoshiro256

  /// What an engine had counted of its own words when it was asked last.
  private struct WordCount {
    var accusations = 0
    var verdicts = 0
    var refutations = 0
    var key: MemberKey
    var incarnation: UInt64 = 0
    var hasLeft = false
  }

  init(seed: UInt64) {
    random = Xoshiro256(seed: ~seed)
  }

  /// The life that the node's process lives.
  func life(at node: Int) -> Life { history[lives[node]] }

  /// The highest version that the node's process has written.
  func version(at node: Int) -> Version { history[lives[node]].version }

  /// Whom the node has called down since its last input.
  func downs(at node: Int) -> [MemberID] { downs[node] }

  func view(_ identity: Int, at node: Int) -> MemberView { views[node][identity] }

  /// A process has started.
  mutating func started(_ node: Int, _ engine: Engine) {
    let life = history.add(engine.localID)
    if node < lives.count {
      lives[node] = life
      views[node] = ObserverView()
      downs[node] = []
      counts[node] = WordCount(key: engine.ownKey)
    } else {
      lives.append(life)
      views.append(ObserverView())
      downs.append([])
      counts.append(WordCount(key: engine.ownKey))
    }
  }

  /// A caller has changed a node's own state, without error.
  mutating func wrote(_ node: Int, _ changes: [Change], reading: Instant) {
    for change in changes { history[lives[node]].apply(change, now: reading) }
  }

  /// Takes over what a node wrote by itself: keys whose time was up, and internal entries.
  ///
  /// - Returns: what nobody asked it to do; nil for nothing.
  mutating func synchronize(
    _ node: Int,
    _ engine: Engine,
    reading: Instant,
    mayHoldInternal: Bool
  ) -> String? {
    history[lives[node]]
      .synchronize(
        with: engine.localMember(now: reading),
        now: reading,
        mayHoldInternal: mayHoldInternal
      )
  }

  /// The key of the node's own whose time is up first, if that is before `time`.
  mutating func firstKey(of node: Int, dueBefore time: Instant) -> Life.Key? {
    history[lives[node]].firstKey(dueBefore: time)
  }

  /// Notes what an engine said of itself and of others since it was asked last.
  mutating func noteWords(of node: Int, _ engine: Engine) {
    if engine.metrics.accusationsOut != counts[node].accusations {
      var unseen = engine.metrics.accusationsOut - counts[node].accusations
      counts[node].accusations = engine.metrics.accusationsOut
      // One that was judged at the same moment is no open accusation any more.
      let own = engine.ownKey
      engine.forEachStanding { key, standing in
        guard standing.accusers.contains(own) else { return }
        if testimony.accused(key, standing.incarnation, by: own) { unseen -= 1 }
      }
      if unseen > 0 { testimony.accusedUnseen(unseen, by: own) }
    }
    if engine.metrics.verdictsOut != counts[node].verdicts {
      counts[node].verdicts = engine.metrics.verdictsOut
      for id in downs[node] {
        guard let standing = engine.standing(of: MemberKey(id)) else { continue }
        testimony.judged(MemberKey(id), standing.incarnation)
      }
    }
    noteIncarnation(of: node, engine)
    if engine.hasLeft, !counts[node].hasLeft {
      counts[node].hasLeft = true
      testimony.left(engine.ownKey)
    }
  }

  /// Says whether a member may be named as an accuser of another.
  mutating func admits(_ accuser: MemberKey, _ member: MemberKey, _ incarnation: UInt64) -> Bool {
    testimony.admits(accuser, member, incarnation)
  }

  private mutating func noteIncarnation(of node: Int, _ engine: Engine) {
    if engine.ownKey != counts[node].key {
      // What made it begin another life may have made it refute as the former one before.
      let former = counts[node].key
      if engine.metrics.refutations != counts[node].refutations {
        testimony.raised(former, to: testimony.incarnation(of: former) + 1)
      }
      counts[node].key = engine.ownKey
      counts[node].incarnation = 0
    }
    counts[node].refutations = engine.metrics.refutations
    let incarnation = engine.ownIncarnation
    guard incarnation != counts[node].incarnation else { return }
    counts[node].incarnation = incarnation
    testimony.raised(engine.ownKey, to: incarnation)
  }

  /// All that was to be said of the node's last input is said.
  mutating func forgetDowns(at node: Int) {
    if !downs[node].isEmpty { downs[node] = [] }
  }

  /// Reads one member, and one key of it, as a user might at any moment.
  mutating func draw(at node: Int, _ engine: Engine) -> Reading? {
    let known = views[node].known
    guard !known.isEmpty else { return nil }
    let index = known[random.index(known.count)]
    guard views[node][index].phase.isShown else { return nil }
    let identity = history.identities[index]
    let progress = engine.progress(of: identity.key)
    let keyCount = views[node][index].keyCount
    guard keyCount > 0, !identity.isAmbiguous else {
      return Reading(identity: index, progress: progress, key: nil)
    }
    let key = random.index(keyCount)
    guard views[node][index].isLive(key) else {
      return Reading(identity: index, progress: progress, key: nil)
    }
    let name = history.keyName(key, of: index)
    return Reading(
      identity: index,
      progress: progress,
      key: Reading.Key(
        index: key,
        name: name,
        told: views[node][index].version(of: key),
        entry: engine.entry(name, of: identity.key)
      )
    )
  }
}

// What nodes tell.
extension Ledger {
  mutating func take(_ event: EngineEvent, by node: Int) {
    switch event {
    case .member(let event): take(event, by: node)
    case .generationRaised(let id): history.rename(lives[node], to: id)
    case .joinFinished, .leaveFinished, .spreadFinished, .reachFinished, .superseded, .stateRefused,
      .answersByStreamOnly, .wasPaused, .peerChanged, .lockGranted,
      .lockLost:
      break
    }
  }

  private mutating func take(_ event: Event, by node: Int) {
    switch event {
    case .joined(let id): show(id, at: node)
    case .replaced(let old, by: let new):
      hide(old, .replaced, at: node)
      show(new, at: node)
    case .down(let id):
      downs[node].append(id)
      move(id, to: .down, at: node)
    case .up(let id), .leaving(let id): move(id, to: .live, at: node)
    case .left(let id): move(id, to: .left, at: node)
    case .expired(let id): hide(id, .expired, at: node)
    case .keySet(let id, let entry):
      guard let identity = history.judgeable(id),
        let index = history.life(of: identity).keyIndex(thatWrote: entry)
      else { return }
      views[node][identity].note(index, version: entry.version, isLive: true)
    case .keyDeleted(let id, let key, let version):
      guard let identity = history.judgeable(id),
        let index = history.life(of: identity).keyIndex(of: key)
      else { return }
      views[node][identity].note(index, version: version, isLive: false)
    case .nameConflict: break
    }
  }

  private mutating func show(_ id: MemberID, at node: Int) {
    guard let identity = history.identityIndex(of: id) else { return }
    let nameIndex = history.identities[identity].nameIndex
    views[node].show(identity, nameIndex, generation: id.generation)
  }

  private mutating func hide(_ id: MemberID, _ phase: MemberView.Phase, at node: Int) {
    guard let identity = history.identityIndex(of: id) else { return }
    views[node].hide(identity, history.identities[identity].nameIndex, phase)
  }

  private mutating func move(_ id: MemberID, to phase: MemberView.Phase, at node: Int) {
    guard let identity = history.identityIndex(of: id) else { return }
    views[node][identity].phase = phase
    if phase == .left { views[node][identity].hasLeft = true }
  }
}
