import GrapevineHashing

/// What stands for a lock on the wire: the XXH64 of its name.
package struct LockID: Hashable, Sendable, Comparable {
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// The lock `key` of those that share `prefix`.
  package init(prefix: String, key: String) {
    var stream = XXH64.Stream()
    stream.append(contentsOf: prefix.utf8)
    // No byte of UTF-8: what ends the prefix can't be part of it.
    stream.append(0xFF)
    stream.append(contentsOf: key.utf8)
    rawValue = stream.value
  }

  package static func < (first: LockID, second: LockID) -> Bool {
    first.rawValue < second.rawValue
  }
}

/// The number of a grant of a lock; later grants of the same lock have higher ones.
package typealias LockEpoch = UInt64

/// What a member answers who is asked whether it minds that another takes a lock.
package enum LockAnswer: UInt8, Sendable, CaseIterable {
  /// It does not hold the lock, and has promised the epoch to the one who asks.
  case free = 0
  /// It holds the lock itself.
  case held = 1
  /// It has promised that epoch, or the higher one that comes with the answer, to another.
  case outbid = 2
  /// It has not been a member for long enough, or does not know the one who asks yet.
  case wait = 3
  /// It held the lock and does no more: ask again.
  case released = 4
}

/// The locks of one node: those that it holds or wants, and what it has promised to others.
///
/// A node takes a lock when every live member has answered, for one and the same epoch, that it
/// does not hold it. Who answers so promises to let nobody have it with a lower epoch, and gives up
/// its own claim with one. So of two who know each other only one can come to hold it: of their
/// claims the one with the lower epoch ends when the other is answered.
package struct LockTable: Sendable {
  struct Claim: Sendable {
    let id: LockID
    /// Zero while it rests: it has been outbid, and tries again when it is due.
    var epoch: LockEpoch
    /// What questions for this epoch are known by.
    var sequence: SequenceNumber
    /// Says that all have agreed: the node holds the lock.
    var isHeld = false
    /// Those that have not agreed to ``epoch``; who is asked next comes first.
    var waiting: [MemberKey]
    /// How many of them have been asked in the round under way.
    var askedCount = 0
    /// The epoch that another was promised.
    var outbidBy: LockEpoch = 0
    /// When those are asked again.
    var dueAt: Instant
    var pause: UInt64
    /// Those who asked while the lock was held: they are told when it is not any more.
    var askers: [MemberKey] = []

    /// Says whether some of those that have not agreed are yet to be asked in the round under way.
    var isAmidRound: Bool { askedCount > 0 && askedCount < waiting.count }
  }

  private struct Promise: Sendable {
    var epoch: LockEpoch
    var owner: MemberKey
  }

  /// Sorted by ID.
  private(set) var claims: [Claim] = []
  private var promises: [LockID: Promise] = [:]
  /// The highest epoch promised for any lock that has been forgotten since.
  private var floor: LockEpoch = 0
  private var highest: LockEpoch = 0
  private let limit: Int
  private(set) var nextDue = Instant.never

  /// Those who asked for a lock that is held, at most so many of them.
  package static let askerLimit = 16

  init(limit: Int) {
    self.limit = limit
  }

  /// How many promises are remembered.
  var promiseCount: Int { promises.count }

  func index(of id: LockID) -> Int? {
    let index = position(of: id)
    return index < claims.count && claims[index].id == id ? index : nil
  }

  private func position(of id: LockID) -> Int {
    var lower = 0
    var upper = claims.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if claims[middle].id < id { lower = middle + 1 } else { upper = middle }
    }
    return lower
  }

  /// Gives a claim another state; its time may be another then.
  mutating func update(_ index: Int, _ body: (inout Claim) -> Void) {
    body(&claims[index])
    nextDue = min(nextDue, claims[index].dueAt)
  }

  mutating func findNextDue() {
    nextDue = .never
    for claim in claims { nextDue = min(nextDue, claim.dueAt) }
  }
}

extension LockTable: SelfVerifying {
  /// Throws if claims are not in order, or not promised to this node; O(claims).
  package func verifyInvariants() throws(BrokenInvariant) {
    for (index, claim) in claims.enumerated() {
      try require(index == 0 || claims[index - 1].id < claim.id, "claims are not in order")
      try require(claim.epoch <= epoch(of: claim.id), "a claim is above what was promised")
      try require(claim.epoch > 0 || !claim.isHeld, "a claim that rests is held")
      try require(claim.dueAt >= nextDue, "a claim is due before all are")
      try require(claim.askers.count <= Self.askerLimit, "\(claim.askers.count) ask")
    }
  }
}

extension LockTable {
  /// The highest epoch that this node knows for a lock.
  func epoch(of id: LockID) -> LockEpoch { promises[id]?.epoch ?? floor }

  /// Begins to claim a lock, or claims it anew with a higher epoch; all of `members` are to agree.
  mutating func claim(
    _ id: LockID,
    by own: MemberKey,
    among members: [MemberKey],
    atLeast least: LockEpoch,
    sequence: SequenceNumber,
    dueAt: Instant,
    pause: UInt64
  ) {
    let known = epoch(of: id)
    let epoch = max(least, known < .max ? known + 1 : .max)
    promise(id, epoch, to: own)
    let claim = Claim(
      id: id,
      epoch: epoch,
      sequence: sequence,
      waiting: members,
      dueAt: dueAt,
      pause: pause
    )
    let index = position(of: id)
    if index < claims.count, claims[index].id == id {
      claims[index] = claim
    } else {
      claims.insert(claim, at: index)
    }
    nextDue = min(nextDue, dueAt)
  }

  /// Lets a claim that was outbid rest, so that the other one comes through.
  mutating func rest(_ index: Int, until dueAt: Instant) {
    update(index) {
      $0.epoch = 0
      $0.dueAt = dueAt
    }
  }

  /// Gives up a lock, or the claim to it; returns who is to be told.
  mutating func remove(_ id: LockID) -> (epoch: LockEpoch, askers: [MemberKey])? {
    guard let index = index(of: id) else { return nil }
    let claim = claims.remove(at: index)
    return (claim.epoch, claim.askers)
  }

  /// Gives up all locks and claims that `isChosen`; returns them.
  ///
  /// - Complexity: O(claims).
  mutating func removeAll(where isChosen: (Claim) -> Bool) -> [Claim] {
    let chosen = claims.filter(isChosen)
    claims.removeAll(where: isChosen)
    return chosen
  }

  /// What this node, `own`, answers `peer`, who wants a lock with an epoch, or holds it with that,
  /// and the epoch that goes with it.
  mutating func answer(
    _ request: LockRequest,
    from peer: MemberKey,
    own: MemberKey
  ) -> (answer: LockAnswer, epoch: LockEpoch) {
    let (id, epoch) = (request.id, request.epoch)
    if let index = index(of: id), claims[index].isHeld {
      let isKnown = claims[index].askers.contains(peer)
      if !isKnown, claims[index].askers.count < Self.askerLimit {
        claims[index].askers.append(peer)
      }
      return (.held, claims[index].epoch)
    }
    if let promise = promises[id], promise.owner == peer, promise.epoch == epoch {
      return (.free, epoch)
    }
    let known = self.epoch(of: id)
    if request.isHeld, epoch <= known, promises[id] == nil {
      // What was promised is forgotten, so nothing says that another was promised more; if one was,
      // and has taken it, those two ask each other. What is known of epochs is not lowered: this is
      // no promise, and who claims the lock still has to name one above the floor.
      return (.free, epoch)
    }
    if request.isHeld, let owner = promises[id]?.owner, owner == own || owner == peer {
      // Only this node has claimed more, and does not hold it; or the answer to that was lost.
      promise(id, max(epoch, known), to: peer)
      return (.free, epoch)
    }
    guard epoch > known else { return (.outbid, known) }
    promise(id, epoch, to: peer)
    return (.free, epoch)
  }

  /// Takes note that `epoch` of a lock was promised to `owner`.
  mutating func promise(_ id: LockID, _ epoch: LockEpoch, to owner: MemberKey) {
    if promises.count >= limit, promises[id] == nil {
      // From now on those that are forgotten count as promised with the highest epoch of all.
      floor = highest
      promises = [:]
    }
    promises[id] = Promise(epoch: epoch, owner: owner)
    highest = max(highest, epoch)
  }
}
