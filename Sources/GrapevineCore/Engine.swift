import GrapevineHashing

/// The protocol as a value: no clock, socket, thread or hidden randomness.
///
/// The same identity, configuration, seed and inputs give the same outputs, byte for byte. Each
/// input carries the time. After an input the outputs (datagrams, stream actions, events) are
/// pulled until they are nil, and `nextDeadline` says when to call `advance(to:)`.
package struct Engine: Sendable {
  // Given.
  package let configuration: GossipConfiguration
  let label: UInt32
  let interval: UInt64
  let limits: EntryLimits
  /// What a member is held to have said before it has said anything.
  let emptyState: VersionedState
  /// Tells this process from a twin.
  let instance: UInt64
  let endpoint: Endpoint
  let startedAt: Instant

  // What is known.
  var table: MemberTable
  var graves: Graveyard
  /// Says that a refusal for `memberLimit` has been told since there was room last.
  var hasToldMemberLimit = false
  var localKey: MemberKey
  var phase = Phase.active

  // What is going on.
  var random: Xoshiro256
  var clock: Instant
  var roundAt: Instant
  var roundCount: UInt64 = 0
  /// How many members were known when the round began.
  var countAtRound = 1
  var earlyAt = Instant.never
  var earlyCount = 0
  /// How often the early heartbeats that come next are to be sent again.
  var earlyRepeats = 0
  var exchanges = ExchangeTable()
  /// Where the last delta's rotation among members stopped.
  var rotation = MemberKey.lowest
  var observers: [MemberKey]?
  var seeds: [Endpoint] = [] { didSet { lostAsOf = nil } }
  var seedCursor = 0
  var streams: [StreamSession] = []
  var nextStreamNumber: UInt64 = 1
  var nextTicketNumber: UInt64 = 1
  var joins: [PendingJoin] = []
  var nameCheck: NameCheck?
  /// How often the own generation has been raised; bounded, so that two nodes never drive each
  /// other on.
  var raiseCount = 0
  var leaving: Leaving?
  var timeToLive = TimeToLive()
  var tombstones = TombstoneClock()

  // Failure detection.
  /// Sorted by key.
  var observations: [Observation] = []
  /// Where on the rings a newcomer makes a difference to this node; nil while many are being lost.
  var ringReach: ObserverRings.Reach?
  /// When the rings are to be reckoned anew.
  var ringsDueAt = Instant.never
  /// Says that a member fell off the rings since they were reckoned.
  var hasLostObservers = false
  var accusations = AccusationList()
  var challenges: [Challenge] = []
  /// Whom what has come in just now made this node tell that they are accused.
  var told: [MemberKey] = []
  var relays: [Relay] = []
  var health: LocalHealth
  /// When a packet of anyone came last.
  var heardAnyAt: Instant
  /// Until when accusations are put off for the silence of everyone; nil while someone is heard.
  var silenceExcusedUntil: Instant?
  /// The time that a ping and its answer take: rises at once, falls slowly with answers and time.
  var roundTrip: UInt64 = 0
  var nextSequence: SequenceNumber
  /// Addresses of those that may come back, as of that many changes of the table's addresses.
  var lost: [Endpoint] = []
  var lostAsOf: UInt64?
  var lostCursor = 0

  // Dissemination.
  var pending = PendingPush()
  var pushAllowedAt = Instant.zero
  /// When standings of others may be pushed next.
  var othersAllowedAt = Instant.zero
  var pushCount = 0
  /// Packets of pushes about members alone that may be sent.
  var membershipBudget: TokenBucket
  var pulls = RecentPulls()
  var spreads: [Spread] = []
  var reaches: [Reach] = []
  var locks: LockTable
  /// The incarnation from which on a verdict on this node costs it its locks.
  var lockIncarnation: UInt64 = 0
  /// When locks may be taken, and others be allowed to take them.
  var lockAllowedAt: Instant

  // What comes out.
  var packets: PacketQueue
  var actions = Queue<StreamAction>()
  var events = Queue<EngineEvent>()
  /// Says whether changes of single keys are worth telling.
  package var reportsEntries = true
  package internal(set) var metrics = Metrics()

  /// What a simulation makes this engine do besides; nothing elsewhere.
  package var quirks = Quirks()

  enum Phase: Sendable, Hashable {
    case active
    case left
    /// Another live process goes on under this node's name; nothing is sent or taken any more.
    case superseded(by: MemberID)
  }

  /// Creates a node that knows only itself.
  ///
  /// - Precondition: `configuration` is valid, and the name has 1 to 255 bytes.
  package init(
    id: MemberID,
    endpoint: Endpoint,
    configuration: GossipConfiguration,
    seed: UInt64,
    now: Instant
  ) {
    precondition((1...255).contains(id.name.utf8.count), "a name of \(id.name.utf8.count) bytes")
    self.configuration = configuration
    self.endpoint = endpoint
    label = PacketHeader.hash(label: configuration.label)
    interval = configuration.interval.wholeNanoseconds
    limits = EntryLimits(
      // An owner whose entries are at the limit may still announce that it leaves.
      entryCount: configuration.entryLimit + ReservedKeys.count,
      keySize: max(configuration.keySizeLimit, ReservedKeys.sizeLimit),
      valueSize: configuration.valueSizeLimit
    )
    random = Xoshiro256(seed: seed)
    let hash = SipHash(key0: random.next(), key1: random.next())
    emptyState = VersionedState(hash: hash)
    table = MemberTable(hash: hash)
    instance = random.next()
    graves = Graveyard(limit: configuration.graveLimit, lifetime: configuration.graveLifetime)
    packets = PacketQueue(limit: configuration.packetQueueLimit)
    membershipBudget = TokenBucket(
      capacity: configuration.membershipPushLimit,
      pause: interval * 4 / UInt64(configuration.membershipPushLimit),
      now: now
    )
    locks = LockTable(limit: configuration.lockMemoryLimit)
    lockAllowedAt = now.advanced(by: configuration.lockGrace.wholeNanoseconds)
    health = LocalHealth(limit: configuration.healthLimit)
    heardAnyAt = now
    nextSequence = SequenceNumber(truncatingIfNeeded: random.next())
    clock = now
    startedAt = now
    roundAt = now.advanced(by: random.below(max(1, interval)))
    localKey = MemberKey(id)
    table.insert(
      MemberRecord(
        id: id,
        endpoint: endpoint,
        standing: Standing(),
        verdictSince: PastInstant(now),
        state: emptyState
      )
    )
  }

  var isSilent: Bool {
    if case .superseded = phase { true } else { false }
  }

  var localSlot: Int {
    guard let slot = table.slot(of: localKey) else {
      preconditionFailure("the node itself is not in its table")
    }
    return slot
  }

  /// Moves the clock on; one that is handed in from the past is taken for standing still.
  mutating func tick(_ now: Instant) {
    let before = clock
    clock = max(clock, now)
    guard !isSilent, clock.since(roundAt) > interval / 2 else { return }
    notePause(lateness: clock.since(roundAt), since: before)
  }
}

/// A join that waits for its stream, or for its turn.
struct PendingJoin: Sendable {
  let ticket: JoinTicket
  let endpoint: Endpoint
  /// When it is given up: `streamTimeout` after its first try, however long it waited for that.
  var deadline = Instant.never
  /// When it may be tried; `never` while a stream is under way or the name is in doubt.
  var dueAt: Instant
  /// Says that it waits for the node's name to be cleared.
  var isHeld = false
}

/// A leave under way: which streams are still to answer.
struct Leaving: Sendable {
  var asked: [MemberID] = []
  var acknowledged: [MemberID] = []
  var open: [StreamID] = []
}

/// A look whether another holder of this node's name lives.
struct NameCheck: Sendable {
  let rival: MemberID
  let rivalEndpoint: Endpoint
  /// Says that others hold the rival's life, so that this node needs a later one if it is over.
  let isHeldByOthers: Bool
  /// A rival that was too busy to answer is asked again until then.
  let until: Instant
  var retryAt: Instant = .never
  var stream: StreamID?
}
