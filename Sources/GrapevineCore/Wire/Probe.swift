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

/// The body of a question from node to node, or of its answer: who holds which version of whom.
///
/// A request asks for what the receiver holds of the sender; the reply says it.
package enum Inquiry {
  /// The only topic so far: the version held of the one who asks.
  package static let versionTopic: UInt8 = 1

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
  ) throws(MalformedDatagram) -> SequenceNumber {
    let sequence = UInt32(truncatingIfNeeded: try reader.fixed(bytes, size: 4))
    guard try reader.byte(bytes) == versionTopic else { throw .unknownKind }
    guard reader.isAtEnd else { throw .malformed }
    return sequence
  }

  package static func readReply(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> (sequence: SequenceNumber, version: Version) {
    let sequence = UInt32(truncatingIfNeeded: try reader.fixed(bytes, size: 4))
    guard try reader.byte(bytes) == versionTopic else { throw .unknownKind }
    let version = try reader.varint(bytes)
    guard reader.isAtEnd else { throw .malformed }
    return (sequence, version)
  }
}
