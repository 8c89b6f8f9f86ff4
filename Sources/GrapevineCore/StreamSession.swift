/// One stream as the engine sees it.
struct StreamSession: Sendable {
  enum Direction: Sendable, Hashable {
    case inbound
    case outbound
  }

  enum Phase: Sendable, Hashable {
    /// Waiting for the connection.
    case connecting
    /// Waiting for the other side's first message.
    case greeting
    case exchanging
  }

  let id: StreamID
  let direction: Direction
  let endpoint: Endpoint
  /// Known of an inbound stream when its first message has come.
  var purpose: StreamPurpose
  var ticket: JoinTicket?
  var phase: Phase
  var peer: MemberKey?
  var peerID: MemberID?
  /// Says that others are to be told of the peer at once if it is new here: not where all whom this
  /// node can tell come from the peer itself.
  var isPeerNews = true
  /// When the stream is given up for silence.
  var deadline: Instant
  var assembler: FrameAssembler
  /// The most bytes of a message once both have greeted; a greeting fits in a frame.
  let messageLimit: Int

  // Going out.
  /// Bytes that the driver has, and the socket has not taken.
  var queued = 0
  var writtenSinceProgress = 0
  /// Says that it has more to say, and waits until others have said theirs.
  var isHeldBack = false
  private(set) var messages: [Message] = []
  /// Bytes of the first message that have been handed over.
  private var sentOffset = 0
  /// From where the own digest goes on; nil when it is done or none is to be sent.
  var digestFrom: MemberKey?
  var owed: [Owed] = []
  var owedIndex = 0
  var snapshot: SnapshotWriter?
  var hasSentDone = false

  // Coming in.
  var readSinceProgress = 0
  /// Since when a message has been under way that is larger than a frame; nil while none is.
  var unfinishedSince: Instant?
  var staged: (key: MemberKey, snapshot: StagedSnapshot)?
  /// The member of whom a snapshot began last, and how many of it did.
  private var lastSnapshot: (key: MemberKey, count: Int)?
  /// From where the peer's digest goes on; nil when it has come whole.
  var expectedFrom: MemberKey? = .lowest
  var hasReceivedDone = false
  var hasProgress = false
  var progressAt: Instant

  struct Message: Sendable {
    var kind: FrameKind
    var payload: [UInt8]
  }

  init(
    id: StreamID,
    direction: Direction,
    endpoint: Endpoint,
    purpose: StreamPurpose,
    deadline: Instant,
    messageLimit: Int,
    now: Instant
  ) {
    self.id = id
    self.direction = direction
    self.endpoint = endpoint
    self.purpose = purpose
    self.deadline = deadline
    phase = direction == .inbound ? .greeting : .connecting
    self.messageLimit = messageLimit
    assembler = FrameAssembler(messageLimit: FrameKind.payloadLimit)
    progressAt = now
  }

  /// Says that everything that this side has to say has been put into messages.
  var hasSaidAll: Bool {
    digestFrom == nil && expectedFrom == nil && owedIndex == owed.count && snapshot == nil
  }

  /// The bytes held for what waits to be sent; a message is held until all of it is handed over.
  var unsentSize: Int { messages.reduce(queued) { $0 + $1.payload.count } }

  /// Snapshots of one member that a stream may bring: more than one if its owner drops tombstones
  /// while the stream is at work.
  static let snapshotLimit = 8

  /// Takes note that a snapshot begins; false where it comes out of order.
  ///
  /// Each costs a walk through all that is held of its member, however short it is.
  mutating func beginSnapshot(of key: MemberKey) -> Bool {
    var count = 1
    if let last = lastSnapshot, last.key >= key {
      count += last.count
      guard last.key == key, count <= Self.snapshotLimit else { return false }
    }
    lastSnapshot = (key, count)
    return true
  }

  mutating func say(_ kind: FrameKind, _ payload: [UInt8] = []) {
    messages.append(Message(kind: kind, payload: payload))
  }

  /// The next frame of what has been said; a message larger than a frame goes in several.
  mutating func nextFrame() -> [UInt8]? {
    guard let message = messages.first else { return nil }
    let rest = message.payload.count - sentOffset
    let size = min(rest, FrameKind.payloadLimit)
    let part = message.payload[sentOffset..<(sentOffset + size)]
    let frame = message.kind.frame(part, isContinued: size < rest)
    if size < rest {
      sentOffset += size
    } else {
      sentOffset = 0
      messages.removeFirst()
    }
    return frame
  }
}
