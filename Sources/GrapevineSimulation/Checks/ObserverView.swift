import GrapevineCore

/// What one process has been told of all members, event by event.
struct ObserverView {
  private var members: [MemberView] = []
  /// The identities of which an event told, in that order.
  private(set) var known: [Int] = []
  /// By name the identity that is shown; nil for none.
  private var shown: [Int?] = []
  /// By name the highest generation that was shown.
  private var generations: [UInt64] = []

  subscript(identity: Int) -> MemberView {
    get { identity < members.count ? members[identity] : MemberView() }
    _modify {
      if identity >= members.count {
        let missing = identity - members.count + 1
        members.append(contentsOf: repeatElement(MemberView(), count: missing))
      }
      yield &members[identity]
    }
  }

  func shown(_ nameIndex: Int) -> Int? { nameIndex < shown.count ? shown[nameIndex] : nil }

  /// The highest generation shown under the name; nil if none was.
  func generation(_ nameIndex: Int) -> UInt64? {
    nameIndex < generations.count && generations[nameIndex] > 0
      ? generations[nameIndex] - 1 : nil
  }

  mutating func show(_ identity: Int, _ nameIndex: Int, generation: UInt64) {
    while shown.count <= nameIndex { shown.append(nil) }
    while generations.count <= nameIndex { generations.append(0) }
    if self[identity].phase == .unknown { known.append(identity) }
    // Its grave is gone, so it is learned from the beginning.
    if self[identity].phase == .replaced { self[identity].forgetState() }
    shown[nameIndex] = identity
    generations[nameIndex] = max(generations[nameIndex], generation &+ 1)
    self[identity].phase = .live
    // As its grave is gone, it is not known any more that it left.
    self[identity].hasLeft = false
  }

  mutating func hide(_ identity: Int, _ nameIndex: Int, _ phase: MemberView.Phase) {
    if self.shown(nameIndex) == identity { shown[nameIndex] = nil }
    // Once a name is forgotten, a clock that stepped back may begin it anew.
    if phase == .expired { generations[nameIndex] = 0 }
    self[identity].phase = phase
    if phase == .expired {
      self[identity].forgetState()
    } else {
      self[identity].forgetLiveKeys()
    }
  }
}

/// What one process has been told of one identity.
struct MemberView {
  enum Phase {
    case unknown
    case live
    case down
    case left
    case expired
    case replaced

    /// The member is listed.
    var isShown: Bool { self == .live || self == .down || self == .left }
  }

  var phase = Phase.unknown
  /// Says whether it was seen to leave; it must not come back then, while its grave is kept.
  var hasLeft = false
  private(set) var liveCount = 0
  /// By the key's index: the version last told of, and in the lowest bit whether it is live.
  private var keys: [UInt64] = []

  var keyCount: Int { keys.count }

  func version(of key: Int) -> Version { key < keys.count ? keys[key] >> 1 : 0 }

  func isLive(_ key: Int) -> Bool { key < keys.count && keys[key] & 1 == 1 }

  mutating func note(_ key: Int, version: Version, isLive: Bool) {
    while keys.count <= key { keys.append(0) }
    liveCount += (isLive ? 1 : 0) - (keys[key] & 1 == 1 ? 1 : 0)
    keys[key] = version << 1 | (isLive ? 1 : 0)
  }

  /// Keeps the versions, so that what was deleted can't come back by a detour.
  mutating func forgetLiveKeys() {
    for key in keys.indices { keys[key] &= ~1 }
    liveCount = 0
  }

  /// Forgets all: a member that expired and joins anew is learned from the beginning.
  mutating func forgetState() {
    keys = []
    liveCount = 0
  }
}
