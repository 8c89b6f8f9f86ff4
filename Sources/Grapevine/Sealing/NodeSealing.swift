package import GrapevineCore
import Glibc
package import GrapevineTransport

/// A node's own side of sealing: its mode, its session, its counts, and whose keys they are.
///
/// It is used by any thread. What belongs to the loop's thread, the sessions of others, is
/// `PacketOpener`'s.
package final class NodeSealing: Sendable {
  let sealer: any PacketSealer
  /// The cluster's label, which every tag is over.
  let label: [UInt8]
  package let metrics = Locked(SealingMetrics())
  private let session = Locked(SealingSession())
  private let currentMode: Locked<SealingMode>
  /// Where refusals are told; nil for nowhere.
  private let log: NodeLog?

  package convenience init(sealer: any PacketSealer, mode: SealingMode, label: String?) {
    self.init(sealer: sealer, mode: mode, label: label, log: nil)
  }

  init(sealer: any PacketSealer, mode: SealingMode, label: String?, log: NodeLog?) {
    self.sealer = sealer
    self.log = log
    self.label = Array((label ?? "").utf8)
    currentMode = Locked(mode)
  }

  package var mode: SealingMode {
    get { currentMode.withLock { $0 } }
    set { currentMode.withLock { $0 = newValue } }
  }

  /// What others are to know.
  var published: MemberSealing {
    let keys = sealer.keys
    return MemberSealing(mode: mode, primary: keys.primary, all: keys.all)
  }

  /// Counts what was refused; of each reason the log is told less and less often, so that nobody
  /// can fill it.
  func noteRefused(_ what: Refused, _ fault: SealFault, count: Int = 1) {
    let (before, after) = metrics.withLock { metrics in
      let before = metrics[what][fault]
      metrics[what][fault] = before + count
      return (before, before + count)
    }
    guard before.leadingZeroBitCount != after.leadingZeroBitCount else { return }
    log?.write(
      .warning,
      "refused a \(what)",
      ["reason": fault.rawValue, "count": "\(after)"]
    )
  }

  /// Says whether a packet with this head is one that the node itself has sent.
  func isOwn(_ head: SealHead) -> Bool { session.withLock { $0.isOwn(head.session) } }

  /// The head of a stream's direction, with a number that no other has.
  func nextStreamHead(_ kind: SealHead.Kind, _ key: SealingKeyID, _ sender: MemberKey) -> SealHead {
    let (id, number) = session.withLock { $0.nextStream() }
    return SealHead(kind: kind, key: key, sender: sender, session: id, number: number)
  }

  /// Puts the sealed packets in place of the plain ones, if the mode is to seal.
  package func seal(_ outbox: DatagramOutbox) {
    let count = outbox.count
    guard mode != .accept else {
      metrics.withLock { $0.packetsSentPlain += count }
      return
    }
    let key = sealer.keys.primary
    var run: SealingSession.Run?
    var sealed = 0
    var associated: [UInt8] = []
    outbox.rewrite { plain, bytes in
      guard let sender = PacketHeader.sender(of: plain) else { return false }
      if run?.sender != sender || run?.isOver == true {
        run = session.withLock { session in
          session.reserve(count - sealed, for: sender, key) {
            sealer.makeCipher(for: key, context: Seal.context(.packets, label: label, [$0]))
          }
        }
      }
      guard let cipher = run?.cipher, let head = run?.next() else { return false }
      head.write(to: &bytes)
      associated.removeAll(keepingCapacity: true)
      head.write(to: &associated)
      associated += label
      let isSealed = cipher.seal(
        plain,
        number: head.number,
        authenticating: associated.span,
        into: &bytes
      )
      if isSealed { sealed += 1 }
      return isSealed
    }
    metrics.withLock { metrics in
      metrics.packetsSealed += sealed
      metrics.packetsNotSealed += count - sealed
    }
  }
}

/// The numbers that a node gives to what it seals.
///
/// A session begins with a number of chance, so that no other session of any node, before a restart
/// or after it, derives the same keys; within it no number is given twice.
package struct SealingSession {
  /// A process that was forked off has the same memory, and must not go on where the other does.
  private let process = getpid()
  private var id = SecureRandom.number()
  private var packets: UInt64 = 0
  private var streams: UInt64 = 0
  private var cipher: (key: SealingKeyID, sender: MemberKey, cipher: any PacketCipher)?

  package init() {}

  /// Numbers for packets of one sender, taken at once so that they are sealed without a lock.
  package struct Run {
    let cipher: any PacketCipher
    let key: SealingKeyID
    let sender: MemberKey
    package let session: UInt64
    package private(set) var numbers: Range<UInt64>

    var isOver: Bool { numbers.isEmpty }

    mutating func next() -> SealHead? {
      guard let number = numbers.popFirst() else { return nil }
      return SealHead(kind: .packet, key: key, sender: sender, session: session, number: number)
    }
  }

  /// Takes `count` numbers, fewer at the end of the session; nil if there is no such key.
  package mutating func reserve(
    _ count: Int,
    for sender: MemberKey,
    _ key: SealingKeyID,
    _ makeCipher: (SealHead) -> (any PacketCipher)?
  ) -> Run? {
    renewIfNeeded()
    if cipher?.key != key || cipher?.sender != sender {
      let head = SealHead(kind: .packet, key: key, sender: sender, session: id, number: 0)
      cipher = makeCipher(head).map { (key, sender, $0) }
    }
    guard let cipher = cipher?.cipher else { return nil }
    let end = min(packets + UInt64(count), Seal.sessionLimit)
    defer { packets = end }
    return Run(cipher: cipher, key: key, sender: sender, session: id, numbers: packets..<end)
  }

  package func isOwn(_ session: UInt64) -> Bool { session == id }

  /// Takes a number for one direction of a stream.
  package mutating func nextStream() -> (session: UInt64, number: UInt64) {
    renewIfNeeded()
    defer { streams += 1 }
    return (id, streams)
  }

  private mutating func renewIfNeeded() {
    guard packets >= Seal.sessionLimit || process != getpid() else { return }
    self = SealingSession()
  }
}

/// What can be refused for want of a right seal.
enum Refused {
  case packet
  case stream
}

extension SealingMetrics {
  fileprivate subscript(what: Refused) -> Refusals {
    get { what == .packet ? refusedPackets : refusedStreams }
    set { if what == .packet { refusedPackets = newValue } else { refusedStreams = newValue } }
  }
}
