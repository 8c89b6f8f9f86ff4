import GrapevineCore

/// One direction of one connection, as occurrences name it.
package struct StreamHandle: Hashable, Sendable {
  let connection: Int
  /// Tells a connection from an earlier one that had the same slot.
  let serial: Int
  /// Says whether the direction leads from the opener to the acceptor.
  let isForward: Bool

  var reversed: StreamHandle {
    StreamHandle(connection: connection, serial: serial, isForward: !isForward)
  }
}

/// A TCP connection between two nodes: two directions of ordered, reliable bytes.
struct Connection {
  let serial: Int
  let opener: Int
  /// The address that the opener dialled.
  let target: Endpoint
  /// The address that the acceptor sees: the opener's, with a port of the moment.
  let source: Endpoint
  let openedAt: UInt64
  /// The node that had the address when it was dialled; nil if none had.
  let acceptor: Int?
  var openerStream: StreamID?
  var acceptorStream: StreamID?
  /// The ends that may write: the opener once it is answered, the acceptor once it is asked.
  var openerIsConnected = false
  var acceptorIsConnected = false
  /// Since when nothing passes: a partition, or a dead host at one end.
  var stalledSince: UInt64?
  var forward = Direction()
  var backward = Direction()

  /// The part of a stream that travels at once.
  struct Piece {
    let content: Content
    let arrival: UInt64
    /// The end's own system says it: no network is in between.
    var isLocal = false
    /// The target's system has answered the connection request, its process has not.
    var isAnswered = false
  }

  enum Content {
    case connect
    case accepted
    case bytes([UInt8])
    case closed(StreamClosure)
  }

  struct Direction {
    /// What the process has queued and its socket has not taken.
    var pending = ByteQueue()
    /// The process ends the connection once `pending` is sent.
    var isFinishing = false
    var flight = PeekableQueue<Piece>()
    /// Bytes that the peer has not read, or not known here to have.
    var unacknowledged = 0
    var lastArrival: UInt64 = 0
    /// When the occurrence for the first piece of `flight` is due; nil if there is none.
    var scheduledAt: UInt64?
  }

  subscript(isForward: Bool) -> Direction {
    get { isForward ? forward : backward }
    _modify { if isForward { yield &forward } else { yield &backward } }
  }

  /// The node that sends in a direction; nil for an address without node.
  func sender(_ isForward: Bool) -> Int? { isForward ? opener : acceptor }
  func receiver(_ isForward: Bool) -> Int? { isForward ? acceptor : opener }
  /// The sender's name for the stream; nil once that process is done with it.
  func senderStream(_ isForward: Bool) -> StreamID? { isForward ? openerStream : acceptorStream }
  func receiverStream(_ isForward: Bool) -> StreamID? { isForward ? acceptorStream : openerStream }

  func senderIsConnected(_ isForward: Bool) -> Bool {
    isForward ? openerIsConnected : acceptorIsConnected
  }

  mutating func forgetSender(_ isForward: Bool) {
    if isForward { openerStream = nil } else { acceptorStream = nil }
  }
}

/// The connections that are not over, in slots that are used again.
struct ConnectionTable {
  private var slots: [Connection?] = []
  private var free: [Int] = []
  private var madeCount = 0

  var count: Int { slots.count - free.count }
  var indices: Range<Int> { slots.indices }

  subscript(index: Int) -> Connection? {
    get { slots[index] }
    _modify { yield &slots[index] }
  }

  /// Puts a connection that `make` creates with its serial number in a slot.
  mutating func add(_ make: (_ serial: Int) -> Connection) -> StreamHandle {
    madeCount += 1
    let connection = make(madeCount)
    let index: Int
    if let reused = free.popLast() {
      index = reused
      slots[index] = connection
    } else {
      index = slots.count
      slots.append(connection)
    }
    return StreamHandle(connection: index, serial: madeCount, isForward: true)
  }

  /// Says whether the handle's connection is still there.
  func isCurrent(_ handle: StreamHandle) -> Bool {
    slots[handle.connection]?.serial == handle.serial
  }

  mutating func remove(_ index: Int) {
    slots[index] = nil
    free.append(index)
  }
}
