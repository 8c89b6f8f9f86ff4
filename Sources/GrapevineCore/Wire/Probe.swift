/// The number by which an answer finds its question.
package typealias SequenceNumber = UInt32

/// The body of a ping: who is meant, and what is held against it, if anything.
package struct Ping: Sendable {
  /// The bytes before the section.
  package static let headSize = 12

  package var sequence: SequenceNumber
  /// The member that is to answer: another that has its address now must not.
  package var target: MemberKey
  /// What is said of the target, so that it can refute it.
  package var section: Section?

  package init(sequence: SequenceNumber, target: MemberKey, section: Section? = nil) {
    self.sequence = sequence
    self.target = target
    self.section = section
  }

  /// Writes what comes before the section.
  package func writeHead(to bytes: inout [UInt8]) {
    bytes.appendFixed(UInt64(sequence), size: 4)
    bytes.appendFixed(target.rawValue, size: 8)
  }

  package static func read(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> Ping {
    let sequence = UInt32(truncatingIfNeeded: try reader.fixed(bytes, size: 4))
    let target = MemberKey(rawValue: try reader.fixed(bytes, size: 8))
    var ping = Ping(sequence: sequence, target: target)
    guard !reader.isAtEnd else { return ping }
    let section = try Section.read(bytes, &reader)
    guard reader.isAtEnd, section.key == target else { throw .malformed }
    ping.section = section
    return ping
  }
}

/// The body of a request to ping a member in the sender's place.
package struct PingRequest: Hashable, Sendable {
  package var sequence: SequenceNumber
  package var target: MemberKey

  package init(sequence: SequenceNumber, target: MemberKey) {
    self.sequence = sequence
    self.target = target
  }

  /// Writes what a ping's head says.
  package func write(to bytes: inout [UInt8]) {
    Ping(sequence: sequence, target: target).writeHead(to: &bytes)
  }

  package static func read(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> PingRequest {
    let head = try Ping.read(bytes, &reader)
    guard head.section == nil else { throw .malformed }
    return PingRequest(sequence: head.sequence, target: head.target)
  }
}

/// A question whether anyone minds that the sender takes a lock.
package struct LockRequest: Hashable, Sendable {
  package var id: LockID
  package var epoch: LockEpoch
  /// The sender holds it already: it asks one who became a member since.
  package var isHeld: Bool

  package init(id: LockID, epoch: LockEpoch, isHeld: Bool) {
    self.id = id
    self.epoch = epoch
    self.isHeld = isHeld
  }
}

/// The answer to a ``LockRequest``, with its epoch or the one that stands against it.
package struct LockReply: Hashable, Sendable {
  package var id: LockID
  package var epoch: LockEpoch
  package var answer: LockAnswer

  package init(id: LockID, epoch: LockEpoch, answer: LockAnswer) {
    self.id = id
    self.epoch = epoch
    self.answer = answer
  }
}

/// The body of a question from node to node, or of its answer: who holds which version of whom, or
/// whether a lock is free.
package enum Inquiry {
  /// The version held of the one who asks.
  package static let versionTopic: UInt8 = 1
  /// Whether a lock is free.
  package static let lockTopic: UInt8 = 2

  package enum Request: Hashable, Sendable {
    case version
    case lock(LockRequest)
  }

  package enum Reply: Hashable, Sendable {
    case version(Version)
    case lock(LockReply)
  }

  package static func write(
    _ request: LockRequest,
    _ sequence: SequenceNumber,
    to bytes: inout [UInt8]
  ) {
    writeLock(request.id, request.epoch, sequence, to: &bytes)
    bytes.append(request.isHeld ? 1 : 0)
  }

  private static func writeLock(
    _ id: LockID,
    _ epoch: LockEpoch,
    _ sequence: SequenceNumber,
    to bytes: inout [UInt8]
  ) {
    bytes.appendFixed(UInt64(sequence), size: 4)
    bytes.append(lockTopic)
    bytes.appendFixed(id.rawValue, size: 8)
    bytes.appendVarint(epoch)
  }

  package static func write(
    _ reply: LockReply,
    _ sequence: SequenceNumber,
    to bytes: inout [UInt8]
  ) {
    writeLock(reply.id, reply.epoch, sequence, to: &bytes)
    bytes.append(reply.answer.rawValue)
  }

  package static func writeRequest(sequence: SequenceNumber, to bytes: inout [UInt8]) {
    bytes.appendFixed(UInt64(sequence), size: 4)
    bytes.append(versionTopic)
  }

  package static func writeReply(
    sequence: SequenceNumber,
    version: Version,
    to bytes: inout [UInt8]
  ) {
    writeRequest(sequence: sequence, to: &bytes)
    bytes.appendVarint(version)
  }

  package static func readRequest(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> (sequence: SequenceNumber, request: Request) {
    let sequence = UInt32(truncatingIfNeeded: try reader.fixed(bytes, size: 4))
    let request: Request
    switch try reader.byte(bytes) {
    case versionTopic: request = .version
    case lockTopic:
      let (id, epoch) = try readLock(bytes, &reader)
      let flag = try reader.byte(bytes)
      guard flag <= 1 else { throw .malformed }
      request = .lock(LockRequest(id: id, epoch: epoch, isHeld: flag == 1))
    default: throw .unknownKind
    }
    guard reader.isAtEnd else { throw .malformed }
    return (sequence, request)
  }

  private static func readLock(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> (LockID, LockEpoch) {
    (LockID(rawValue: try reader.fixed(bytes, size: 8)), try reader.varint(bytes))
  }

  package static func readReply(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> (sequence: SequenceNumber, reply: Reply) {
    let sequence = UInt32(truncatingIfNeeded: try reader.fixed(bytes, size: 4))
    let reply: Reply
    switch try reader.byte(bytes) {
    case versionTopic: reply = .version(try reader.varint(bytes))
    case lockTopic:
      let (id, epoch) = try readLock(bytes, &reader)
      guard let answer = LockAnswer(rawValue: try reader.byte(bytes)) else { throw .malformed }
      reply = .lock(LockReply(id: id, epoch: epoch, answer: answer))
    default: throw .unknownKind
    }
    guard reader.isAtEnd else { throw .malformed }
    return (sequence, reply)
  }
}
