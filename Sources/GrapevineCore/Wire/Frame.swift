/// What a frame of a stream is; the numbers are those on the wire.
package enum FrameKind: UInt8, Sendable, CaseIterable {
  case hello = 1
  case refusal = 2
  case digest = 3
  case delta = 4
  case done = 5
  case leaveAcknowledged = 6

  /// Set in the kind of a frame that the next one goes on from.
  package static let continuedFlag: UInt8 = 0x80
  package static let headerSize = 4
  /// The most bytes of a frame, its header included.
  package static let sizeLimit = 65_536
  package static let payloadLimit = sizeLimit - headerSize
}

extension FrameKind {
  /// A frame with a message's payload, or with a part of it where the next one goes on from it.
  package func frame(_ payload: ArraySlice<UInt8>, isContinued: Bool) -> [UInt8] {
    precondition(payload.count <= Self.payloadLimit, "a frame of \(payload.count) bytes")
    var frame: [UInt8] = []
    frame.reserveCapacity(Self.headerSize + payload.count)
    frame.append(rawValue | (isContinued ? Self.continuedFlag : 0))
    frame.appendFixed(UInt64(payload.count), size: 3)
    frame.append(contentsOf: payload)
    return frame
  }
}

/// What an outbound stream is opened for.
package enum StreamPurpose: UInt8, Sendable, CaseIterable {
  /// To exchange everything: a join, or what does not fit in packets.
  case sync = 1
  /// To take leave.
  case leave = 2
  /// To see whether anyone answers.
  case ping = 3
}

/// The first message in each direction.
package struct Hello: Sendable {
  package var lowestVersion: UInt8
  package var highestVersion: UInt8
  package var label: UInt32
  package var purpose: StreamPurpose
  /// A number of chance by which a process tells itself from a twin.
  package var instance: UInt64

  package init(label: UInt32, purpose: StreamPurpose, instance: UInt64) {
    lowestVersion = PacketHeader.version
    highestVersion = PacketHeader.version
    self.label = label
    self.purpose = purpose
    self.instance = instance
  }

  /// Writes the fixed part; a section with the sender's identity and standing follows.
  package func write(to bytes: inout [UInt8]) {
    bytes.append(PacketHeader.magic)
    bytes.append(lowestVersion)
    bytes.append(highestVersion)
    bytes.append(purpose.rawValue)
    bytes.appendFixed(UInt64(label), size: 4)
    bytes.appendFixed(instance, size: 8)
  }

  package static func read(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> Hello {
    guard try reader.byte(bytes) == PacketHeader.magic else { throw .wrongMagic }
    let lowest = try reader.byte(bytes)
    let highest = try reader.byte(bytes)
    guard lowest <= highest else { throw .malformed }
    guard let purpose = StreamPurpose(rawValue: try reader.byte(bytes)) else { throw .unknownKind }
    let label = UInt32(truncatingIfNeeded: try reader.fixed(bytes, size: 4))
    let instance = try reader.fixed(bytes, size: 8)
    var hello = Hello(label: label, purpose: purpose, instance: instance)
    hello.lowestVersion = lowest
    hello.highestVersion = highest
    return hello
  }
}

/// Why a stream is refused; the numbers are those on the wire.
package enum RefusalCode: UInt8, Sendable, CaseIterable {
  case busy = 1
  case wrongLabel = 2
  /// Followed by the lowest and the highest version spoken.
  case versionMismatch = 3
  /// Followed by a section with the identity and standing of who holds the caller's name.
  case nameHeld = 4
  case closing = 5
}

/// Puts a stream's bytes together into messages; holds at most one message of the largest size
/// allowed.
package struct FrameAssembler: Sendable {
  package var messageLimit: Int
  /// Whole frames taken so far.
  package private(set) var frameCount = 0
  private var buffer: [UInt8] = []
  private var message: [UInt8] = []
  private var openKind: FrameKind?

  package init(messageLimit: Int) {
    self.messageLimit = messageLimit
  }

  /// The bytes that wait for the rest of their message.
  package var heldSize: Int { buffer.count + message.count }

  /// Takes `bytes` from `offset` on, up to the end of the next message, and returns that message.
  ///
  /// Returns nil when `bytes` are used up. `offset` moves behind what was taken.
  package mutating func next(
    _ bytes: Span<UInt8>,
    _ offset: inout Int
  ) throws(MalformedDatagram) -> (kind: FrameKind, payload: [UInt8])? {
    while offset < bytes.count {
      fill(to: FrameKind.headerSize, bytes, &offset)
      guard buffer.count >= FrameKind.headerSize else { return nil }
      let isContinued = buffer[0] & FrameKind.continuedFlag != 0
      guard let kind = FrameKind(rawValue: buffer[0] & ~FrameKind.continuedFlag) else {
        throw .unknownKind
      }
      let size = Int(buffer[1]) | Int(buffer[2]) << 8 | Int(buffer[3]) << 16
      guard size <= FrameKind.payloadLimit, message.count + size <= messageLimit else {
        throw .malformed
      }
      guard openKind == nil || openKind == kind, size > 0 || !isContinued else { throw .malformed }
      fill(to: FrameKind.headerSize + size, bytes, &offset)
      guard buffer.count == FrameKind.headerSize + size else { return nil }
      message.append(contentsOf: buffer[FrameKind.headerSize...])
      buffer.removeAll(keepingCapacity: true)
      frameCount += 1
      openKind = isContinued ? kind : nil
      guard isContinued else {
        defer { message = [] }
        return (kind, message)
      }
    }
    return nil
  }

  private mutating func fill(to size: Int, _ bytes: Span<UInt8>, _ offset: inout Int) {
    let count = min(size - buffer.count, bytes.count - offset)
    guard count > 0 else { return }
    buffer.append(addingCapacity: count) { output in
      for index in offset..<(offset + count) { output.append(bytes[index]) }
    }
    offset += count
  }
}
