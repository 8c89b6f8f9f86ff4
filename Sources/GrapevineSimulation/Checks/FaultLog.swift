import GrapevineCore

/// Who lives, and what was done to whom: what verdicts are held against.
///
/// All times are true time.
struct FaultLog {
  /// The process that goes, or went, by an identity.
  struct Life {
    let node: Int
    let began: UInt64
    /// When it died, left, or took another identity; nil if it goes on.
    var ended: UInt64?
    /// Says whether another process had the identity before: what is said of the one meets both.
    let isReused: Bool
  }

  private struct Trouble {
    /// Other members may not reach the node, or hear it.
    var isCutOff = false
    var cutOffEnd: UInt64?
    var pausedSince: UInt64?
    var pauseEnd: UInt64?
    var pauseLength: UInt64 = 0
  }

  private var lives: [MemberID: Life] = [:]
  /// By node what its process of now, or its last one, goes by.
  private var identities: [MemberID] = []
  private var troubles: [Trouble] = []
  private var isWild = false
  private var wildEnd: UInt64?
  /// When two processes of one name ran last.
  private var rivalries: [NameKey: UInt64] = [:]

  func life(of id: MemberID) -> Life? { lives[id] }

  /// What the node's process of now, or its last one, goes by.
  func identity(of node: Int) -> MemberID { identities[node] }

  mutating func started(_ node: Int, as id: MemberID, at time: UInt64) {
    if node == identities.count {
      identities.append(id)
      troubles.append(Trouble())
    } else {
      identities[node] = id
      // What was done to the process before is nothing to this one, but for what still is.
      troubles[node] = Trouble(isCutOff: troubles[node].isCutOff)
    }
    lives[id] = Life(node: node, began: time, ended: nil, isReused: lives[id] != nil)
  }

  /// A node's process is no member any more, or not by that identity; if it has an heir, that one
  /// goes on by it.
  mutating func ended(_ node: Int, heir: Int?, at time: UInt64) {
    let id = identities[node]
    guard let life = lives[id], life.node == node, life.ended == nil else { return }
    if let heir {
      lives[id] = Life(node: heir, began: time, ended: nil, isReused: true)
    } else {
      lives[id]?.ended = time
    }
  }

  mutating func noteRivalry(_ name: String, at time: UInt64) {
    rivalries[NameKey(name: name)] = time
  }

  func lastRivalry(_ name: String) -> UInt64? { rivalries[NameKey(name: name)] }
}

// What was done to nodes.
extension FaultLog {
  mutating func setCutOff(_ node: Int, _ isCutOff: Bool, at time: UInt64) {
    if troubles[node].isCutOff { troubles[node].cutOffEnd = time }
    troubles[node].isCutOff = isCutOff
  }

  mutating func setWild(_ isWild: Bool, at time: UInt64) {
    if self.isWild { wildEnd = time }
    self.isWild = isWild
  }

  mutating func paused(_ node: Int, at time: UInt64) {
    troubles[node].pausedSince = time
  }

  /// A pause that was shorter than `limit` explains nothing and is forgotten.
  mutating func resumed(_ node: Int, at time: UInt64, limit: UInt64) {
    if let since = troubles[node].pausedSince, time - since > limit {
      troubles[node].pauseEnd = time
      troubles[node].pauseLength = time - since
    }
    troubles[node].pausedSince = nil
  }

  /// When the node was last cut off: now, if it is; nil if it never was.
  func lastCutOff(_ node: Int, at time: UInt64) -> UInt64? {
    troubles[node].isCutOff ? time : troubles[node].cutOffEnd
  }

  /// When the node's last long pause ended; nil if it had none.
  func lastPause(_ node: Int) -> UInt64? { troubles[node].pauseEnd }

  /// How long the node slept, if it woke at `moment` or later; else zero.
  func lengthOfPause(_ node: Int, endedSince moment: UInt64) -> UInt64 {
    guard let end = troubles[node].pauseEnd, end >= moment else { return 0 }
    return troubles[node].pauseLength
  }

  /// When the whole network was last worse than members can stand.
  func lastWild(at time: UInt64) -> UInt64? { isWild ? time : wildEnd }
}
